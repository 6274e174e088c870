"""Rewritten code without the branches that spare hooks, for tools that count branches."""

import dis
import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType

import pytest

import harness
from harness.instrument.code_cache import cache_key, cache_path
from harness.instrument.hook_names import ALONE
from harness.instrument.loader import InstrumentingLoader, StraightLoader
from harness.instrument.rewriter import compile_instrumented

SOURCE = """
class Counter:
    def __init__(self):
        self.value = 0

    def add(self):
        self.value = self.value + 1

def bigger(a, b):
    return a if a > b else b
"""


def names_in(code: CodeType) -> set[str]:
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= names_in(constant)
    return found


def jumps_in(code: CodeType) -> int:
    own = sum("JUMP" in one.opname and "_IF_" in one.opname for one in dis.get_instructions(code))
    return own + sum(jumps_in(one) for one in code.co_consts if isinstance(one, CodeType))


def test_no_shortcut_is_left_and_the_branches_of_the_author_are() -> None:
    quick = compile_instrumented(SOURCE, "s.py", module_name="s")
    straight = compile_instrumented(SOURCE, "s.py", module_name="s", shortcuts=False)
    assert ALONE in names_in(quick)
    assert ALONE not in names_in(straight)
    assert jumps_in(straight) < jumps_in(quick)
    assert jumps_in(straight) >= jumps_in(compile(SOURCE, "s.py", "exec")) == 1


def test_the_two_kinds_of_code_are_cached_apart() -> None:
    kinds = (InstrumentingLoader.flavour, StraightLoader.flavour)
    assert len({cache_path("s.py", flavour=kind) for kind in kinds}) == 2
    assert len({cache_key(b"", filename="s.py", flavour=kind) for kind in kinds}) == 2


@pytest.fixture
def straight_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "straight_counter.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    with harness.instrument_imports(include=["straight_counter"], shortcuts=False):
        yield importlib.import_module("straight_counter")
    del sys.modules["straight_counter"]


def test_a_race_in_such_code_is_found_as_in_any(straight_module: ModuleType) -> None:
    def body() -> None:
        counter = straight_module.Counter()
        threads = [threading.Thread(target=counter.add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert counter.value == 2

    result = harness.explore(body, strategy="dfs", executions=200)
    assert result.verdict is harness.Verdict.FAILED
    assert straight_module.bigger(3, 5) == 5

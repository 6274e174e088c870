"""Single functions and loose source, for code that was imported already."""

# ruff: noqa: S102  # running rewritten source is what is tested

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from harness.errors import ArgumentError
from harness.instrument import (
    BadSourceError,
    FunctionNotFoundError,
    NoSourceError,
    instrument_function,
    instrument_source,
)
from harness.instrument.type_facts import is_instrumented

if TYPE_CHECKING:
    from pathlib import Path


class Box:
    """Doc."""

    def __init__(self) -> None:
        self.inside = 1
        self.__hidden = 2

    def add(self, more: int = 1, *, twice: bool = False) -> int:
        """Add."""
        self.inside += more * (2 if twice else 1)
        return self.inside + self.__hidden

    def again(self) -> str:
        return super().__repr__()[:4] + __class__.__name__  # type: ignore[name-defined]


def test_function_keeps_everything_but_its_code(observe: Any) -> None:
    copy = instrument_function(Box.add)
    assert is_instrumented(copy)
    assert not is_instrumented(Box.add)
    same = ("__name__", "__qualname__", "__module__", "__doc__", "__annotations__", "__defaults__")
    assert all(getattr(copy, name) == getattr(Box.add, name) for name in same)
    assert copy.__kwdefaults__ == {"twice": False}
    box = Box()
    with observe() as journal:
        assert copy(box, 2, twice=True) == 7
    assert journal.events == [
        "read Box.inside",
        "write Box.inside",
        "read Box.inside",
        "read Box._Box__hidden",
    ]


def test_bound_method_and_class_cell() -> None:
    box = Box()
    assert instrument_function(box.again)() == box.again()
    assert instrument_function(box.add).__self__ is box  # type: ignore[attr-defined]


def test_instrumented_function_is_returned_as_it_is() -> None:
    copy = instrument_function(Box.add)
    assert instrument_function(copy) is copy


def test_closure_is_shared_with_the_original(observe: Any) -> None:
    total = 0

    def add() -> None:
        nonlocal total
        total += 1

    def look() -> int:
        return total

    copy, other = instrument_function(add), instrument_function(look)
    with observe() as journal:
        copy()
        assert other() == 1
    add()
    assert total == 2
    assert journal.events == ["read cell.total", "write cell.total", "read cell.total"]


def test_lambdas_of_one_line_are_told_apart() -> None:
    first, second = lambda: "first", lambda: "second"
    assert (instrument_function(first)(), instrument_function(second)()) == ("first", "second")
    box = Box()
    third, fourth = lambda: box.inside, lambda: box.add
    assert instrument_function(third)() == 1
    assert instrument_function(fourth)() == box.add


@pytest.mark.parametrize("value", [len, Box, 3, functools.partial(len)])
def test_what_is_no_python_function_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match="written in Python"):
        instrument_function(value)


def test_function_without_source_is_refused() -> None:
    namespace: dict[str, Any] = {"__name__": "nowhere"}
    exec(compile("def f(): pass", "<nowhere>", "exec"), namespace)
    with pytest.raises(NoSourceError, match="cannot be read"):
        instrument_function(namespace["f"])


def test_function_that_its_file_no_longer_has_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "moved.py"
    path.write_text("def f(): pass\n")
    namespace: dict[str, Any] = {"__name__": "moved", "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    path.write_text("x = 1  # a longer first line\n\n\ndef f(): pass\n")
    with pytest.raises(FunctionNotFoundError, match="changed after it was imported"):
        instrument_function(namespace["f"])


def test_source_becomes_code_for_exec(observe: Any) -> None:
    code = instrument_source("class C: n = 0\nC.n = 1\n", "loose.py", "loose")
    assert code.co_filename == "loose.py"
    with observe() as journal:
        exec(code, {"__name__": "loose"})
    assert journal.events == ["write C.n"]


@pytest.mark.parametrize(
    ("source", "message"), [("def f(:", "does not compile"), ("return 1", "outside function")]
)
def test_bad_source_is_refused_in_python_s_words(source: str, message: str) -> None:
    with pytest.raises(BadSourceError, match=message):
        instrument_source(source)


def test_source_of_another_type_is_refused() -> None:
    with pytest.raises(ArgumentError, match="str or bytes"):
        instrument_source(3)  # type: ignore[arg-type]  # what is tested


def test_very_deep_source_is_refused_in_words() -> None:
    with pytest.raises(BadSourceError, match=r"nests too deeply|does not compile"):
        instrument_source("x = " + "-" * 50_000 + "1")

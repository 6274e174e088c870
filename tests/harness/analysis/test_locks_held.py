"""Locks kept while waiting or calling out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis.locks_held import find_held_too_long

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUBJECT = """
import threading

class Registry:
    def __init__(self):
        self.lock = threading.Lock()
        self.seen = []
        self.callbacks = []

    def fire_with_the_lock(self):
        with self.lock:
            self.seen.append(1)
            for callback in self.callbacks:
                callback()

    def fire(self):
        with self.lock:
            self.seen.append(1)
            callbacks = list(self.callbacks)
        for callback in callbacks:
            callback()
"""
USER = """
import threading
from {subject} import Registry

class Heard:
    count = 0

def body(method):
    registry, heard = Registry(), Heard()

    def hear():
        heard.count += 1

    registry.callbacks.append(hear)
    threads = [threading.Thread(target=getattr(registry, method)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


@pytest.mark.programs("lock_programs", "KEPT")
def test_a_lock_kept_while_waiting_is_told(record: Any, body: Callable[[], None]) -> None:
    made = record(body, runs=20)
    found = [text for _, one in made for text in find_held_too_long(one.events, one.stacks)]
    assert found
    assert all(one.held for one in found)


@pytest.mark.programs("lock_programs", "GIVEN_BACK")
def test_no_ordinary_locking_is_accused(record: Any, body: Callable[[], None]) -> None:
    for _, one in record(body, runs=60):
        assert find_held_too_long(one.events, one.stacks) == []


@pytest.fixture
def called_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record: Any
) -> Callable[[str], list[str]]:
    """Return what tells of a registry, a module of its own, that calls back with `method`."""
    import harness  # noqa: PLC0415  # one test needs it

    (tmp_path / "held_registry.py").write_text(SUBJECT, "utf-8")
    (tmp_path / "held_user.py").write_text(USER.format(subject="held_registry"), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with harness.instrument_imports(include=["held_registry", "held_user"]):
        import held_user  # type: ignore[import-not-found]  # noqa: PLC0415  # written just now

    def run(method: str) -> list[str]:
        made = record(lambda: held_user.body(method), runs=5)
        return [
            text.message() for _, one in made for text in find_held_too_long(one.events, one.stacks)
        ]

    return run


def test_a_callback_that_runs_under_a_lock_is_told_and_one_outside_is_not(
    called_out: Callable[[str], list[str]],
) -> None:
    told = called_out("fire_with_the_lock")
    assert told
    assert all("hear, which held_registry.py was handed" in text for text in told)
    assert all("Lock#1, taken at held_registry.py:11" in text for text in told)
    assert called_out("fire") == []

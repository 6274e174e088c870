"""A step out of the running execution."""

from __future__ import annotations

import _thread
import threading

import pytest

import harness
from harness.engine import board
from harness.engine.outside import outside


def test_what_is_made_outside_is_real_and_the_execution_goes_on() -> None:
    made: list[int] = []

    def body() -> None:
        count = [0]

        def add() -> None:
            count[0] += 1

        thread = threading.Thread(target=add)
        thread.start()
        with outside():
            assert board.current() is None
            lock = threading.Lock()
            worker = threading.Thread(target=lambda: made.append(_thread.get_ident()))
            worker.start()
            worker.join()
        assert board.current() is not None
        with lock:
            add()
        thread.join()
        assert count == [2]

    result = harness.explore(body, "random", executions=200)
    assert result.verdict is harness.Verdict.FAILED, "still scheduled after the step"
    assert _thread.get_ident() not in made, "a thread of its own"


def test_an_error_outside_comes_back_into_the_execution() -> None:
    seen: list[bool] = []

    def body() -> None:
        with pytest.raises(ZeroDivisionError), outside():
            raise ZeroDivisionError
        seen.append(board.current() is not None)

    assert harness.explore(body, "random", executions=3).verdict is harness.Verdict.PASSED
    assert set(seen) == {True}

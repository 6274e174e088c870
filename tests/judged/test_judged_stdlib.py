"""Classes of the standard library: what holds under every schedule tried, and what does not."""

from __future__ import annotations

import queue
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.linearizability import Fifo
from harness.stateful import NotLinearizableError
from stress.recorded_threads import HistoryError, judge_threads, record_threads
from tests.judged.stdlib import (
    CACHE_FIGURES,
    HANDLER_FILTERS,
    RIGHT,
    WEAK_SETDEFAULT,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from stress.recorded_threads import Client
    from tests.judged.judged import Judged

QUICK = {"programs": 8, "executions": 30}


@pytest.mark.parametrize("one", RIGHT, ids=lambda one: one.name)
def test_a_class_of_the_library_holds(one: Judged) -> None:
    checked = one.check(**QUICK)
    assert checked.verdict is harness.Verdict.PASSED, checked


def test_two_threads_get_two_values_from_setdefault_of_a_weak_dictionary() -> None:
    with pytest.raises(NotLinearizableError) as caught:
        WEAK_SETDEFAULT.check(programs=30, executions=100)
    assert [call.name for call in caught.value.program.calls()] == ["setdefault", "setdefault"]
    assert "GIL:     shown" in str(caught.value.finding)


def test_a_filter_may_be_added_twice_or_removed_twice() -> None:
    with pytest.raises(NotLinearizableError) as caught:
        HANDLER_FILTERS.check(programs=60, executions=100)
    program = caught.value.program
    assert {call.name for call in program.calls()} & {"add_filter", "remove_filter"}
    assert len(program) <= 4, program


def test_what_cache_info_counts_is_not_what_the_cache_holds() -> None:
    with pytest.raises(NotLinearizableError) as caught:
        CACHE_FIGURES.check(programs=60, executions=100)
    program = caught.value.program
    assert {call.name for call in program.calls()} & {"misses", "size"}
    assert len(program) <= 4, program


# -- the classes written in C, on real threads ----------------------------------------------------


def puts_and_gets(put: Callable[[int], object], get: Callable[[], object]) -> Any:
    def work(client: Client) -> None:
        if client.chance.random() < 0.5:
            client.call("put", put, client.chance.randrange(1 << 30))
            return
        try:
            client.call("get_nowait", get)
        except (queue.Empty, IndexError):
            return

    return work


def test_simple_queue_and_deque_hold_on_real_threads() -> None:
    simple: queue.SimpleQueue[int] = queue.SimpleQueue()
    line: deque[int] = deque()
    for work in (
        puts_and_gets(simple.put, simple.get_nowait),
        puts_and_gets(line.append, line.popleft),
    ):
        history = record_threads(work, threads=4, rounds=40)
        assert judge_threads(history, Fifo()).holds


def test_a_stack_on_real_threads_is_no_queue() -> None:
    line: deque[int] = deque()
    with pytest.raises(HistoryError):
        judge_threads(
            record_threads(puts_and_gets(line.append, line.pop), threads=4, rounds=80), Fifo()
        )

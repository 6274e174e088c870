"""Programs whose number of traces is known: dpor runs each trace once, and none is blocked."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

import pytest

import harness
from harness.strategies.dpor import Dpor

if TYPE_CHECKING:
    from collections.abc import Callable


class Counter:
    def __init__(self) -> None:
        self.value = 0


def run_together(*targets: Callable[[], object]) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def racy(threads: int, increments: int) -> Callable[[], None]:
    def body() -> None:
        counter = Counter()

        def work() -> None:
            for _ in range(increments):
                counter.value += 1

        run_together(*[work] * threads)

    return body


def locked(threads: int) -> Callable[[], None]:
    def body() -> None:
        counter = Counter()
        lock = threading.Lock()

        def work() -> None:
            with lock:
                counter.value += 1

        run_together(*[work] * threads)
        assert counter.value == threads

    return body


# Mazurkiewicz traces of increments that read and then write, counted by brute force elsewhere.
RACY = {(2, 1): 4, (3, 1): 36, (2, 2): 34, (2, 3): 328, (4, 1): 576}


@pytest.mark.parametrize(("threads", "increments"), RACY)
def test_a_racy_counter_has_the_known_number_of_traces(threads: int, increments: int) -> None:
    strategy = Dpor()
    traces = RACY[threads, increments]
    result = harness.explore(racy(threads, increments), strategy=strategy, executions=1_000)
    assert (result.executions, strategy.blocked_runs) == (traces, 0)
    assert result.exhausted


@pytest.mark.parametrize("sections", [2, 3, 4, 5])
def test_sections_under_one_lock_come_in_every_order_once(sections: int) -> None:
    strategy = Dpor()
    result = harness.explore(locked(sections), strategy=strategy, executions=1_000)
    assert (result.executions, strategy.blocked_runs) == (math.factorial(sections), 0)
    assert result.exhausted


def test_a_budget_that_ends_before_the_last_trace_exhausts_nothing() -> None:
    result = harness.explore(racy(2, 3), strategy="dpor", executions=327)
    assert result.executions == 327
    assert not result.exhausted


def test_a_budget_that_ends_with_the_last_trace_exhausts_everything() -> None:
    assert harness.explore(racy(2, 3), strategy="dpor", executions=328).exhausted


def test_a_strategy_serves_a_second_search_like_the_first() -> None:
    strategy = Dpor()
    harness.explore(racy(3, 1), strategy=strategy, executions=7)
    assert harness.explore(locked(3), strategy=strategy, executions=100).executions == 6


def test_tasks_that_share_nothing_have_one_trace() -> None:
    def body() -> None:
        def work() -> None:
            own = Counter()
            own.value += 1

        run_together(work, work, work)

    result = harness.explore(body, strategy="dpor", executions=100)
    assert (result.executions, result.exhausted) == (1, True)


def test_reads_alone_have_one_trace() -> None:
    def body() -> None:
        counter = Counter()

        def work() -> None:
            assert counter.value == 0

        run_together(work, work, work)

    assert harness.explore(body, strategy="dpor", executions=100).executions == 1

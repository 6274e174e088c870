"""dpor claims no more than it ran: what it cannot answer for stands in the evidence."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest

import harness
from harness import FindingKind, Verdict
from harness.errors import ArgumentError
from harness.strategies.dpor import Dpor


class Counter:
    def __init__(self) -> None:
        self.value = 0


def racy() -> None:
    counter = SimpleNamespace(value=0)

    def work() -> None:
        for _ in range(3):
            counter.value += 1

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_bounded_search_that_left_traces_out_exhausts_nothing() -> None:
    strategy = Dpor(preemptions=1)
    result = harness.explore(racy, strategy=strategy, executions=1_000)
    assert strategy.cut
    assert not result.exhausted
    assert result.executions < 328
    assert "sequences of more than 1 preemption were left out" in result.evidence


def test_a_bound_that_leaves_nothing_out_is_no_bound() -> None:
    result = harness.explore(racy, strategy=Dpor(preemptions=20), executions=1_000)
    assert (result.executions, result.exhausted) == (328, True)


@pytest.mark.parametrize("preemptions", [-1, 1.0, True, "2"])
def test_a_bound_that_is_no_whole_number_is_refused(preemptions: Any) -> None:  # wrong
    with pytest.raises(ArgumentError, match="preemptions"):
        Dpor(preemptions)


def test_the_model_of_the_gil_is_refused() -> None:
    with pytest.raises(ArgumentError, match="dpor"):
        harness.explore(racy, strategy="dpor", model="gil")


def test_a_daemon_that_is_left_running_is_named() -> None:
    def body() -> None:
        counter = SimpleNamespace(value=0)

        def tick() -> None:
            while True:
                time.sleep(1)
                counter.value += 1

        threading.Thread(target=tick, daemon=True).start()
        assert counter.value >= 0

    result = harness.explore(body, strategy="dpor", executions=30, max_steps=2_000)
    assert not result.exhausted


def test_a_daemon_that_waits_for_ever_is_no_reason_to_doubt() -> None:
    def body() -> None:
        never = threading.Event()
        counter = SimpleNamespace(value=0)

        def serve() -> None:
            counter.value += 1
            never.wait()

        threading.Thread(target=serve, daemon=True).start()
        assert counter.value in (0, 1)

    result = harness.explore(body, strategy="dpor", executions=100)
    assert (result.executions, result.exhausted) == (2, True)


def test_what_a_daemon_does_behind_the_end_of_the_body_is_found() -> None:
    def body() -> None:
        counter = SimpleNamespace(value=0)

        def work() -> None:
            counter.value += 1
            counter.value += 1
            raise ValueError

        threading.Thread(target=work, daemon=True).start()

    result = harness.explore(body, strategy="dpor", executions=100)
    assert result.finding is not None
    assert result.finding.kind is FindingKind.EXCEPTION


def test_a_wait_of_minutes_is_no_choice_and_is_named() -> None:
    def body() -> None:
        event = threading.Event()
        thread = threading.Thread(target=event.wait, args=(600,))
        thread.start()
        event.set()
        thread.join()

    result = harness.explore(body, strategy="dpor", executions=100)
    assert not result.exhausted
    assert "a wait of minutes" in result.evidence


def test_a_function_that_calls_back_between_its_reads_is_named() -> None:
    def body() -> None:
        shared = SimpleNamespace(items=[1, 2], limit=0)

        def read() -> None:
            max(shared.items, key=lambda item: item + shared.limit)

        thread = threading.Thread(target=read)
        thread.start()
        shared.items.append(3)
        thread.join()

    result = harness.explore(body, strategy="dpor", executions=100)
    assert not result.exhausted
    assert "touches a shared list" in result.evidence


def test_a_loop_that_polls_leaves_the_search_undecided() -> None:
    def body() -> None:
        flag = SimpleNamespace(up=False)

        def raise_it() -> None:
            flag.up = True

        thread = threading.Thread(target=raise_it)
        thread.start()
        while not flag.up:
            time.sleep(1)
        thread.join()

    result = harness.explore(body, strategy="dpor", executions=50)
    assert result.verdict is Verdict.UNDECIDED


def test_a_body_that_keeps_state_between_executions_is_found_out() -> None:
    runs: list[int] = []

    def body() -> None:
        runs.append(1)
        first, second = Counter(), Counter()

        def work() -> None:
            counter = first if len(runs) % 3 else second
            counter.value += 1

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    result = harness.explore(body, strategy="dpor", executions=100)
    assert result.finding is not None
    assert result.finding.kind is FindingKind.NONDETERMINISM


def test_a_timed_wait_is_a_choice_in_both_directions() -> None:
    seen: set[bool] = set()

    def body() -> None:
        event = threading.Event()
        thread = threading.Thread(target=lambda: seen.add(event.wait(1)))
        thread.start()
        event.set()
        thread.join()

    result = harness.explore(body, strategy="dpor", executions=100)
    assert result.finding is None
    assert seen == {True, False}

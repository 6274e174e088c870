"""The strategy for many small programs: it exhausts what is small, and samples what is not."""

from __future__ import annotations

import threading

import harness
from harness.strategies.brisk import FIRST_SAMPLES, TRACES, Brisk


class Cell:
    def __init__(self) -> None:
        self.value = 0

    def add(self) -> None:
        self.value += 1


def adds(times: int) -> Cell:
    cell = Cell()

    def work() -> None:
        for _ in range(times):
            cell.add()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return cell


def test_a_small_body_is_exhausted_after_a_few_samples() -> None:
    result = harness.explore(lambda: adds(1), Brisk(0), executions=300)
    assert result.exhausted, result.evidence
    assert FIRST_SAMPLES < result.executions < FIRST_SAMPLES + TRACES


def test_a_large_body_is_sampled_and_never_called_exhausted() -> None:
    result = harness.explore(lambda: adds(60), Brisk(0), executions=60)
    assert not result.exhausted
    assert result.executions == 60
    assert result.verdict is harness.Verdict.PASSED


def test_the_same_seed_draws_the_same_and_another_one_does_not() -> None:
    def first_failure(seed: int) -> str:
        def body() -> None:
            assert adds(2).value > 3

        found = harness.explore(body, Brisk(seed)).finding
        assert found is not None
        return found.token

    assert first_failure(3) == first_failure(3)


def test_it_samples_under_the_gil_model_which_has_no_complete_search() -> None:
    result = harness.explore(lambda: adds(2), Brisk(0), executions=60, model="gil")
    assert result.executions == 60
    assert not result.exhausted

"""How long controlled executions take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from engine_figures import program

import harness

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

EXECUTIONS = 1_000


@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_1000_executions_of_two_increments(benchmark: BenchmarkFixture, strategy: str) -> None:
    body = program("two_increments")

    def campaign() -> harness.Exploration:
        return harness.explore(body, strategy=strategy, executions=EXECUTIONS)

    found = benchmark.pedantic(campaign, rounds=10, warmup_rounds=1)
    assert found.executions == EXECUTIONS


def test_every_schedule_of_two_increments(benchmark: BenchmarkFixture) -> None:
    body = program("two_increments")
    found = benchmark.pedantic(
        lambda: harness.explore(body, strategy="dfs"), rounds=5, warmup_rounds=1
    )
    assert found.verdict is harness.Verdict.PASSED


def test_one_execution_with_30_second_timeouts(benchmark: BenchmarkFixture) -> None:
    body = program("long_timeouts")
    found = benchmark(lambda: harness.explore(body, executions=1))
    assert found.executions == 1

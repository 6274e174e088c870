"""Tests of a benchmark's shape, for the profiler to run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))  # pytest's importlib mode does not

import known_costs


def expensive_setup() -> None:
    known_costs.seventy()


def test_benched(benchmark: object) -> None:
    expensive_setup()
    assert benchmark(lambda: known_costs.ten() or 3) == 3  # type: ignore[operator, func-returns-value]


def test_with_setup(benchmark: object) -> None:
    calls = []

    def setup() -> tuple[tuple[int, ...], dict[str, int]]:
        expensive_setup()
        return (len(calls),), {}

    def work(number: int) -> None:
        calls.append(number)
        known_costs.ten()

    benchmark.pedantic(work, setup=setup, rounds=3)  # type: ignore[attr-defined]
    assert calls == list(range(len(calls)))


@pytest.fixture
def prepared() -> int:
    expensive_setup()
    return 5


def test_plain(prepared: int) -> None:
    assert prepared == 5
    known_costs.ten()


def test_fails(benchmark: object) -> None:
    benchmark(known_costs.ten)  # type: ignore[operator]
    assert 1 == 2, "as it should"  # noqa: PLR0133


def test_skips() -> None:
    pytest.skip("not today")

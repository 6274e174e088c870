"""Runs one small program with real threads and under the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Callable


def _controlled(program: Callable[[], Any], *, executions: int = 30, **options: Any) -> list[Any]:
    """Return what `program` returned under each schedule; the exploration must pass."""
    results: list[Any] = []

    def body() -> None:
        results.append(program())

    for strategy in ("random", "pct"):
        explored = harness.explore(body, strategy, executions=executions, **options)
        assert explored.verdict is harness.Verdict.PASSED, str(explored)
    return results


@pytest.fixture
def controlled() -> Callable[..., list[Any]]:
    return _controlled

"""Runs bodies under strategies with nothing in between: only primitives are switching points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.campaign import Campaign

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def run_all() -> Callable[..., list[tuple[int, ...]]]:
    """Run executions until a strategy has no more; return their schedules."""

    def run(body: Any, strategy: Any, *, most: int = 100_000) -> list[tuple[int, ...]]:
        schedules: list[tuple[int, ...]] = []
        with Campaign(model="free-threaded", max_steps=20_000, body=body) as campaign:
            while len(schedules) < most and strategy.begin(len(schedules)):
                _, schedule = campaign.run(body, strategy)
                schedules.append(tuple(schedule))
        return schedules

    return run

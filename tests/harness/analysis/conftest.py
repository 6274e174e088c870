"""Runs one body once, recorded, and hands its record to an analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from harness.campaign import Campaign
from harness.engine.recorder import Recorder
from harness.explore import visible_body
from harness.strategies.random_walk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def record() -> Callable[..., list[Recorder]]:
    """Return what runs a body some times, each time under another schedule."""

    def run(
        body: Callable[[], object], *, runs: int = 1, model: str = "free-threaded"
    ) -> list[Recorder]:
        strategy = RandomWalk(0)
        made = []
        with (
            visible_body(body) as (runnable, _),
            Campaign(model=model, max_steps=5_000, body=body) as campaign,
        ):
            for number in range(runs):
                strategy.begin(number)
                recorder = Recorder()
                campaign.run(runnable, strategy, recorder=recorder)
                recorder.settle()
                made.append(recorder)
        return made

    return run

"""Uniform random walk over the tasks that could run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task

EARLY_SHARE = 0.25  # executions in which timeouts may fire early: most bugs need none


class RandomWalk:
    """Every choice is uniform over the ready tasks. One stream of `seed` for all executions."""

    __slots__ = ("_random", "early_timeouts")

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random  # noqa: S311  # reproducible, not secret
        self.early_timeouts = False

    def begin(self, execution: int) -> bool:
        """Draw whether this execution lets timeouts fire early; the first never does."""
        self.early_timeouts = execution > 0 and self._random() < EARLY_SHARE
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # Protocol
        """Return any of `ready` with the same chance."""
        return ready[int(self._random() * len(ready))]

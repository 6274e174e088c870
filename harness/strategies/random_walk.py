"""Uniform random walk over the tasks that could run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from harness.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task

EARLY_SHARE = 0.25  # executions in which timeouts may fire early: most bugs need none


class RandomWalk:
    """Every choice is uniform over the ready tasks. One stream of `seed` for all executions.

    Raises:
        ArgumentError: `seed` is not a whole number.
    """

    __slots__ = ("_random", "_stream", "early_timeouts", "seed")

    def __init__(self, seed: int) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        self.seed = seed
        self._stream = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._random = self._stream.random
        self.early_timeouts = False

    def begin(self, execution: int) -> bool:
        """Draw whether this execution lets timeouts fire early; the first never does.

        Execution 0 begins the stream anew.
        """
        if not execution:
            self._stream.seed(self.seed)
        self.early_timeouts = execution > 0 and self._random() < EARLY_SHARE
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # Protocol
        """Return any of `ready` with the same chance."""
        return ready[int(self._random() * len(ready))]

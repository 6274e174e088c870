"""Uniform random walk over the tasks that could run."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from harness.errors import ArgumentError
from harness.estimate import TreeSample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task
    from harness.estimate import Estimate

FIRST_WALKS = 512  # executions that are weighed for the estimate: it costs them a tenth
WALK_EVERY = 16  # of later ones
HUGE = 1e308  # a product of more candidates is counted as this many: the part run is 0 anyhow
EARLY_SHARE = 0.25  # executions in which timeouts may fire early: most bugs need none


class RandomWalk:
    """Every choice is uniform over the ready tasks. One stream of `seed` for all executions.

    Raises:
        ArgumentError: `seed` is not a whole number.
    """

    __slots__ = (
        "_early",
        "_early_runs",
        "_hurried",
        "_plain",
        "_plain_runs",
        "_product",
        "_random",
        "_stream",
        "_watched",
        "_weighed",
        "early_timeouts",
        "seed",
    )

    def __init__(self, seed: int) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        self.seed = seed
        self._stream = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._random = self._stream.random
        self.early_timeouts = False
        self._forget()

    def _forget(self) -> None:
        self._product = 1.0  # of the numbers of candidates in this execution
        self._weighed = False  # this execution belongs to the sample
        self._watched = False  # and timeouts may fire early in it
        self._hurried = False  # somebody could have timed out early
        self._plain_runs = self._early_runs = 0
        self._plain = TreeSample()
        self._early = TreeSample()  # of executions in which timeouts may fire early

    def begin(self, execution: int) -> bool:
        """Draw whether this execution lets timeouts fire early; the first never does.

        Execution 0 begins the stream anew.
        """
        if not execution:
            self._stream.seed(self.seed)
            self._forget()
        if self._weighed:
            self._keep_walk()
        self.early_timeouts = execution > 0 and self._random() < EARLY_SHARE
        if self.early_timeouts:
            self._early_runs += 1
        else:
            self._plain_runs += 1
        self._product = 1.0
        self._weighed = execution < FIRST_WALKS or not execution % WALK_EVERY
        self._watched = self._weighed and self.early_timeouts
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # Protocol
        """Return any of `ready` with the same chance."""
        count = len(ready)
        self._product *= count
        if self._watched:
            self._hurried = self._hurried or any(task.parked for task in ready)
        return ready[int(self._random() * count)]

    def estimate(self) -> Estimate | None:
        """Return which part of the schedules was run; those with early timeouts are not in it."""
        if self._weighed:
            self._keep_walk()
        if self._hurried:
            return self._plain.share_seen(
                self._plain_runs, of="the schedules without early timeouts"
            )
        both = TreeSample()  # nobody waited with a timeout: there is one tree
        both.merge(self._plain)
        both.merge(self._early)
        return both.share_seen(self._plain_runs + self._early_runs)

    def _keep_walk(self) -> None:
        """Take the last execution into the sample."""
        walks = self._early if self.early_timeouts else self._plain
        walks.add(math.log(min(self._product, HUGE)))
        self._weighed = False

"""Probabilistic concurrency testing (PCT).

Source: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic
guarantees of finding bugs", ASPLOS 2010, section 3: random distinct priorities, and depth - 1
change points at which the running task falls below everybody else. One execution meets a bug of
depth d with a chance of at least 1 / (n * k**(d-1)) for n tasks and k steps.

Departures: k is not given but the greatest number of choices seen so far (the first execution
learns it); a step here is a choice between at least two tasks. A task that keeps the processor for
FAIR_TURNS choices while others could run falls below them, or a loop that polls would never end.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task

FAIR_TURNS = 500  # 10x the longest run of one task in our scenarios
EARLY_SHARE = 0.25  # executions in which timeouts may fire early, as in the random walk


def hit_bound(tasks: int, steps: int, depth: int) -> float:
    """Return the least chance, 0 to 1, that one execution meets a bug of `depth`.

    Args:
        tasks: Tasks in the execution, at least 1.
        steps: Choices in the execution, at least 1; not wall time.
        depth: Ordering constraints that the bug needs, at least 1.

    Raises:
        ValueError: An argument is below 1.

    Source: Burckhardt et al., ASPLOS 2010, theorem in section 3: 1 / (n * k**(d-1)).
    """
    if min(tasks, steps, depth) < 1:
        raise ValueError(f"tasks, steps and depth start at 1, got {tasks}, {steps}, {depth}")
    return 1.0 / (tasks * float(steps) ** (depth - 1))


class Pct:
    """Random priorities with depth - 1 change points. One stream of `seed` for all executions."""

    __slots__ = (
        "_changes",
        "_depth",
        "_floor",
        "_last",
        "_length",
        "_priority",
        "_random",
        "_step",
        "_turns",
        "early_timeouts",
    )

    def __init__(self, seed: int, depth: int = 3) -> None:
        if depth < 1:
            raise ValueError(f"depth starts at 1, got {depth}")
        self._random = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._depth = depth
        self._length = 1  # the greatest number of choices seen
        self._step = 0
        self._floor = 0.0  # falls: the next task that is put last gets it
        self._turns = 0
        self._last: Task | None = None
        self._changes: set[int] = set()
        self._priority: dict[int, float] = {}
        self.early_timeouts = False

    def begin(self, execution: int) -> bool:
        """Draw new priorities and change points."""
        self._length = max(self._length, self._step)
        self._step = 0
        self._floor = 0.0
        self._turns = 0
        self._last = None
        self._priority = {}
        self.early_timeouts = execution > 0 and self._random.random() < EARLY_SHARE
        draw = self._random.random
        self._changes = {int(draw() * self._length) + 1 for _ in range(self._depth - 1)}
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the task of the greatest priority, after a change point if one is here."""
        self._step += 1
        if current is not None and (self._step in self._changes or self._turns > FAIR_TURNS):
            self._put_last(current)
        chosen = max(ready, key=self._priority_of)
        if chosen is self._last:
            self._turns += 1
        else:
            self._last = chosen
            self._turns = 0
        return chosen

    def _put_last(self, task: Task) -> None:
        self._floor -= 1.0
        self._priority[task.id] = self._floor
        self._turns = 0

    def _priority_of(self, task: Task) -> float:
        priority = self._priority.get(task.id)
        if priority is None:
            priority = self._priority[task.id] = self._random.random()
        return priority

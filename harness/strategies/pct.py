"""Probabilistic concurrency testing (PCT).

Source: Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic
guarantees of finding bugs", ASPLOS 2010, section 3: random distinct priorities, and depth - 1
change points at which the running task falls below all that have not fallen. Who has fallen stands
in an order that is drawn apart from the order in time: with the later always below the earlier,
some bugs of depth 3 would never be met. One execution meets a bug of depth d with a chance of at
least 1 / (n * k**(d-1)) for n tasks and k steps.

Departures: k is not given but the greatest number of choices in recent executions (the first one
learns it); a step here is a choice between at least two tasks. A task that keeps the processor for
FAIR_TURNS choices while others could run falls below them, or a loop that polls would never end.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from harness.errors import ArgumentError
from harness.strategies.run_length import RunLength

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
        ArgumentError: An argument is below 1; it is a ValueError, too.

    Source: Burckhardt et al., ASPLOS 2010, theorem in section 3: 1 / (n * k**(d-1)).
    """
    for name, value in (("tasks", tasks), ("steps", steps), ("depth", depth)):
        if type(value) is not int or value < 1:
            raise ArgumentError(name, value, "a whole number; they start at 1")
    try:
        return 1.0 / (tasks * float(steps) ** (depth - 1))
    except OverflowError:
        return 0.0  # below the least float


class Pct:
    """Random priorities with depth - 1 change points. One stream of `seed` for all executions.

    Raises:
        ArgumentError: An argument is not a whole number, or `depth` is below 1.
    """

    __slots__ = (
        "_changes",
        "_depth",
        "_floor",
        "_last",
        "_length",
        "_priority",
        "_random",
        "_step",
        "_stream",
        "_turns",
        "early_timeouts",
        "seed",
    )

    def __init__(self, seed: int, depth: int = 3) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        if type(depth) is not int or depth < 1:
            raise ArgumentError("depth", depth, "a whole number; depth starts at 1")
        self.seed = seed
        self._stream = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._random = self._stream.random
        self._depth = depth
        self._length = RunLength()
        self._step = 0
        self._floor = 0.0  # falls: the next task that is put last of all gets it
        self._turns = 0
        self._last: Task | None = None
        self._changes: dict[int, float] = {}  # step: the priority, below 0, that its task gets
        self._priority: list[float] = []  # by task id
        self.early_timeouts = False

    def begin(self, execution: int) -> bool:
        """Draw new priorities and change points; execution 0 begins the stream anew."""
        if not execution:
            self._stream.seed(self.seed)
            self._length.forget()
        else:
            self._length.note(self._step)
        self._step = 0
        self._floor = -float(self._depth)
        self._turns = 0
        self._last = None
        self._priority.clear()
        draw = self._random
        self.early_timeouts = execution > 0 and draw() < EARLY_SHARE
        # The places among the fallen are fixed and the points are drawn one after the other, so
        # that every order in time is as likely as any other.
        length = self._length.greatest
        self._changes = {int(draw() * length) + 1: -float(place) for place in range(1, self._depth)}
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # Protocol
        """Return the task of the greatest priority; at a change point it falls first."""
        self._step += 1
        priority = self._priority
        while len(priority) <= ready[-1].id:
            priority.append(self._random())
        chosen = _greatest(ready, priority)
        if self._step in self._changes:
            priority[chosen.id] = self._changes[self._step]
            chosen = _greatest(ready, priority)
        elif self._turns > FAIR_TURNS and chosen is self._last:
            self._floor -= 1.0
            priority[chosen.id] = self._floor
            chosen = _greatest(ready, priority)
        if chosen is self._last:
            self._turns += 1
        else:
            self._last = chosen
            self._turns = 0
        return chosen


def _greatest(ready: Sequence[Task], priority: list[float]) -> Task:
    """Return the task of the greatest priority."""
    chosen = ready[0]
    greatest = priority[chosen.id]
    for task in ready:
        mine = priority[task.id]
        if mine > greatest:
            greatest = mine
            chosen = task
    return chosen

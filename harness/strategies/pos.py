"""Partial order sampling (POS).

Source: Yuan, Yang, Gu, "Partial order aware concurrency sampling", CAV 2018, section 4: each
pending operation has a random priority and the greatest runs. The task that ran draws a new one
for its next operation, and so does everybody whose pending operation raced with the one that ran:
without that, who lost the first race on an object would be likelier to lose the next, because its
priority is known to be low. A partial order of N operations is met with a chance of at least 1/N!,
and usually far more; a random walk's falls with the length of the tasks that it must hold back.

Departure: a task that is chosen FAIR_TURNS times in a row makes everybody draw anew. A loop that
polls draws each turn against one old priority of whoever it waits for, and would keep the processor
for k turns with a chance of 1/k.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from harness.analysis.dependence import dependent
from harness.engine.board import CONTENT, READ
from harness.errors import ArgumentError
from harness.strategies.random_walk import EARLY_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Operation, Task

FAIR_TURNS = 100  # 2x the longest run of one task in our scenarios; it may go on if drawn so

_labels: dict[tuple[int | str, int | str], bool] = {}  # do two labels on one primitive race


def sampling_bound(operations: int) -> float:
    """Return the least chance, 0 to 1, that one execution follows a given partial order.

    Args:
        operations: Operations in the execution, of all tasks, at least 1.

    Raises:
        ArgumentError: `operations` is below 1; it is a ValueError, too.

    Source: Yuan et al., CAV 2018, section 5: 1/N!, which priorities that are never drawn again
    reach, times a factor that is at least 1.
    """
    if type(operations) is not int or operations < 1:
        raise ArgumentError("operations", operations, "a whole number; they start at 1")
    return math.exp(-math.lgamma(operations + 1))


class Pos:
    """Random priorities, drawn again where operations race. One stream of `seed` for all.

    Raises:
        ArgumentError: `seed` is not a whole number.
    """

    __slots__ = (
        "_last",
        "_priority",
        "_random",
        "_stream",
        "_turns",
        "early_timeouts",
        "operations",
        "seed",
    )

    def __init__(self, seed: int) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        self.seed = seed
        self._stream = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._random = self._stream.random
        self._priority: list[float] = []  # by task id
        self._last: Task | None = None
        self._turns = 0
        self.early_timeouts = False
        self.operations = True

    def begin(self, execution: int) -> bool:
        """Forget all priorities; execution 0 begins the stream anew."""
        if not execution:
            self._stream.seed(self.seed)
        self._priority.clear()
        self._last = None
        self._turns = 0
        self.early_timeouts = execution > 0 and self._random() < EARLY_SHARE
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # Protocol
        """Return whose pending operation has the greatest priority; draw what has to be drawn."""
        priority = self._priority
        while len(priority) <= ready[-1].id:
            priority.append(self._random())
        chosen = ready[0]
        greatest = priority[chosen.id]
        for task in ready:
            mine = priority[task.id]
            if mine > greatest:
                greatest = mine
                chosen = task
        if chosen is not self._last:
            self._last = chosen
            self._turns = 0
        else:
            self._turns += 1
            if self._turns > FAIR_TURNS:
                self._turns = 0
                for task in ready:
                    priority[task.id] = self._random()
        self._draw_again(ready, chosen)
        return chosen

    def _draw_again(self, ready: Sequence[Task], chosen: Task) -> None:
        """Draw for the next operation of `chosen`, and for all that race with this one."""
        priority = self._priority
        priority[chosen.id] = self._random()
        done = chosen.pending
        target = done[1]
        if target is None:
            return
        for task in ready:
            # What races is on one object; to look at that first saves nearly all of the calls.
            pending = task.pending
            if pending[1] is target and task is not chosen and race(done, pending):
                priority[task.id] = self._random()


def race(one: Operation, other: Operation) -> bool:
    """Say whether the order of two tasks' operations on one object matters.

    What `dependent` says of them: with a hundred tasks at one variable or lock it is asked a
    hundred times a step, so the common cases are answered here, and those of labels once.
    """
    kind, other_kind = one[0], other[0]
    if type(kind) is int and type(other_kind) is int:
        if kind == READ and other_kind == READ:
            return False
        key, other_key = one[2], other[2]
        return bool(key == other_key) or CONTENT in (key, other_key)
    if type(kind) is int or type(other_kind) is int:
        return dependent(one, 0, other, 1)
    known = _labels.get((kind, other_kind))
    if known is None:
        known = _labels[kind, other_kind] = dependent(one, 0, other, 1)
    return known

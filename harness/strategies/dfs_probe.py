"""Random walks down the tree of a bounded search, to estimate its size.

Uniform choices would spend the preemptions at once: the walks that keep theirs, which stand for
most of the tree, would be as rare as they are many. So a walk goes on with the current task as
often as the part of the schedules below it is, by a simple count: with R choices to go and r
preemptions left there are about S(r, R) = sum over j <= r of C(R, j) * m**j schedules, for m tasks
to switch to. A wrong count costs precision only, since a walk is weighed by the chance with which
it was made: importance sampling, as Knuth (1975, section 4) and Chen, "Heuristic sampling: a method
for predicting the performance of tree searching programs", SIAM J. Comput. 21, 1992, propose.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING

from harness.estimate import TreeSample

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.task import Task
    from harness.estimate import Estimate

    Options = Callable[[Sequence[Task], Task | None, int], list[tuple[int, int]]]


class DfsProbe:
    """A strategy whose executions are walks; for estimates only.

    Args:
        options: Returns what may be chosen, given the preemptions spent, each with its price.
        bound: Preemptions in one execution; None for no bound.
        seed: Always the same where nobody says otherwise: no second source of chance.
    """

    __slots__ = (
        "_bound",
        "_depth",
        "_options",
        "_product",
        "_random",
        "_sample",
        "_spent",
        "early_timeouts",
        "longest",
    )

    def __init__(self, options: Options, bound: int | None, seed: int = 0) -> None:
        self._options = options
        self._bound = bound
        self._random = random.Random(seed).random  # noqa: S311  # reproducible, not secret
        self._sample = TreeSample()
        self._depth = self._spent = 0
        self._product = 0.0
        self.longest = 1  # choices in one execution: the greatest number seen
        self.early_timeouts = True

    def begin(self, execution: int) -> bool:  # noqa: ARG002  # as the Protocol
        """Start a walk at the root."""
        self._depth = self._spent = 0
        self._product = 0.0
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return one of the tasks that the search would try here."""
        options = self._options(ready, current, self._spent)
        ratio = self._ratio(sum(cost for _, cost in options))
        self._depth += 1
        weights = [ratio if cost else 1.0 for _, cost in options]
        chosen = self._drawn(weights)
        self._product += math.log(sum(weights) / weights[chosen])
        wanted, cost = options[chosen]
        self._spent += cost
        return next(task for task in ready if task.id == wanted)

    def _drawn(self, weights: Sequence[float]) -> int:
        """Return the place of one of them, each with a chance after its weight."""
        left = self._random() * sum(weights)
        for place, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return place
        return len(weights) - 1

    def end(self) -> None:
        """Take the walk into the sample."""
        self._sample.add(self._product)
        self.longest = max(self.longest, self._depth)

    def share_of(self, done: int) -> Estimate | None:
        """Return which part of the tree `done` schedules are."""
        return self._sample.share_of(done)

    def _ratio(self, others: int) -> float:
        """Return how many schedules there are below a preemption for one without it."""
        if self._bound is None or not others:
            return 1.0
        left = self._bound - self._spent
        to_go = max(self.longest - self._depth - 1, 2)
        return schedules(left - 1, to_go, others) / schedules(left, to_go, others)


def schedules(preemptions: int, choices: int, others: int) -> float:
    """Return roughly how many schedules have at most so many preemptions."""
    term = total = 1.0
    for number in range(1, preemptions + 1):
        term *= others * max(choices - number + 1, 0) / number
        total += term
    return total

"""Reads-from fuzzing (RFF).

Source: Wolff, Shi, Duck, Mathur, Roychoudhury, "Greybox Fuzzing for Concurrency Testing", ASPLOS
2024. Executions that agree on who reads from whom behave alike, so the search walks over abstract
schedules, small sets of wishes about that relation, and learns from what each run of one showed
(`abstract_schedules`). An execution is steered towards its wishes (`constraints`); among those that
they leave equal, partial order sampling decides (Yuan, Yang, Gu, CAV 2018): a random priority for
each operation, drawn anew when an operation was performed that it cannot be swapped with.

Departures beside those of the two modules: constraints that have held somebody back for too long
are given up, and a task that is chosen FAIR_TURNS times in a row makes everybody draw anew, or a
loop that polls might never end.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from harness.errors import ArgumentError
from harness.strategies.abstract_schedules import EMPTY, Corpus
from harness.strategies.constraints import Pursuit
from harness.strategies.reads_from import ReadsFrom

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.ending import Ending
    from harness.engine.task import Task

EARLY_SHARE: Final = 0.25  # executions in which timeouts may fire early, as in the random walk
PLAIN_SHARE: Final = 0.05  # executions without a wish: what no wish leads to
FAIR_TURNS: Final = 500  # 10x the longest run of one task in our scenarios
PATIENCE: Final = 200  # choices under constraints, beside twice the length of other executions


class Rff:
    """Feedback-driven search over reads-from constraints. One stream of `seed` for all executions.

    Attributes:
        learned: The last execution showed something new.

    Args:
        feedback: Learn from what executions show; False is for comparison only.

    Raises:
        ArgumentError: `seed` is not a whole number.
    """

    __slots__ = ("_corpus", "_feedback", "_last", "_left", "_length", "_pursuit", "_random",
                 "_schedule", "_turns", "early_timeouts", "learned", "operations", "relation",
                 "seed")  # fmt: skip

    def __init__(self, seed: int, *, feedback: bool = True) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        self.seed = seed
        self.operations = True
        self.early_timeouts = False
        self._feedback = feedback
        self._random = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._start()

    def _start(self) -> None:
        self.relation = ReadsFrom()
        self._corpus = Corpus(self.relation, self._random, feedback=self._feedback)
        self._schedule = EMPTY
        self._pursuit = Pursuit(EMPTY, self.relation, once=True)
        self._length = 0  # operations of the longest execution without a wish
        self.learned = False
        self._left = 0  # choices under constraints that are left before they are dropped
        self._last: Task | None = None
        self._turns = 0  # how often it was chosen in a row

    def begin(self, execution: int) -> bool:
        """Choose an abstract schedule; execution 0 begins anew and has none."""
        if not execution:
            self._random.seed(self.seed)
            self._start()
        draw = self._random.random
        self.early_timeouts = execution > 0 and draw() < EARLY_SHARE
        plain = not execution or draw() < PLAIN_SHARE
        self._schedule = EMPTY if plain else self._corpus.choose()
        once = draw() < 0.5  # noqa: PLR2004  # a coin
        self._pursuit = Pursuit(self._schedule, self.relation, once=once)
        self._left = 2 * self._length + PATIENCE
        self._last = None
        self._turns = 0
        self.relation.begin()
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # Protocol; the hot path
        """Return who the constraints want first, or else holds the greatest priority."""
        relation, pursuit, draw = self.relation, self._pursuit, self._random.random
        steps, clock, concerned = relation.steps, relation.clock, pursuit.concerned
        unfair = self._turns > FAIR_TURNS
        chosen = ready[0]
        greatest = -9.0
        steered = False
        for task in ready:
            step = steps.get(task.id)
            if step is None or step.operation is not task.pending:
                step = relation.look(task)
                pursuit.reached(step)
                step.priority = draw()
                step.drawn = clock
            else:
                # What was done since that this cannot be swapped with; an access of the whole
                # content counts for an attribute only where it writes.
                where = step.location
                if where is not None and (
                    (where.raced if step.writes else where.written) > step.drawn
                    or where.content.stamp > step.drawn
                    or unfair
                ):
                    step.priority = draw()
                    step.drawn = clock
            rank = step.priority
            if step.event in concerned:
                bias = pursuit.bias(step, task.id)
                steered = steered or bias != 0
                rank += bias
            if rank > greatest:
                greatest = rank
                chosen = task
        if steered:
            self._note_steering()
        if chosen is not self._last or unfair:
            self._last = chosen
            self._turns = 0
        else:
            self._turns += 1
        return chosen

    def _note_steering(self) -> None:
        """Give the constraints up when they have held somebody back for too long.

        A loop that polls what is held back would never end.
        """
        self._left -= 1
        if self._left <= 0:
            self._pursuit.drop()

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: ARG002, FBT001  # Protocol
        """Note who reads from whom."""
        self._pursuit.performed(*self.relation.perform(task))

    def finish(self, tasks: Sequence[Task], ending: Ending) -> None:  # noqa: ARG002  # Protocol
        """Learn from the execution."""
        self.relation.finish()
        self.learned = self._corpus.note(self._schedule)
        if not self._schedule:
            self._length = max(self._length, self.relation.clock)

    def attend(self) -> None:
        """Prepare to be told, by `perform` and `finish`, of an execution of another strategy."""
        self._schedule = EMPTY
        self._pursuit = Pursuit(EMPTY, self.relation, once=True)
        self.relation.begin()

"""Constraints on the reads-from relation, and how a running execution is steered towards them.

Source: Wolff et al., "Greybox Fuzzing for Concurrency Testing", ASPLOS 2024, sections 3 and 4: a
constraint says that a read takes its value from a given write, or that it does not. To wait until
both are possible at once would hardly ever meet one, so each is pursued ahead of time: the read is
held back until the write has come, other writes are held back until the read has come, and whoever
completes the pair goes first. What is held back runs when nothing else can.

Departures: the initial value is a write like any other, which has come from the start; where a
constraint stands is read off the locations (who wrote each last) and not kept in a state machine,
so one constraint serves any number of objects at once; one may hold for its first read only, as in
the paper, or for every one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.strategies.abstract_event import INITIAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.strategies.reads_from import ReadsFrom, Step

FIRST: Final = 1  # a bias: before everybody else
HELD: Final = -1  # only when nobody else can run


@dataclass(frozen=True, slots=True)
class Constraint:
    """`read` takes its value from `write`, or, if not `positive`, from anything else."""

    write: int
    read: int
    positive: bool = True

    def negated(self) -> Constraint:
        """Return the opposite."""
        return Constraint(self.write, self.read, not self.positive)


class Pursuit:
    """The constraints of one execution, as far as they are still to be met.

    Args:
        once: A constraint is done with when it was met for the first time.
    """

    __slots__ = ("_by_event", "_once", "_reads", "_waiting", "met")

    def __init__(
        self, constraints: Iterable[Constraint], relation: ReadsFrom, *, once: bool
    ) -> None:
        self.met: set[Constraint] = set()
        self._once = once
        self._waiting: dict[int, int] = {}  # event: tasks that are about to read so
        self._by_event: dict[int, list[Constraint]] = {}
        self._reads: dict[int, list[Constraint]] = {}
        for constraint in constraints:
            self._reads.setdefault(constraint.read, []).append(constraint)
            rivals = relation.rivals.get(constraint.read, ())
            for event in {constraint.read: None, constraint.write: None, **dict.fromkeys(rivals)}:
                self._by_event.setdefault(event, []).append(constraint)

    @property
    def concerned(self) -> dict[int, list[Constraint]]:
        """The events on which a constraint may have a bias."""
        return self._by_event

    def drop(self) -> None:
        """Give up: nothing is held back any more."""
        self._by_event.clear()

    def reached(self, step: Step) -> None:
        """Note that a task is about to do something."""
        if step.event in self._reads:
            self._waiting[step.event] = self._waiting.get(step.event, 0) + 1
            step.awaited = True

    def performed(self, step: Step, pair: tuple[int, int] | None) -> None:
        """Note that a task does it.

        Args:
            pair: What it read and from where, if it read what another task or nobody wrote.
        """
        constraints = self._reads.get(step.event)
        if constraints is None:
            return
        if step.awaited:
            self._waiting[step.event] -= 1
        if pair is None:
            return
        for constraint in constraints:
            if constraint.positive == (pair[0] == constraint.write):
                self.met.add(constraint)
                if self._once:
                    self._forget(constraint)

    def _forget(self, constraint: Constraint) -> None:
        for constraints in self._by_event.values():
            if constraint in constraints:
                constraints.remove(constraint)

    def bias(self, step: Step, task: int) -> int:
        """Return `FIRST`, `HELD`, or 0 where the constraints want nothing or contradictory things.

        Args:
            task: The id of the task whose step it is.
        """
        first = held = False
        for constraint in self._by_event.get(step.event, ()):
            wish = self._wish(constraint, step, task)
            first = first or wish == FIRST
            held = held or wish == HELD
        return FIRST * first + HELD * held

    def _wish(self, constraint: Constraint, step: Step, task: int) -> int:
        location = step.location
        if location is None:
            return 0
        source = location.source()
        in_place = source.writer == constraint.write and source.task != task
        if not constraint.positive:
            return self._wish_against(constraint, step, in_place=in_place)
        if step.event == constraint.read and step.reads:
            if in_place:
                return FIRST
            return 0 if constraint.write == INITIAL else HELD
        if step.event == constraint.write:
            return 0 if in_place or not self._waiting.get(constraint.read) else FIRST
        return HELD if source.writer == constraint.write else 0

    def _wish_against(self, constraint: Constraint, step: Step, *, in_place: bool) -> int:
        if step.event == constraint.read and step.reads:
            return HELD if in_place else FIRST
        if step.event == constraint.write:
            return HELD
        return FIRST if in_place and self._waiting.get(constraint.read) else 0

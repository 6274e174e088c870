"""The abstract schedules that `rff` keeps, changes and chooses from.

Source: Wolff et al., ASPLOS 2024, section 3: an abstract schedule is a set of reads-from
constraints; what shows a new behaviour is kept, and mutated by inserting, deleting, swapping or
negating a constraint. Which one is mutated next and how often follows AFLFast's cut-off exponential
schedule (Böhme, Pham, Roychoudhury, CCS 2016, section 4): nothing while its behaviour is more
frequent than the average, otherwise twice as much each time it is chosen.

Departure: a pair that could happen and has not been seen is tried on its own first, a few times at
most, beside what led to its read before. The paper leaves that to mutation; a program of 100
threads and four lines has few such pairs, and one of them is often the bug. And what an execution
showed for the first time is added to the schedule that is kept, so that it is shown again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.strategies.constraints import Constraint

if TYPE_CHECKING:
    import random

    from harness.strategies.reads_from import Pair, ReadsFrom

AbstractSchedule = frozenset[Constraint]
EMPTY: Final[AbstractSchedule] = frozenset()

MAX_KEPT: Final = 500  # abstract schedules; older ones of frequent behaviour make room
MAX_BEHAVIOURS: Final = 20_000  # of which it is known how often they were seen
MAX_ENERGY: Final = 16  # mutations of one schedule in a row
MAX_CONSTRAINTS: Final = 8  # in one schedule: more can hardly be met at once
TRIES: Final = 6  # of an unseen pair on its own
AGAIN: Final = (0.9, 0.4, 0.2, 0.2, 0.2, 0.2)


class _Kept:
    """An abstract schedule, and the behaviour for which it was kept."""

    __slots__ = ("behaviour", "chosen", "reads", "schedule")

    def __init__(
        self, schedule: AbstractSchedule, *, behaviour: int, reads: frozenset[int]
    ) -> None:
        self.schedule = schedule
        self.behaviour = behaviour
        self.reads = reads
        self.chosen = 0


class Corpus:
    """What was learned of a program so far.

    Args:
        feedback: Learn from what executions show; without it, every schedule is made from nothing.
    """

    __slots__ = ("_feedback", "_frequency", "_kept", "_left", "_next", "_random", "_relation",
                 "_runs", "_seen", "_tries")  # fmt: skip

    def __init__(self, relation: ReadsFrom, rng: random.Random, *, feedback: bool = True) -> None:
        self._relation = relation
        self._random = rng
        self._feedback = feedback
        self._seen: dict[Pair, int] = {}  # a pair, and the most it happened in one execution
        self._frequency: dict[int, int] = {}  # by the hash of the pairs: one may have thousands
        self._runs = 0
        self._kept: list[_Kept] = []
        self._next = 0
        self._left = 0  # mutations of the current one
        self._tries: dict[Pair, int] = {}

    def note(self, schedule: AbstractSchedule) -> bool:
        """Learn from the execution that `schedule` gave; say whether it showed something new.

        New is a pair, more of a pair than before, or a combination of pairs.
        """
        relation = self._relation
        if not self._feedback:
            return False
        novel: list[Pair] = []
        for pair, count in relation.pairs.items():
            rank = count.bit_length()
            if rank > self._seen.get(pair, 0):
                self._seen[pair] = rank
                novel.append(pair)
        behaviour = hash(frozenset(relation.pairs))
        self._runs += 1
        times = self._frequency.get(behaviour, 0)
        if times or len(self._frequency) < MAX_BEHAVIOURS:
            self._frequency[behaviour] = times + 1
        if novel or not times:
            self._keep(schedule, novel, behaviour)
        return bool(novel) or not times

    def _keep(self, schedule: AbstractSchedule, novel: list[Pair], behaviour: int) -> None:
        """Keep a schedule; what it showed for the first time, it shall show again."""
        if len(schedule) + len(novel) <= MAX_CONSTRAINTS:
            for pair in novel:
                schedule = _with(schedule, Constraint(*pair))
        if len(self._kept) >= MAX_KEPT:
            self._kept.remove(max(self._kept, key=self._times))
            self._next %= len(self._kept)
        reads = frozenset(read for _, read in self._relation.pairs)
        self._kept.append(_Kept(schedule, behaviour=behaviour, reads=reads))

    def _times(self, kept: _Kept) -> int:
        return self._frequency.get(kept.behaviour, 0)

    def choose(self) -> AbstractSchedule:
        """Return the abstract schedule to run next."""
        if not self._relation.candidates:
            return EMPTY
        unseen = self._unseen() if self._feedback else None
        if unseen is not None:
            return _with(self._leading_to(unseen[1]), Constraint(*unseen))
        if not self._kept:
            return self._mutated(EMPTY)
        return self._mutated(self._base())

    def _unseen(self) -> Pair | None:
        """Return a pair to try that could happen and was not seen, one of the least tried."""
        left: list[Pair] = []
        fewest = TRIES
        for pair in self._relation.candidates:
            if pair not in self._seen:
                tries = self._tries.get(pair, 0)
                if tries < fewest:
                    left.clear()
                    fewest = tries
                if tries == fewest < TRIES:
                    left.append(pair)
        if not left or self._random.random() >= AGAIN[fewest]:
            return None
        pair = left[int(self._random.random() * len(left))]
        self._tries[pair] = fewest + 1
        return pair

    def _leading_to(self, read: int) -> AbstractSchedule:
        """Return a kept schedule under which a read was reached: one of the rarest behaviours."""
        leading = [kept for kept in self._kept if read in kept.reads]
        if not leading or self._random.random() < 0.5:  # noqa: PLR2004  # a coin
            return EMPTY
        one, other = (leading[int(self._random.random() * len(leading))] for _ in range(2))
        return min(one, other, key=self._times).schedule

    def _base(self) -> AbstractSchedule:
        """Return the kept schedule whose turn it is."""
        if not self._kept:
            return EMPTY
        if not self._left:
            self._advance()
        self._left -= 1
        return self._kept[self._next].schedule

    def _advance(self) -> None:
        average = self._runs / len(self._frequency)
        for _ in range(len(self._kept)):
            self._next = (self._next + 1) % len(self._kept)
            kept = self._kept[self._next]
            if self._times(kept) <= average:
                break
        kept = self._kept[self._next]
        self._left = min(1 << kept.chosen, MAX_ENERGY)
        kept.chosen += 1

    def _mutated(self, schedule: AbstractSchedule) -> AbstractSchedule:
        draw = self._random.random
        while True:
            schedule = self._mutated_once(schedule)
            if draw() < 0.5:  # noqa: PLR2004  # two mutations on average
                return schedule

    def _mutated_once(self, schedule: AbstractSchedule) -> AbstractSchedule:
        draw = self._random.random
        inside = sorted(schedule, key=_order)
        place = int(draw() * 4)
        victim = inside[int(draw() * len(inside))] if inside else None
        if victim is None or (place == 0 and len(inside) < MAX_CONSTRAINTS):
            return _with(schedule, self._fresh())
        if place <= 1:
            return _with(schedule - {victim}, self._fresh())
        if place == 2:  # noqa: PLR2004  # delete
            return schedule - {victim}
        return _with(schedule - {victim}, victim.negated())

    def _fresh(self) -> Constraint:
        """Return a new constraint: of two candidates the one that was seen less often."""
        draw = self._random.random
        candidates = list(self._relation.candidates)
        one, other = (candidates[int(draw() * len(candidates))] for _ in range(2))
        pair = min(one, other, key=lambda pair: self._seen.get(pair, 0))
        return Constraint(*pair, positive=draw() < 0.75)  # noqa: PLR2004  # one in four says not


def _with(schedule: AbstractSchedule, constraint: Constraint) -> AbstractSchedule:
    """Add a constraint, and leave out what contradicts it: a read has one source."""
    kept = [
        other
        for other in schedule
        if other != constraint.negated()
        and not (constraint.positive and other.positive and other.read == constraint.read)
    ]
    return frozenset([*kept, constraint])


def _order(constraint: Constraint) -> tuple[int, int, bool]:
    return constraint.write, constraint.read, constraint.positive

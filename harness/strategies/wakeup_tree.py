"""Wakeup trees: the beginnings of traces that are still to be run.

A *sequence* is what could have happened after some prefix: events of the execution that just ended,
and at its end the operation that raced. A task is a *weak initial* of a sequence if the sequence
can be reordered, without a difference, so that the task goes first; it need not occur in it. Before
a sequence is added, the tree is followed as long as one of its branches is a weak initial of what
is left: two sequences that can be extended to the same trace share a branch, so that no trace is
run twice, and the branch that is run keeps every sleeping task from going first.

Branches outlive the execution that they were found in, and live objects do not. A touch of a branch
names its object by the first event of the sequence, or of the prefix, that touched it. Where that
does not tell, two objects of one type may be the same: that errs on the side of dependence, and
costs at most a redundant execution.

Source: Abdulla, Aronis, Jonsson, Sagonas, "Source sets: a foundation for optimal dynamic partial
order reduction", JACM 64(4), 2017, section 6: weak initials, insert[E](w, <B, <>).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from harness.analysis.dependence import Touch, collide, overlap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.strategies.dpor_races import Race
    from harness.strategies.dpor_trace import Trace


class Name(NamedTuple):
    """What stands for an object from one execution to the next.

    Attributes:
        pid: The task whose event touched it first; -1: `event` counts from the start of the prefix.
        event: Which of the task's events that was.
        place: Which of that event's touches.
        kind: The object's type.
    """

    pid: int
    event: int
    place: int
    kind: type


NamedTouch = tuple[Any, Any, Any]  # as Touch, but the thing may be a Name


class Branch:
    """One event of sequences to be run, and what may follow it."""

    __slots__ = ("below", "pid", "touches")

    def __init__(self, pid: int, touches: tuple[NamedTouch, ...] = ()) -> None:
        self.pid = pid
        self.touches = touches
        self.below: list[Branch] = []


class Step(NamedTuple):
    """One event of a sequence.

    Attributes:
        mark: Its bit in sets of events.
        past: What came before it.
    """

    pid: int
    ordinal: int
    touches: tuple[Touch, ...]
    mark: int
    past: int


class Wakeup:
    """What may happen after the first `depth` events of an execution, in another order than it did.

    Attributes:
        vague: How often two objects had to be taken for the same because nobody could tell.
    """

    __slots__ = ("_clock", "_met", "_trace", "depth", "steps", "vague")

    def __init__(self, trace: Trace, past: list[int], race: Race, *, clock: bool) -> None:
        self._trace = trace
        self._clock = clock
        self._met: dict[tuple[int, int], tuple[Touch, ...]] = {}  # events that were followed
        self.depth = race.event
        self.vague = 0
        first = 1 << race.event
        steps = self.steps = [
            Step(
                trace.pids[index],
                trace.ordinals[index],
                trace.touches[index],
                1 << index,
                past[index],
            )
            for index in range(race.event + 1, len(trace.pids))
            if not past[index] & first
        ]
        before = race.past
        for step in steps:
            if collide(step.touches, race.touches, clock=clock):
                before |= step.past
        mark = 1 << len(trace.pids)
        steps.append(Step(race.pid, race.ordinal, race.touches, mark, before | mark))

    # -- weak initials -----------------------------------------------------------------------------

    def position(self, pid: int) -> int:
        """Return where a task first occurs; -1 if it does not."""
        for place, step in enumerate(self.steps):
            if step.pid == pid:
                return place
        return -1

    def may_begin_with(self, pid: int, touches: Iterable[Touch]) -> bool:
        """Say whether a task is a weak initial.

        Args:
            touches: What it would touch next, for a task that does not occur.
        """
        earlier = 0
        for step in self.steps:
            if step.pid == pid:
                return not step.past & earlier
            earlier |= step.mark
        return not any(collide(step.touches, touches, clock=self._clock) for step in self.steps)

    def _may_follow(self, branch: Branch) -> bool:
        if self.position(branch.pid) >= 0:
            return self.may_begin_with(branch.pid, ())
        exact, vague = self._resolve(branch.touches)
        if not self.may_begin_with(branch.pid, exact):
            return False
        if any(self._may_touch(name, key, how) for name, key, how in vague):
            self.vague += 1
            return False
        return True

    def _follow(self, branch: Branch) -> None:
        place = self.position(branch.pid)
        if place >= 0:
            step = self.steps.pop(place)
            self._met[step.pid, step.ordinal] = step.touches

    # -- names -------------------------------------------------------------------------------------

    def _resolve(
        self, touches: tuple[NamedTouch, ...]
    ) -> tuple[list[Touch], list[tuple[Name, Any, Any]]]:
        """Return the touches whose things this execution knows, and the others."""
        exact: list[Touch] = []
        vague: list[tuple[Name, Any, Any]] = []
        for thing, key, how in touches:
            if not isinstance(thing, Name):
                exact.append((thing, key, how))
                continue
            if thing.pid < 0:
                met: tuple[Touch, ...] | None = self._trace.touches[thing.event]
            else:
                met = self._met.get((thing.pid, thing.event))
            if met is not None and thing.place < len(met):
                exact.append((met[thing.place][0], key, how))
            else:
                vague.append((thing, key, how))
        return exact, vague

    def _may_touch(self, name: Name, key: Any, how: Any) -> bool:  # noqa: ANN401  # parts of a touch
        """Say whether the sequence may touch an object that has no name here."""
        trace = self._trace
        for step in self.steps:
            for thing, key_2, how_2 in step.touches:
                if (
                    isinstance(thing, int)
                    and thing >= 0
                    and (how or how_2)
                    and overlap(key, key_2)
                    and trace.kinds[thing] is name.kind
                    and trace.first_touch.get(thing, self.depth) >= self.depth
                ):
                    return True
        return False

    def _named(self) -> list[Branch]:
        """Return the sequence as branches, its objects named."""
        trace = self._trace
        names: dict[int, Name] = {}
        for (pid, ordinal), touches in self._met.items():
            self._note_names(names, pid, ordinal, touches)
        made = []
        for step in self.steps:
            self._note_names(names, step.pid, step.ordinal, step.touches)
            named: list[NamedTouch] = []
            for thing, key, how in step.touches:
                if not isinstance(thing, int) or thing < 0:
                    named.append((thing, key, how))
                    continue
                first = trace.first_touch.get(thing, self.depth)
                if first < self.depth:
                    place = place_of(trace.touches[first], thing)
                    named.append((Name(-1, first, place, trace.kinds[thing]), key, how))
                else:
                    named.append((names[thing], key, how))
            made.append(Branch(step.pid, tuple(named)))
        return made

    def _note_names(
        self, names: dict[int, Name], pid: int, ordinal: int, touches: tuple[Touch, ...]
    ) -> None:
        for place, (thing, _, _) in enumerate(touches):
            if isinstance(thing, int) and thing >= 0 and thing not in names:
                names[thing] = Name(pid, ordinal, place, self._trace.kinds[thing])

    # -- the tree ----------------------------------------------------------------------------------

    def add_to(self, branches: list[Branch]) -> bool:
        """Add the sequence to a tree, unless what is there already covers it.

        Args:
            branches: Those at the root that are still to be run.
        """
        while True:
            for branch in branches:
                if self._may_follow(branch):
                    break
            else:
                break
            self._follow(branch)
            if not branch.below or not self.steps:
                return False
            branches = branch.below
        for branch in self._named():
            branches.append(branch)
            branches = branch.below
        return True


def place_of(touches: tuple[Touch, ...], thing: int) -> int:
    """Return which of an event's touches is that of a thing."""
    for place, touch in enumerate(touches):
        if touch[0] == thing:
            return place
    return len(touches)

"""Happens-before in one execution, and the races in it.

The relation is kept as one whole number an event: bit i says that event i came before it. A union
of such sets is one machine operation for programs that can be searched to their end, far below
what a loop over a vector clock costs in Python.

Source: Abdulla, Aronis, Jonsson, Sagonas, "Source sets: a foundation for optimal dynamic partial
order reduction", JACM 64(4), 2017: reversible races in section 4, operations that can be disabled
in section 8. What waits for ever at the end of an execution takes part in races as well, as an
event that never came: without it an order that deadlocks first would hide the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from harness.analysis.dependence import ASIDE_DEPENDENT, CLOCK, Touch
from harness.engine.board import CONTENT
from harness.strategies.dpor_waits import GIVES_UP, MAY_WAIT, Wait, wait_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.engine.task import Task
    from harness.strategies.dpor_trace import Trace


class Race(NamedTuple):
    """An operation that could have come before an earlier event.

    Attributes:
        event: The earlier one.
        pid: Who does the operation.
        ordinal: Which of its task's events it is.
        touches: What it touches where it is done before `event`.
        past: What came before it because of its own task.
    """

    event: int
    pid: int
    ordinal: int
    touches: tuple[Touch, ...]
    past: int


class _Seen:
    """Who touched one thing last."""

    __slots__ = ("changes", "looks", "turns")

    def __init__(self) -> None:
        self.changes: dict[Any, int] = {}  # by key
        self.looks: dict[Any, list[int]] = {}  # since the last change, by key
        self.turns: list[int] = []  # every change of a primitive: who waits looks back

    def against(self, key: Any, how: bool | str) -> list[int]:  # noqa: ANN401, FBT001  # any key
        """Return the last events that a touch does not commute with."""
        if key == CONTENT:
            found = list(self.changes.values())
            if how:
                for looks in self.looks.values():
                    found += looks
            return found
        found = [self.changes[other] for other in (key, CONTENT) if other in self.changes]
        if how:
            found += self.looks.get(key, ())
            found += self.looks.get(CONTENT, ())
        return found

    def enter(self, event: int, key: Any, how: bool | str) -> None:  # noqa: ANN401, FBT001  # as above
        """Note a touch."""
        if not how:
            self.looks.setdefault(key, []).append(event)
        elif key == CONTENT:
            self.changes = {key: event}
            self.looks = {}
        else:
            self.changes[key] = event
            self.looks.pop(key, None)


class Races:
    """Finds the races of one execution after the other; what they share is not computed again.

    Args:
        trace: Its events, replaced by those of the next execution.
    """

    __slots__ = ("_aside", "_latest", "_seen", "_trace", "clock", "past")

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.clock = False  # the clock's state is part of the outcome
        self.past: list[int] = []  # by event: what came before it, and itself
        self._clear()

    def _clear(self) -> None:
        self._seen: dict[int | str, _Seen] = {}
        self._aside: dict[tuple[str, str], list[int]] = {}
        self._latest: dict[int, int] = {}  # by task: the past of its last event

    def find(self, fresh: int) -> list[Race]:
        """Return the races whose later operation is event `fresh` or one behind it."""
        self._clear()
        trace, past, latest = self._trace, self.past, self._latest
        del past[fresh:]
        for index in range(fresh):
            self._enter(index)
            latest[trace.pids[index]] = past[index]
        races: list[Race] = []
        for index in range(fresh, len(trace.pids)):
            pid = trace.pids[index]
            base = self._past_of(pid)
            touches = trace.touches[index]
            against = self._against(touches)
            mine = base | 1 << index
            for event in against:
                mine |= past[event]
            past.append(mine)
            latest[pid] = mine
            if against:
                ordinal = trace.ordinals[index]
                wait = trace.waits.get(index)
                if wait is None:
                    races += [
                        Race(event, pid, ordinal, touches, base)
                        for event in self._direct(against, base)
                    ]
                else:
                    races += self._of_wait(wait, pid, ordinal, base, touches, against)
            self._enter(index)
        return races

    def find_left(self, left: Iterable[tuple[Task, int]]) -> list[Race]:
        """Return the races of what tasks that have not ended would do next; call `find` first."""
        races: list[Race] = []
        for task, pid in left:
            base = self._past_of(pid)
            ordinal = self._trace.ordinal_of_next(pid)
            touches = self._trace.touched_by(task.pending)
            kind = task.pending[0]
            if kind in MAY_WAIT or kind == GIVES_UP:
                wait = wait_of(task, self._trace.number(task.pending[1]))
                against = [] if task.waiting_on is not None else self._against(touches)
                races += self._of_wait(wait, pid, ordinal, base, touches, against)
            else:
                races += [
                    Race(event, pid, ordinal, touches, base)
                    for event in self._direct(self._against(touches), base)
                ]
        return races

    def _past_of(self, pid: int) -> int:
        """Return what came before the next event of a task because of the task alone."""
        known = self._latest.get(pid)
        if known is None:
            born = self._trace.born[pid]
            known = self.past[born] if born >= 0 else 0
        return known

    def _against(self, touches: tuple[Touch, ...]) -> list[int]:
        """Return the last events that these touches do not commute with."""
        found: list[int] = []
        for thing, key, how in touches:
            if isinstance(thing, str):
                if self.clock or thing != CLOCK:
                    found += self._against_aside(thing, how)
            else:
                seen = self._seen.get(thing)
                if seen is not None:
                    found += seen.against(key, how)
        return found

    def _against_aside(self, thing: str, how: bool | str) -> list[int]:  # noqa: FBT001  # a touch
        found: list[int] = []
        for (known, other), events in self._aside.items():
            if known == thing and (thing, how, other) in ASIDE_DEPENDENT:
                found += events
        return found

    def _enter(self, index: int) -> None:
        """Note what an event touched."""
        for thing, key, how in self._trace.touches[index]:
            if isinstance(thing, str):
                if self.clock or thing != CLOCK:
                    self._enter_aside(index, thing, str(how))
                continue
            seen = self._seen.get(thing)
            if seen is None:
                seen = self._seen[thing] = _Seen()
            seen.enter(index, key, how)
            if how and index in self._trace.turns:
                seen.turns.append(index)

    def _enter_aside(self, index: int, thing: str, how: str) -> None:
        if (thing, how, how) in ASIDE_DEPENDENT:  # after all of its kind
            self._aside[thing, how] = [index]
        else:
            self._aside.setdefault((thing, how), []).append(index)

    def _direct(self, against: list[int], base: int) -> list[int]:
        """Return the events with nothing between them and the operation that they precede."""
        past = self.past
        found = []
        for event in against:
            if base >> event & 1:
                continue
            if not any(past[other] >> event & 1 for other in against if other != event):
                found.append(event)
        return found

    def _of_wait(  # noqa: PLR0913, PLR0917  # one operation, in parts
        self,
        wait: Wait,
        pid: int,
        ordinal: int,
        base: int,
        touches: tuple[Touch, ...],
        against: list[int],
    ) -> list[Race]:
        """Return the races of an operation that may have to wait."""
        races = []
        seen = self._seen.get(wait.thing)
        turns = seen.turns if seen is not None else []
        changes = frozenset(turns)
        for event in reversed(turns):
            possible = self._possible_before(event, pid)
            if possible or wait.timed:
                if not base >> event & 1:
                    form = wait.done if possible else wait.given_up
                    races.append(Race(event, pid, ordinal, form, base))
                break
        races += [
            Race(event, pid, ordinal, touches, base)
            for event in self._direct(against, base)
            if event not in changes
        ]
        return races

    def _possible_before(self, event: int, pid: int) -> bool:
        possible = self._trace.turns[event]
        return possible if isinstance(possible, bool) else pid not in possible

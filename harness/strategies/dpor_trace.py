"""What one execution did, event by event: what `dpor` looks for races in.

An *event* is one step: the operation that a task did first, and whatever else it did before the
next point at which somebody else could have been chosen. Things are numbered as they are met.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.analysis.dependence import (
    ASIDE,
    CHANGES,
    CLOCK,
    PARTS,
    THREADS,
    Touch,
    touches_of,
)
from harness.engine.numbering import hold
from harness.engine.task import Task
from harness.strategies.dpor_waits import GIVES_UP, MAY_WAIT, Wait, possible_now, wait_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.task import Operation

_STARTS_A_WAIT: Final[Touch] = (CLOCK, None, ASIDE["sleep"][1])
_STARTS_A_TASK: Final[Touch] = (THREADS, None, ASIDE["start"][1])


Signature = tuple[int | str, object, int]  # of an event: kind, key, what touched its object first


class Trace:
    """The events of one execution so far.

    Attributes:
        pids: Who did each event.
        touches: What each event touched.
        heads: How many of these are of the operation that was pending.
        ordinals: Which of its task's events each event is, from 0.
        waits: What an event may have had to wait for.
        turns: For an event that changes a primitive, whether a wait was possible just before it.
        born: The event that started a task; -1 for the body.
        kinds: The type of each numbered thing.
        first_touch: The first event that touched a thing.
        clock_read: Somebody read the clock.
    """

    __slots__ = (
        "_counts",
        "_known",
        "_last",
        "_pid_of",
        "born",
        "clock_read",
        "first_touch",
        "heads",
        "kinds",
        "ordinals",
        "pids",
        "touches",
        "turns",
        "waits",
    )

    def __init__(self, pid_of: Callable[[Task], int]) -> None:
        self._pid_of = pid_of
        self.clear()

    def clear(self) -> None:
        """Begin with the next execution."""
        self.pids: list[int] = []
        self.touches: list[tuple[Touch, ...]] = []
        self.heads: list[int] = []
        self.ordinals: list[int] = []
        self.waits: dict[int, Wait] = {}
        self.turns: dict[int, bool | frozenset[int]] = {}
        self.born: dict[int, int] = {}
        self.kinds: list[type] = []
        self.first_touch: dict[int | str, int] = {}
        self.clock_read = False
        self._counts: dict[int, int] = {}
        self._known: dict[int, tuple[int, Callable[[], object]]] = {}

    def number(self, obj: object) -> int:
        """Return the number of a thing; tasks have negative ones, the same in all executions."""
        if type(obj) is Task:
            return ~self._pid_of(obj)
        known = self._known.get(id(obj))
        if known is None or known[1]() is not obj:  # the id of one that has died is free again
            known = self._known[id(obj)] = (len(self.kinds), hold(obj))
            self.kinds.append(type(obj))
        return known[0]

    def touched_by(self, operation: Operation) -> tuple[Touch, ...]:
        """Return what an operation would touch."""
        obj = operation[1]
        return touches_of(operation, 0 if obj is None else self.number(obj))

    def ordinal_of_next(self, pid: int) -> int:
        """Return which of its task's events the next one will be."""
        return self._counts.get(pid, 0)

    def note_birth(self, pid: int) -> None:
        """Note a task that the last event started."""
        last = self.born[pid] = len(self.pids) - 1
        if last >= 0:
            self._add(last, _STARTS_A_TASK)

    def note_event(self, task: Task, pid: int) -> None:
        """Note that a task is about to do what is pending."""
        operation = task.pending
        kind = operation[0]
        self._last = (kind, operation[2])
        touches = self.touched_by(operation)
        index = len(self.pids)
        ordinal = self._counts.get(pid, 0)
        self._counts[pid] = ordinal + 1
        self.pids.append(pid)
        self.touches.append(touches)
        self.heads.append(len(touches))
        self.ordinals.append(ordinal)
        for touch in touches:
            self.first_touch.setdefault(touch[0], index)
        if type(kind) is str:
            if kind in MAY_WAIT or kind == GIVES_UP:
                self.waits[index] = wait_of(task, self.number(operation[1]))
            if CHANGES.get(kind, False) and kind not in PARTS:
                self.turns[index] = possible_now(operation[1], self._pid_of)
            elif kind == "time":
                self.clock_read = True

    def signature(self) -> Signature:
        """Return what tells whether another execution did the same in the place of this event."""
        kind, key = self._last
        touches = self.touches[-1]
        first = self.first_touch[touches[0][0]] if touches else -1
        return (kind, key, first)

    def note_more(self, operation: Operation) -> None:
        """Note an operation that belongs to the last event."""
        last = len(self.pids) - 1
        for touch in self.touched_by(operation):
            self.first_touch.setdefault(touch[0], last)
            if touch not in self.touches[last]:
                self._add(last, touch)
        kind = operation[0]
        changes = type(kind) is str and CHANGES.get(kind, False) and kind not in PARTS
        if changes and last not in self.turns:
            self.turns[last] = possible_now(operation[1], self._pid_of)

    def note_deadline(self) -> None:
        """Note that the task of the last event has computed a deadline, and so read the clock."""
        last = len(self.pids) - 1
        if last >= 0 and _STARTS_A_WAIT not in self.touches[last]:
            self._add(last, _STARTS_A_WAIT)

    def _add(self, index: int, touch: Touch) -> None:
        self.touches[index] = (*self.touches[index], touch)

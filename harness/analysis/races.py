"""Data races of one recorded execution: two unordered accesses to one place, one of them a write.

Only what happens-before shows is reported, so a program whose every pair of conflicting accesses is
ordered in this execution gets no report, however close the accesses came. For the same reason what
is not sure does not count: what foreign code may do to an object, and accesses inside a block that
runs as one step (imports, finalisers, logging), which the interpreter orders by means of its own.

Source: Flanagan and Freund, FastTrack, PLDI 2009: per place the epoch of the last write, and of the
reads since. Here each place keeps the reads of every task, since both ends of a race are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from harness.analysis.happens_before import Epoch, HappensBefore
from harness.analysis.held_locks import Held, HeldLocks
from harness.engine.effect import Effect
from harness.engine.stack import sites_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.engine.place import Site
    from harness.engine.recorder import Event
    from harness.engine.stack import Frames

MAX_RACES: Final = 20  # of one execution that are kept; the first ones
WHOLE: Final = 0  # the number of the part that overlaps all others
_CHANGES: Final = (Effect.WRITE, Effect.ADD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One end of a race.

    Attributes:
        step: The number of the event in the record.
        kind: "read" or "write".
        stack: The user's lines that led there, innermost first.
        held: The locks that the task held.
    """

    step: int
    task: int
    task_name: str
    kind: str
    stack: tuple[Site, ...]
    held: tuple[Held, ...] = ()

    def text(self) -> str:
        """Return who did what, where, and under which locks."""
        locks = " and ".join(held.name for held in self.held) or "no lock"
        where = self.stack[0].text() if self.stack else "an unknown line"
        return f"{self.task_name} {self.kind}s it at {where}, holding {locks}"

    def to_json(self) -> dict[str, Any]:
        """Return the access as plain values."""
        return {
            "step": self.step,
            "task": self.task_name,
            "kind": self.kind,
            "stack": [site.text() for site in self.stack],
            "held": [held.text() for held in self.held],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Two accesses to one place that nothing orders.

    Attributes:
        target: The place in words: "Counter#1.n".
    """

    target: str
    first: Access
    second: Access

    def signature(self) -> tuple[object, ...]:
        """Return what makes two races the same one: the lines, whichever came first."""
        lines = [
            (access.stack[0].path, access.stack[0].line, access.kind)
            for access in (self.first, self.second)
            if access.stack
        ]
        return ("race", *sorted(lines))

    def message(self) -> str:
        """Return the race in a sentence."""
        ends = "; ".join(access.text() for access in (self.first, self.second))
        return f"{self.target}: {ends}; nothing orders the two"

    def to_json(self) -> dict[str, Any]:
        """Return the race as plain values."""
        return {
            "target": self.target,
            "first": self.first.to_json(),
            "second": self.second.to_json(),
        }


@dataclass(slots=True)
class _Remembered:
    """The last access of one task with one effect to one part."""

    epoch: Epoch
    index: int
    held: tuple[Held, ...]


@dataclass(slots=True)
class _Object:
    """What is remembered of one object.

    Attributes:
        parts: By part, effect and task.
        changes: How many writes there were; a task that reads the whole again and again, as a loop
            does, looks at all parts only when there is a new one.
    """

    parts: dict[int, dict[Effect, dict[int, _Remembered]]] = field(default_factory=dict)
    changes: int = 0
    read_at: dict[int, int] = field(default_factory=dict)

    def overlapping(self, event: Event) -> Iterator[dict[Effect, dict[int, _Remembered]]]:
        """Yield what is remembered of the parts that an access touches."""
        if event.part != WHOLE:
            for part in (event.part, WHOLE):
                if part in self.parts:
                    yield self.parts[part]
        elif event.effect is not Effect.READ or self.read_at.get(event.thread) != self.changes:
            yield from self.parts.values()


class RaceDetector:
    """Finds the races of one execution.

    Args:
        stacks: The stack of each event.
    """

    __slots__ = ("_events", "_held", "_objects", "_order", "_seen", "_stacks", "races")

    def __init__(self, events: Sequence[Event], stacks: Sequence[Frames]) -> None:
        self._events = events
        self._stacks = stacks
        self._order = HappensBefore()
        self._held = HeldLocks()
        self._objects: dict[int, _Object] = {}
        self._seen: set[tuple[object, ...]] = set()
        self.races: list[Race] = []

    def run(self) -> list[Race]:
        """Judge every event; return the races, each pair of lines once."""
        for index, event in enumerate(self._events):
            self._order.see(event)
            self._held.see(event)
            if event.effect and event.effect is not Effect.ATOMIC and not event.atomic:
                self._judge(index, event)
        return self.races

    def _judge(self, index: int, event: Event) -> None:
        known = self._objects.setdefault(event.obj, _Object())
        held = self._held.of(event.task)
        for part in known.overlapping(event):
            for other in self._unordered(part, event):
                self._report(other, index, held)
        mine = known.parts.setdefault(event.part, {})
        if event.effect is Effect.WRITE:
            self._forget_ordered(mine, event.thread)
        if event.effect in _CHANGES:
            known.changes += 1
        elif event.part == WHOLE:
            known.read_at[event.thread] = known.changes
        now = _Remembered(self._order.epoch(event.thread), index, held)
        mine.setdefault(event.effect, {})[event.thread] = now

    def _unordered(
        self, part: dict[Effect, dict[int, _Remembered]], event: Event
    ) -> Iterator[_Remembered]:
        """Yield the remembered accesses that conflict with this one and are not before it."""
        for effect, by_task in part.items():
            if not _conflict(effect, event.effect):
                continue
            for task, other in by_task.items():
                if task != event.thread and not self._order.knows(event.thread, other.epoch):
                    yield other

    def _forget_ordered(self, part: dict[Effect, dict[int, _Remembered]], task: int) -> None:
        """Drop what happened before this write: whoever races with it races with the write."""
        for by_task in part.values():
            for other in [one for one, seen in by_task.items() if self._is_before(seen, task)]:
                del by_task[other]

    def _is_before(self, seen: _Remembered, task: int) -> bool:
        return self._order.knows(task, seen.epoch)

    def _report(self, first: _Remembered, second: int, held: tuple[Held, ...]) -> None:
        if len(self.races) >= MAX_RACES:
            return
        race = Race(
            target=self._events[second].target,
            first=self._access(first.index, first.held),
            second=self._access(second, held),
        )
        key = race.signature()
        if key not in self._seen:
            self._seen.add(key)
            self.races.append(race)

    def _access(self, index: int, held: tuple[Held, ...]) -> Access:
        event = self._events[index]
        frames = self._stacks[index]
        return Access(
            step=event.number,
            task=event.task,
            task_name=event.task_name,
            kind="read" if event.effect is Effect.READ else "write",
            stack=sites_of(frames) or (event.site,),
            held=held,
        )


def find_races(events: Sequence[Event], stacks: Sequence[Frames]) -> list[Race]:
    """Return the data races of one recorded execution, at most `MAX_RACES` of them."""
    return RaceDetector(events, stacks).run()


def _conflict(one: Effect, two: Effect) -> bool:
    """Say whether two accesses may not be unordered: two additions lose nothing."""
    if one is two is Effect.ADD:
        return False
    return one in _CHANGES or two in _CHANGES

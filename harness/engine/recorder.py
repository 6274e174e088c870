"""The record of one execution: what each task did, in the order in which it happened.

Recording costs ten times a step, so exploration runs without it; a schedule that failed is run
again with a recorder, and the run is the same because a run is a function of its schedule.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from types import FrameType, MemberDescriptorType, ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, Final

from harness.engine import board
from harness.engine.class_name import CACHED, class_name
from harness.engine.effect import Effect, effect_of
from harness.engine.numbering import Numbering, hold, role_of
from harness.engine.place import Site, caller_site
from harness.engine.places import Places
from harness.engine.stack import Frames, frames_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.execution import Execution
    from harness.engine.task import Task

_KINDS: Final = {board.READ: "read", board.WRITE: "write", board.OPAQUE: "opaque"}
_ABSENT: Final = object()
_TEXT_LIMIT: Final = 40  # characters of a value in a lane
_PLAIN: Final = (int, float, bool, type(None), complex)


@dataclass(slots=True)
class Event:
    """One thing that one task did.

    Attributes:
        kind: "read", "write", "opaque", or a primitive's operation: "acquire", "notify".
        target: The object in words: "Counter#1.n", "Lock#2".
        value: What was read or written, in words; empty where it cannot be told.
        obj: The object's number: the same for each event on it, and for no other object; 0 if none.
        part: The number of the attribute or item, 0 for the whole object; a Condition's lock.
        role: The class of a twin ("Lock", "Condition"), "Task"; empty for an object of the user's.
        effect: What an access surely does.
        timed: The operation gives up at a deadline.
        atomic: It happened inside a block that runs as one step.
        carrier: The task of the event loop that a coroutine's task runs in; None for a thread.
    """

    number: int
    task: int
    task_name: str
    kind: str
    target: str
    site: Site
    value: str = ""
    obj: int = 0
    part: int = 0
    role: str = ""
    effect: Effect = Effect.UNKNOWN
    timed: bool = False
    atomic: bool = False
    carrier: int | None = None

    @property
    def thread(self) -> int:
        """The task whose thread it happened in."""
        return self.task if self.carrier is None else self.carrier


class Recorder:
    """Keeps the events and decisions of one execution.

    Attributes:
        keeps_events: False for a kind of recorder that has something else in mind.
    """

    keeps_events: ClassVar[bool] = True

    __slots__ = (
        "_execution",
        "_named",
        "_names",
        "_numbering",
        "_pending",
        "events",
        "places",
        "stacks",
    )

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._names: dict[int, tuple[str, Callable[[], object]]] = {}
        self._named: Counter[str] = Counter()
        self._numbering = Numbering()
        self.places = Places()
        self.stacks: list[Frames] = []  # of each event
        self._pending: tuple[Event, Any, Any] | None = None
        self._execution: Execution

    def attach(self, execution: Execution) -> None:
        """Say whose record this is."""
        self._execution = execution

    def reach(
        self, task: Task | None, kind: int | str = "", obj: object = None, key: object = None
    ) -> None:
        """Name the place of the decision that comes next.

        Args:
            task: Who could go on; None where the current task cannot.
            kind: What it is about to do, to `obj` and its part `key`.
        """
        self.places.asked(self._execution, task, kind, obj, key)

    def decision(self, task: Task | None, label: object) -> None:
        """Hear of a point at which the strategy is asked; `reach` has named it."""

    def passed(self, task: Task) -> None:
        """Hear that a task goes through a point of the GIL model."""
        if not self._execution.regions:
            self.places.did(task, "call", None, None)

    def access(self, task: Task, kind: int, obj: object, key: object) -> None:
        """Note an access that is about to happen; a value written is read at the next event."""
        target = self._target(obj, key)
        event = self._append(task, _KINDS[kind], target, obj)
        if not event.atomic:
            self.places.did(task, kind, obj, key)
        event.effect = effect_of(kind, obj, key, sys._getframe(1))  # noqa: SLF001  # as below
        if key != board.CONTENT:
            event.part = self._numbering.part(event.obj, key)
        if kind == board.READ:
            event.value = describe(peek(obj, key))
        elif kind == board.WRITE:
            self._pending = (event, obj, key)

    def operation(self, task: Task, label: str, obj: object) -> None:
        """Note an operation of a primitive that is about to happen."""
        event = self._append(task, label, self.name(obj), obj)
        if not event.atomic:
            self.places.did(task, label, obj, None)

    def note(self, task: Task, label: str, obj: object) -> None:
        """Note something that happened to a task."""
        self._append(task, label, self.name(obj), obj)
        self.places.noted(task, label, obj)

    def submitted(self, function: object) -> None:
        """Hear of a function that an executor will run; its events tell enough."""

    def settle(self) -> None:
        """Fill in what the last write wrote: nobody else has run since."""
        if self._pending is not None:
            event, obj, key = self._pending
            event.value = describe(peek(obj, key))
            self._pending = None

    def end(self, tasks: Sequence[Task]) -> None:
        """Note who waits at the end and was never seen to begin it: what it wanted was taken."""
        self.settle()
        kinds = {event.task: event.kind for event in self.events}
        for task in tasks:
            waits = not task.finished and task.started and task.waiting_on is not None
            if waits and kinds.get(task.id) != "blocks on":
                on = task.waiting_on
                self._append(task, "blocks on", self.name(on), on, task.worker.gr_frame)

    def _append(  # one place in which events are made
        self, task: Task, kind: str, target: str, obj: object, frame: FrameType | None = None
    ) -> Event:
        frame = frame or sys._getframe(2)  # noqa: SLF001  # the one way to see the caller
        site = caller_site(frame)
        event = Event(len(self.events) + 1, task.id, task.name, kind, target, site)
        event.obj = self._numbering.number(obj)
        event.role = role_of(type(obj))
        event.timed = task.deadline_ns is not None
        event.atomic = bool(self._execution.regions)
        if task.carrier is not task:
            event.carrier = task.carrier.id
        if event.role == "Condition":
            event.part = self._numbering.number(getattr(obj, "_lock", None))
        self.events.append(event)
        self.stacks.append(frames_of(frame))
        return event

    def _target(self, obj: object, key: object) -> str:
        name = self.name(obj)
        if key == board.CONTENT:
            return name
        if isinstance(key, str):
            return f"{name}.{key}" if not isinstance(obj, dict) else f"{name}[{key}]"
        if isinstance(key, tuple):
            shown = key[-1] if len(key) > 1 else ""
            return f"{name}[{describe(shown) if shown != '' else '...'}]"
        return name

    def name(self, obj: object) -> str:
        """Return a name that is the same in every run of one schedule: class and first use."""
        if obj is None:
            return ""
        if isinstance(obj, ModuleType):
            return obj.__name__
        if isinstance(obj, type):
            return obj.__qualname__
        known = self._names.get(id(obj))
        if known is None or known[1]() is not obj:
            kind, described = class_name(obj)
            self._named[kind] += 1
            plain = described and "#" not in kind
            label = kind if plain else f"{kind}#{self._named[kind]}"
            known = self._names[id(obj)] = (label, hold(obj))
        return known[0]


def peek(obj: object, key: object) -> object:
    """Read a value without running any of the user's code; absent where that cannot be done."""
    if isinstance(key, str) and key != board.CONTENT:
        return _peek_attribute(obj, key)
    if isinstance(key, tuple) and len(key) > 1:
        try:
            if type(obj) in (dict, list, tuple) and isinstance(key[-1], int | str):
                return obj[key[-1]]  # type: ignore[index]  # the three types take it
        except LookupError:
            return _ABSENT
    return obj if key == board.CONTENT and type(obj) is not CACHED else _ABSENT


def _peek_attribute(obj: object, key: str) -> object:
    if type(obj) is dict:
        return obj.get(key, _ABSENT)
    try:
        values = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        values = None
    if type(values) is dict and key in values:
        return values[key]
    for cls in type(obj).__mro__:
        found = cls.__dict__.get(key, _ABSENT)
        if isinstance(found, MemberDescriptorType):
            try:
                return found.__get__(obj)
            except AttributeError:
                return _ABSENT
    return _ABSENT


def describe(value: object) -> str:
    """Return a value in a few characters; bytes are never shown, they may be a secret."""
    if value is _ABSENT:
        return ""
    if type(value) in _PLAIN:
        return repr(value)
    if type(value) is str:
        return repr(value if len(value) <= _TEXT_LIMIT else value[: _TEXT_LIMIT - 1] + "…")
    kind = type(value).__name__
    if type(value) in (bytes, bytearray, memoryview, list, tuple, dict, set, frozenset):
        return f"<{kind} of {len(value)}>"  # type: ignore[arg-type]  # all of them have a length
    return f"<{kind}>"

"""Names the points of one execution, for a token of it.

What happens is only noted while the execution runs, which costs a tuple; names, counts and
checksums are made of the notes once somebody asks. A note holds no object of the program.
"""

from __future__ import annotations

import sys
import zlib
from collections import Counter
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.class_name import class_name
from harness.engine.numbering import hold
from harness.engine.points import (
    BLOCKS,
    ENDS,
    HANDS_ON,
    MAIN,
    MAX_DEPTH,
    Act,
    Naming,
    Point,
    TaskName,
    base_name,
    cut_text,
    part_name,
    plain_key,
    user_function,
)
from harness.engine.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from harness.engine.execution import Execution

_ACCESSES: Final = {board.READ: "read", board.WRITE: "write", board.OPAQUE: "opaque"}
_TURNS: Final = ("resume", "timeout", "begin")  # what the schedule decides, not the task
_GOES_ON: Final = "goes on after"
_UNDONE: Final = ("timed out on", *_TURNS)  # nothing that a task does
_CALL: Final = "call"
_BY_LOOP: Final = (HANDS_ON, "step")  # where an event loop chooses among its coroutines


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """An object of the execution.

    Attributes:
        number: Of this object alone.
        order: Which one of its class, by first use; 0 where the class says it all.
        indexed: The numbers in its keys are places.
    """

    number: int
    cls: str
    order: int
    function: str
    indexed: bool
    held: Callable[[], object]


_Thing = _Known | int | str  # an object, a task by -1 - id, the function that calls; "" for none


@dataclass(frozen=True, slots=True)
class _Asked:
    """A note that the strategy is asked."""

    offered: tuple[int, ...]
    parked: tuple[bool, ...]
    default: int
    ahead: bool  # the act is still to come


class _Kind:
    """What all acts of one kind on one part of one object have in common."""

    __slots__ = ("act", "keys", "text", "thing", "turn")

    def __init__(self, kind: str, thing: _Thing, key: object, task: TaskName | None) -> None:
        number, part = 0, ""
        if isinstance(thing, _Known):
            number, part = thing.number, part_name(key, indexed=thing.indexed)
            self.act = Act(kind, thing.cls, thing.order, thing.function, part)
        elif task is not None:
            assert isinstance(thing, int)
            number = thing
            self.act = Act(kind, cut_text(f"task {task.base}"), task.number)
        else:
            self.act = Act(kind, cut_text(str(thing)))
        self.thing = (number, part)
        self.text = f"{kind}:{number}:{self.act.cls}:{part.partition('[')[0]}"
        self.keys: tuple[Hashable, ...] = tuple(self.act.key(naming) for naming in Naming)
        self.turn = kind in _TURNS or kind == BLOCKS


class Places:
    """Names the points of one execution. Belongs to its recorder."""

    __slots__ = (
        "_at",
        "_counts",
        "_digest",
        "_done",
        "_kinds",
        "_known",
        "_log",
        "_named",
        "_names",
        "_points",
        "_started",
        "_things",
        "_wants",
    )

    def __init__(self) -> None:
        self._log: list[tuple[int, int | str, _Thing, object, _Asked | None]] = []
        self._known: dict[int, _Known] = {}
        self._named: Counter[str] = Counter()
        self._things = 0
        self._wants: dict[int, str] = {}
        self._names: dict[int, TaskName] = {0: MAIN}
        self._started: Counter[tuple[TaskName, str]] = Counter()
        self._at = 0  # notes that have been read
        self._digest = 0
        self._kinds: dict[tuple[int | str, _Thing, object], _Kind] = {}
        self._counts: Counter[tuple[int, Hashable]] = Counter()
        self._done: dict[tuple[int, str], dict[int, list[int]]] = {}
        self._points: list[Point] = []

    # -- while the execution runs ----------------------------------------------------------------

    def started(self, parent: Task, child: Task) -> None:
        """Hear that a task was started. A name that was used stays: notes are read later."""
        if child.id in self._names:
            return
        above, base = self.task(parent), base_name(child.name)
        if above.depth() >= MAX_DEPTH:
            above = MAIN
        self._started[above, base] += 1
        self._names[child.id] = TaskName(above, base, self._started[above, base])

    def task(self, task: Task) -> TaskName:
        """Return a task's name."""
        known = self._names.get(task.id)
        if known is None:  # nobody was seen to start it
            known = self._names[task.id] = TaskName(MAIN, base_name(task.name), task.id)
        return known

    def waits(self, task: Task, label: str) -> None:
        """Hear what a task will do once it need not wait any more."""
        self._wants[task.id] = label

    def noted(self, task: Task, label: str, obj: object) -> None:
        """Hear of something that happened to a task.

        What it waited to do is done when it goes on: whether it had to wait is the schedule's.
        """
        if label == "start" and isinstance(obj, Task):
            self.started(task, obj)
        elif label == _GOES_ON:
            label = self._wants.pop(task.id, _TURNS[0])
        if label not in _UNDONE:
            self.did(task, label, obj, None)

    def did(self, task: Task, kind: int | str, obj: object, key: object) -> None:
        """Hear of something that a task does."""
        if task.id not in self._names:
            self.task(task)
        self._log.append((task.id, kind, self._thing(kind, obj), plain_key(key), None))

    def asked(
        self, execution: Execution, asking: Task | None, kind: int | str, obj: object, key: object
    ) -> None:
        """Hear that the strategy is about to be asked.

        Args:
            asking: Who could go on; None where the current task cannot.
        """
        task = execution.current
        if asking is None:
            kind, obj, key = _reason(task)
        offered = _offered(execution)
        for other in offered:
            if other.id not in self._names:
                self.task(other)
        asked = _Asked(
            tuple([other.id for other in offered]),
            tuple([other.parked for other in offered]),
            task.id if asking is not None else _first(offered),
            asking is not None or kind in _BY_LOOP,
        )
        if task.id not in self._names:
            self.task(task)
        self._log.append((task.id, kind, self._thing(kind, obj), plain_key(key), asked))
        if kind in _BY_LOOP:  # nothing else tells that it was done
            self.did(task, kind, obj, key)

    def _thing(self, kind: int | str, obj: object) -> _Thing:
        if obj is None:
            return user_function(sys._getframe(1)) if kind == _CALL else ""  # noqa: SLF001  # the one way
        if isinstance(obj, Task):
            self.task(obj)
            return -1 - obj.id
        known = self._known.get(id(obj))
        if known is None or known.held() is not obj:
            self._things += 1
            known = self._known[id(obj)] = self._meet(obj)
        return known

    def _meet(self, obj: object) -> _Known:
        number = self._things
        if isinstance(obj, ModuleType):
            return _Known(number, cut_text(obj.__name__), 0, "", indexed=False, held=hold(obj))
        if isinstance(obj, type):
            return _Known(number, cut_text(obj.__qualname__), 0, "", indexed=False, held=hold(obj))
        cls = cut_text(class_name(obj)[0])
        self._named[cls] += 1
        function = cut_text(user_function(sys._getframe(1)))  # noqa: SLF001  # the one way
        indexed = isinstance(obj, list | tuple)
        return _Known(number, cls, self._named[cls], function, indexed, hold(obj))

    # -- afterwards, or in between ---------------------------------------------------------------

    def names(self) -> dict[int, TaskName]:
        """Return the names of all tasks that had one, by id."""
        return self._names

    def points(self) -> list[Point]:
        """Return where the strategy was asked, one after the other."""
        self._read()
        return self._points

    def digest(self) -> int:
        """Return a digest of all that was done and of who could run at each point.

        No values, no lines, and nothing from inside a block that runs as one step: the first line
        of a log does more there than later ones.
        """
        self._read()
        return self._digest

    def done_to(self, thing: tuple[int, str]) -> dict[TaskName, list[int]]:
        """Return what was done to an object's part: for each task a checksum after each act."""
        self._read()
        return {self._names[task]: sums for task, sums in self._done.get(thing, {}).items()}

    def _read(self) -> None:
        log = self._log
        while self._at < len(log):
            task, kind, thing, key, asked = log[self._at]
            self._at += 1
            known = self._kinds.get((kind, thing, key))
            if known is None:
                words = _ACCESSES[kind] if isinstance(kind, int) else kind
                name = self._names[-1 - thing] if isinstance(thing, int) else None
                known = self._kinds[kind, thing, key] = _Kind(words, thing, key, name)
            if asked is None:
                self._count(task, known)
            else:
                self._points.append(self._point(task, known, asked))

    def _count(self, task: int, kind: _Kind) -> None:
        self._note(f"{task}:{kind.text}")
        counts = self._counts
        for key in kind.keys:
            counts[task, key] += 1
        if not kind.turn:
            sums = self._done.setdefault(kind.thing, {}).setdefault(task, [])
            sums.append(zlib.crc32(kind.act.kind.encode(), sums[-1] if sums else 0))

    def _point(self, task: int, kind: _Kind, asked: _Asked) -> Point:
        sums = self._done.get(kind.thing, {}).get(task)
        who = self._who(asked)
        self._note(str(who))
        counts: Any = tuple(self._counts[task, key] + asked.ahead for key in kind.keys)
        return Point(
            task=self._names[task],
            act=kind.act,
            counts=counts,
            context=sums[-1] & 0xFF if sums else 0,
            ready=len(asked.offered),
            who=who,
            default=asked.default,
            thing=kind.thing,
        )

    def _note(self, text: str) -> None:
        self._digest = zlib.crc32(text.encode("utf-8", "replace"), self._digest)

    def _who(self, asked: _Asked) -> int:
        paths = sorted(
            f"{self._names[task].path()}{'!' * parked}"
            for task, parked in zip(asked.offered, asked.parked, strict=True)
        )
        return zlib.crc32("\n".join(paths).encode("utf-8", "replace")) & 0xFFFF


def _reason(task: Task) -> tuple[str, object, object]:
    """Return why a task cannot go on, as an act; an event loop hands on to its coroutines."""
    if task.finished:
        return ENDS, None, None
    return (HANDS_ON if task.waiting_on is None else BLOCKS), task.waiting_on, None


def _offered(execution: Execution) -> list[Task]:
    """Return who may be chosen; the order says who goes on by default."""
    if execution.early and execution.timed:
        return sorted(execution.ready + execution.timed, key=lambda task: task.id)
    return execution.ready


def _first(offered: Sequence[Task]) -> int:
    return next((task for task in offered if not task.parked), offered[0]).id

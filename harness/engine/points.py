"""Where in a run something happens, in words that outlive an edit of the source.

A replay token says at which operation a task was interrupted. Line numbers, `id()` and the number
of steps so far change with any edit, so a point is named by what a programmer would call the same
place: which task, what it is about to do to which object, and the how-manieth time.

Objects have no names of their own. An object is told from others of its class by the order of
first use, or by the function that used it first, or not at all. An edit that brings another object
of the class shifts one of these and not the others; so a point is counted in all three ways, and
what the task did to this very object before is kept beside it, to tell a right guess from a wrong
one.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.numbering import hold
from harness.engine.place import is_ours
from harness.engine.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from types import FrameType

    from harness.engine.execution import Execution

MAX_TEXT: Final = 80  # characters of a name in a token; the rest of a longer one is a checksum
MAX_DEPTH: Final = 40  # tasks that start one another; a deeper one is named as if main started it
ENDS: Final = "ends"
BLOCKS: Final = "blocks on"
_ACCESSES: Final = {board.READ: "read", board.WRITE: "write", board.OPAQUE: "opaque"}
_TURNS: Final = ("resume", "timeout", "begin")  # what the schedule decides, not the task
_GOES_ON: Final = "goes on after"
_NOTES: Final = ("timed out on", *_TURNS)  # nothing that a task does
_STDLIB: Final = str(Path(re.__file__).resolve().parent.parent)
_INSTALLED: Final = ("site-packages", "dist-packages")
_PASSING: Final = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")  # of 3.11 alone
_NUMBERED: Final = re.compile(r"(Thread|Task)-\d+(?: \((.*)\))?", re.DOTALL)


class Naming(IntEnum):
    """How an object is told from others of its class."""

    ORDER = 0
    FUNCTION = 1
    CLASS = 2


@dataclass(frozen=True, slots=True)
class TaskName:
    """A task, by who started it and how many of that name it had started before.

    Attributes:
        base: Its name without the number that the standard library counts up.
        number: From 1.
    """

    parent: TaskName | None
    base: str
    number: int

    def __str__(self) -> str:
        return self.base if self.number == 1 else f"{self.base} ({ordinal(self.number)})"

    def depth(self) -> int:
        """Return how many tasks started one another before this one."""
        depth, above = 0, self.parent
        while above is not None:
            depth, above = depth + 1, above.parent
        return depth

    def path(self) -> str:
        """Return the name with those of all who started it."""
        own = f"{self.base}.{self.number}"
        return own if self.parent is None else f"{self.parent.path()}/{own}"


MAIN: Final = TaskName(None, "main", 1)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that tasks do: an operation, and the object that it is done to.

    Attributes:
        kind: "write", "acquire", "blocks on".
        cls: The object's class; empty where there is no object.
        number: Which object of the class, in the order of first use; 0 where that says nothing.
        function: The function that used it first.
        part: The attribute or item, empty for the whole object.
    """

    kind: str
    cls: str = ""
    number: int = 0
    function: str = ""
    part: str = ""

    def key(self, naming: Naming) -> Hashable:
        """Return what makes two acts the same one."""
        told = (self.number, self.function, None)[naming]
        return (self.kind, self.cls, told, self.part)

    def __str__(self) -> str:
        number = f"#{self.number}" if self.number else ""
        dot = "" if not self.part or self.part.startswith("[") else "."
        return f"{self.kind} {self.cls}{number}{dot}{self.part}".strip()


@dataclass(frozen=True, slots=True)
class Point:
    """A place at which the strategy is asked.

    Attributes:
        task: Who came to it.
        act: What it is about to do, or why it cannot go on.
        counts: Which of the task's acts like this one, from 1, for each `Naming`.
        context: A byte of all that it did to the object's part before.
        ready: How many could be chosen.
        who: Two bytes of who these are.
        default: The id of the task that goes on where nobody is named.
        thing: The object and its part, for `Places.done_to`.
    """

    task: TaskName
    act: Act
    counts: tuple[int, int, int]
    context: int
    ready: int
    who: int
    default: int
    thing: tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Known:
    number: int  # of this object alone
    cls: str
    order: int
    function: str
    held: Callable[[], object]


class Places:
    """Names the points of one execution. Belongs to its recorder.

    Attributes:
        digest: Of all that was done and of who could run at each point; no values, no lines, and
            nothing from inside a block that runs as one step: a log's first line does more there.
    """

    __slots__ = (
        "_counts",
        "_done",
        "_known",
        "_named",
        "_names",
        "_started",
        "_things",
        "_wants",
        "digest",
    )

    def __init__(self) -> None:
        self.digest = 0
        self._known: dict[int, _Known] = {}
        self._named: Counter[str] = Counter()
        self._things = 0
        self._wants: dict[int, str] = {}
        self._counts: Counter[tuple[int, Naming, Hashable]] = Counter()
        self._done: dict[tuple[int, str], dict[int, list[int]]] = {}
        self._names: dict[int, TaskName] = {0: MAIN}
        self._started: Counter[tuple[TaskName, str]] = Counter()

    def started(self, parent: Task, child: Task) -> None:
        """Hear that a task was started."""
        above, base = self.task(parent), _base(child.name)
        if above.depth() >= MAX_DEPTH:
            above = MAIN
        self._started[above, base] += 1
        self._names[child.id] = TaskName(above, base, self._started[above, base])

    def task(self, task: Task) -> TaskName:
        """Return a task's name."""
        known = self._names.get(task.id)
        if known is None:  # nobody was seen to start it
            known = self._names[task.id] = TaskName(MAIN, _base(task.name), task.id)
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
        if label not in _NOTES:
            self.did(task, label, obj, None)

    def names(self) -> dict[int, TaskName]:
        """Return the names of all tasks that had one."""
        return self._names

    def did(self, task: Task, kind: int | str, obj: object, key: object) -> None:
        """Hear of something that a task does."""
        act, thing = self._act(kind, obj, key)
        self._note(f"{task.id}:{act.kind}:{thing[0]}:{act.cls}:{act.part.partition('[')[0]}")
        for naming in Naming:
            self._counts[task.id, naming, act.key(naming)] += 1
        if act.kind not in _TURNS and act.kind != BLOCKS:
            sums = self._done.setdefault(thing, {}).setdefault(task.id, [])
            sums.append(zlib.crc32(act.kind.encode(), sums[-1] if sums else 0))

    def done_to(self, thing: tuple[int, str]) -> dict[TaskName, list[int]]:
        """Return what was done to an object's part: for each task a checksum after each act."""
        return {self._names[task]: sums for task, sums in self._done.get(thing, {}).items()}

    def point(
        self, execution: Execution, asking: Task | None, kind: int | str, obj: object, key: object
    ) -> Point:
        """Name the place at which the strategy is about to be asked.

        Args:
            asking: Who could go on; None where the current task cannot.
        """
        offered = _offered(execution)
        task = execution.current
        if asking is None:
            kind, obj, key = BLOCKS, task.waiting_on, None
            if task.finished:
                kind, obj = ENDS, None
        act, thing = self._act(kind, obj, key)
        ahead = int(asking is not None)
        counts = tuple(self._counts[task.id, way, act.key(way)] + ahead for way in Naming)
        sums = self._done.get(thing, {}).get(task.id)
        who = self._who(offered)
        self._note(str(who))
        return Point(
            task=self.task(task),
            act=act,
            counts=counts,  # type: ignore[arg-type]  # there are three ways
            context=sums[-1] & 0xFF if sums else 0,
            ready=len(offered),
            who=who,
            default=task.id if asking is not None else _first(offered),
            thing=thing,
        )

    def _note(self, text: str) -> None:
        self.digest = zlib.crc32(text.encode("utf-8", "replace"), self.digest)

    def _who(self, offered: Sequence[Task]) -> int:
        paths = sorted(f"{self.task(task).path()}{'!' * task.parked}" for task in offered)
        return zlib.crc32("\n".join(paths).encode("utf-8", "replace")) & 0xFFFF

    def _act(self, kind: int | str, obj: object, key: object) -> tuple[Act, tuple[int, str]]:
        if isinstance(kind, int):
            kind = _ACCESSES[kind]
        if isinstance(obj, Task):
            name = self.task(obj)
            return Act(kind, _cut(f"task {name.base}"), name.number), (-1 - obj.id, "")
        if obj is None:
            function = _function(sys._getframe(1)) if kind == "call" else ""  # noqa: SLF001  # the one way
            return Act(kind, _cut(function)), (0, "")
        known = self._object(obj)
        part = _part(obj, key)
        act = Act(kind, known.cls, known.order, known.function, part)
        return act, (known.number, part)

    def _object(self, obj: object) -> _Known:
        known = self._known.get(id(obj))
        if known is None or known.held() is not obj:
            self._things += 1
            known = self._known[id(obj)] = self._meet(obj)
        return known

    def _meet(self, obj: object) -> _Known:
        if isinstance(obj, ModuleType):
            return _Known(self._things, _cut(obj.__name__), 0, "", hold(obj))
        if isinstance(obj, type):
            return _Known(self._things, _cut(obj.__qualname__), 0, "", hold(obj))
        described = getattr(type(obj), "record_name", None)
        cls = _cut(described(obj) if described is not None else type(obj).__name__)
        self._named[cls] += 1
        function = _cut(_function(sys._getframe(1)))  # noqa: SLF001  # the one way
        return _Known(self._things, cls, self._named[cls], function, hold(obj))


def _offered(execution: Execution) -> list[Task]:
    """Return who may be chosen; the order says who goes on by default."""
    if execution.early and execution.timed:
        return sorted(execution.ready + execution.timed, key=lambda task: task.id)
    return execution.ready


def _first(offered: Sequence[Task]) -> int:
    return next((task for task in offered if not task.parked), offered[0]).id


def _base(name: str) -> str:
    """Return a task's name without the number that every thread more would change."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return _cut(name)
    return _cut(numbered[2] or numbered[1])


def _part(obj: object, key: object) -> str:
    """Return an attribute's name, or an item's if it is the same in every run.

    The number that is the key of a dict may be an id(), a hash, or one that counts up for as long
    as the process lives.
    """
    if key is None or key == board.CONTENT:
        return ""
    if isinstance(key, str):
        return _cut(key)
    last: Any = key[-1] if isinstance(key, tuple) and key else None
    index = type(last) is int and isinstance(obj, list | tuple)
    return _cut(f"[{last!r}]") if index or type(last) is str else "[]"


def _function(frame: FrameType | None) -> str:
    """Return the function of the user's that is at work; not a constructor, but who called it."""
    last = ""
    while frame is not None:
        code = frame.f_code
        if not is_ours(code.co_filename) and not _is_library(code.co_filename):
            last = code.co_name
            if last not in _PASSING and not (last.startswith("__") and last.endswith("__")):
                return last
        frame = frame.f_back
    return last


def _is_library(path: str) -> bool:
    return path.startswith(_STDLIB) and not any(folder in path for folder in _INSTALLED)


def _cut(text: str) -> str:
    """Return a text of bounded length that a terminal can show."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else "?" for character in text)
    if len(text) <= MAX_TEXT:
        return text
    return f"{text[: MAX_TEXT - 9]}~{zlib.crc32(text.encode('utf-8', 'replace')):08x}"


def ordinal(number: int) -> str:
    """Return "1st", "2nd", "11th"."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if 10 < number % 100 < 14 else endings.get(number % 10, "th")  # noqa: PLR2004  # 11th
    return f"{number}{ending}"

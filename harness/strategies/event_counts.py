"""What a program's tasks compete for, and how often: learned from executions, by stable names.

An object has another identity in every execution, and a task may have another number. So a task is
known by its *path* (it is the n-th that its parent started), and a *place*, an object's attribute,
its content, or a primitive, by its *marks*: it is the n-th place that some path touches. A task's
own order of first touches does not depend on the schedule until its control flow does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.engine import board
from harness.engine.numbering import hold
from harness.primitives.lock import Lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.task import Operation, Task

PRIMITIVE: Final = ""  # the part of a place that is a primitive: no attribute has this name
# Operations of primitives whose order among tasks can matter. Giving back is not among them: while
# a lock is held nobody else can do anything to it.
CONTENDING: Final = frozenset(
    {"acquire", "try", "locked", "wait", "is_set", "set", "clear", "notify", "notify_all"}
    | {"put", "get", "qsize"}
)


def part_of(operation: Operation) -> str | None:
    """Return which part of its object an operation touches; None if it competes with nobody.

    Items are not told apart: a key may be anything, and to compare it may run the user's code.
    """
    kind, _, key = operation
    if type(kind) is str:
        return PRIMITIVE if kind in CONTENDING else None
    return key if type(key) is str else board.CONTENT


class Family:
    """Paths of tasks. What it knows of earlier executions stays; `begin` forgets who is who."""

    __slots__ = ("_births", "_paths", "parent_of", "paths")

    def __init__(self) -> None:
        self._paths: dict[tuple[int, int], int] = {}  # (parent's path, which child): path
        self.parent_of: list[int] = [-1]  # by path
        self.begin()

    def begin(self) -> None:
        """Begin an execution: there is the body."""
        self.paths: list[int] = [0]  # by task id
        self._births: list[int] = [0]  # by task id: children so far

    def add(self, parent: int) -> None:
        """Hear that a task has started another, which has the next id."""
        born = self._births[parent]
        self._births[parent] = born + 1
        key = (self.paths[parent], born)
        path = self._paths.get(key)
        if path is None:
            path = self._paths[key] = len(self.parent_of)
            self.parent_of.append(key[0])
        self.paths.append(path)
        self._births.append(0)


class Touch:
    """A place in one execution."""

    __slots__ = ("contended", "counts", "held", "locks", "marks", "part")

    def __init__(self, obj: object, part: str) -> None:
        self.held: Callable[[], object] = hold(obj)  # a record must not prolong a life
        self.part = part
        self.marks: dict[int, int] = {}  # path: how many places it had touched before
        self.counts: dict[int, int] = {}  # path: operations while others were alive
        self.contended = False  # one of these was more than a read
        self.locks: frozenset[int] | None = None  # held at each of these; None for a primitive


class Lesson:
    """What one execution's tasks did, noted as they did it."""

    __slots__ = ("_alive", "_held", "_seen", "_touched", "touches")

    def __init__(self) -> None:
        self.touches: list[Touch] = []
        self._seen: dict[tuple[int, str], Touch] = {}
        self._touched: dict[int, int] = {}  # path: places so far
        self._held: dict[int, frozenset[int]] = {}  # task id: the locks it holds
        self._alive = 0

    def born(self) -> None:
        """Hear that there is one task more."""
        self._alive += 1

    def note(self, task: Task, path: int) -> None:
        """Take down what `task` is about to do."""
        operation = task.pending
        kind, obj, _ = operation
        part = part_of(operation)
        if part is not None:
            touch = self.touch(obj, part, path)
            if self._alive > 1:
                self._count(touch, kind, path, self._held.get(task.id, frozenset()))
        if type(kind) is str:
            self._note_life(task.id, kind, obj)

    def first_touch(self, operation: Operation, path: int) -> int | None:
        """Return how many places a path touched before one that it now touches first."""
        part = part_of(operation)
        if part is None:
            return None
        known = self._seen.get((id(operation[1]), part))
        if known is not None and path in known.marks and known.held() is operation[1]:
            return None
        return self._touched.get(path, 0)

    def touch(self, obj: object, part: str, path: int) -> Touch:
        """Return the place that a path touches now, with its mark."""
        key = (id(obj), part)
        touch = self._seen.get(key)
        if touch is None or touch.held() is not obj:
            touch = self._seen[key] = Touch(obj, part)
            self.touches.append(touch)
        if path not in touch.marks:
            ordinal = touch.marks[path] = self._touched.get(path, 0)
            self._touched[path] = ordinal + 1
        return touch

    @staticmethod
    def _count(touch: Touch, kind: int | str, path: int, held: frozenset[int]) -> None:
        touch.counts[path] = touch.counts.get(path, 0) + 1
        if kind != board.READ:
            touch.contended = True
        if type(kind) is int:
            touch.locks = held if touch.locks is None else touch.locks & held

    def _note_life(self, task: int, kind: str, obj: object) -> None:
        if kind == "end":
            self._alive -= 1
        elif kind == "acquire" and isinstance(obj, Lock):
            self._held[task] = self._held.get(task, frozenset()) | {id(obj)}
        elif kind == "release":
            self._held[task] = self._held.get(task, frozenset()) - {id(obj)}


class Place:
    """A place in all executions.

    Attributes:
        weights: By path: the most operations that it and all that it starts did here.
        total: Of all paths.
    """

    __slots__ = ("contended", "counts", "guarded", "marks", "part", "total", "weights")

    def __init__(self, part: str) -> None:
        self.part = part
        self.marks: dict[int, int] = {}
        self.counts: dict[int, int] = {}
        self.contended = False
        self.guarded = True
        self.weights: dict[int, int] = {}
        self.total = 0

    def learn(self, touch: Touch, parent_of: list[int]) -> None:
        """Add what one execution showed."""
        for path, ordinal in touch.marks.items():
            self.marks.setdefault(path, ordinal)
        for path, count in touch.counts.items():
            self.counts[path] = max(count, self.counts.get(path, 0))
        self.contended = self.contended or touch.contended
        self.guarded = self.guarded and bool(touch.locks)
        self.weights = {}
        for path, count in self.counts.items():
            ancestor = path
            while ancestor >= 0:
                self.weights[ancestor] = self.weights.get(ancestor, 0) + count
                ancestor = parent_of[ancestor]
        self.total = sum(self.counts.values())


class Places:
    """All that several tasks compete for, from all lessons."""

    __slots__ = ("_by_mark", "_places", "candidates")

    def __init__(self) -> None:
        self._places: list[Place] = []
        self._by_mark: dict[tuple[int, int], Place] = {}
        self.candidates: list[Place] = []

    def learn(self, lesson: Lesson, family: Family) -> None:
        """Add what a lesson showed; places of one task alone are not kept."""
        for touch in lesson.touches:
            if len(touch.counts) > 1:
                self._find(touch).learn(touch, family.parent_of)
        # What the same lock protects everywhere is ordered by the order of that lock, which is a
        # candidate itself; to hold a task back inside it would only keep all others out.
        self.candidates = [one for one in self._places if one.contended and not one.guarded]

    def _find(self, touch: Touch) -> Place:
        for mark in touch.marks.items():
            known = self._by_mark.get(mark)
            if known is not None and known.part == touch.part:
                break
        else:
            known = Place(touch.part)
            self._places.append(known)
        for mark in touch.marks.items():
            self._by_mark.setdefault(mark, known)
        return known

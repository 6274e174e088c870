"""The state of a stopped program as a value: equal values mean that it will go on alike.

Taken are the frames of every task that has not ended, with all that their variables lead to, what
tasks wait for, and the state of chance. Objects count by what is in them and by how they hang
together, not by their addresses, so one that is made anew in each turn of a loop is no difference.
Time counts by how long a deadline is away. Nothing of the user's is called.

What cannot be seen: the interpreter's stack (an iterator of a plain `for`), objects of C code that
keep their state to themselves, and the world. Whoever compares must look after these.
"""

from __future__ import annotations

import functools
import types
import weakref
from array import array
from collections import deque
from random import Random
from types import CellType, FrameType, FunctionType, GeneratorType, MethodType
from typing import TYPE_CHECKING, Any, Final

from harness.engine.place import is_ours
from harness.engine.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harness.engine.execution import Execution

MAX_OBJECTS: Final = 20_000  # in one snapshot: about 50 ms
MAX_DEPTH: Final = 60  # of what hangs in what
_PLAIN: Final = frozenset((int, float, complex, bool, str, bytes, type(None), type(Ellipsis)))
_OURS: Final = "harness."
_HEAP_TYPE: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, or close to it
# Deadlines in the library's own frames move with the clock; what counts is when tasks wake up.
_MOVING: Final = frozenset(("endtime", "remaining", "end_time", "deadline"))
_MADE: Final[list[Any]] = [[], (), range(0), {}, {}.values(), {}.items(), set(), "", b""]
_WALKERS: Final = tuple({type(iter(made)) for made in _MADE})


class TooLargeError(Exception):
    """There is more state than is worth looking at."""


def snapshot(
    execution: Execution,
    frame: FrameType,
    touched: Iterable[tuple[object, str | None]],
    chance: object,
) -> tuple[object, ...]:
    """Return the state of an execution that stands at a step.

    Args:
        frame: Of the task that runs.
        touched: Objects whose state counts beside what variables lead to, and the part that does:
            the name of an attribute for modules and classes, None for all of it.
        chance: The state of the streams of random numbers.

    Raises:
        TooLargeError: There is too much of it.
    """
    encoder = _Encoder()
    encoder.out.append(chance)
    for task in execution.tasks:
        if not task.finished:
            encoder.task(task, execution.now_ns)
            running = task is execution.current
            encoder.frames(frame if running else task.worker.gr_frame)
    for obj, part in touched:
        encoder.value(obj if part is None else vars(obj).get(part))
    return tuple(encoder.out)


class _Encoder:
    """Writes a graph of objects as a flat list; an object met again is a number."""

    __slots__ = ("_depth", "_kept", "_seen", "out")

    def __init__(self) -> None:
        self.out: list[object] = []
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # so that no id comes twice
        self._depth = 0

    def task(self, task: Task, now_ns: int) -> None:
        """Write what a task waits for, and for how long."""
        left_ns = None if task.deadline_ns is None else task.deadline_ns - now_ns
        self.out += [task.id, task.started, task.parked, task.daemon, left_ns]
        self.value(task.waiting_on)
        for _, values in (task.locals or {}).values():
            self.value(values)

    def frames(self, frame: FrameType | None) -> None:
        """Write the frames of a task, innermost first; ours hold nothing of the user's."""
        while frame is not None:
            if not is_ours(frame.f_code.co_filename):
                self._frame(frame)
            frame = frame.f_back

    def _frame(self, frame: FrameType) -> None:
        self.out += [id(frame.f_code), frame.f_lasti]
        if frame.f_code.co_name == "<module>":
            return  # its variables are those of a module, which counts where it is touched
        for name, value in dict(frame.f_locals).items():
            if name not in _MOVING:
                self.out.append(name)
                self.value(value)

    def value(self, value: Any) -> None:  # noqa: ANN401  # anything a program holds
        """Write a value and what it leads to."""
        if type(value) in _PLAIN:
            # As text: a NaN is not equal to itself, and 1 is equal to True.
            self.out.append(repr(value) if type(value) is float else (type(value), value))
            return
        if isinstance(value, Task):
            self.out += ("task", value.id)
            return
        known = self._seen.get(id(value))
        if known is not None:
            self.out += ("again", known)
            return
        if len(self._seen) >= MAX_OBJECTS or self._depth >= MAX_DEPTH:
            raise TooLargeError
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        self._depth += 1
        self._object(value)
        self._depth -= 1

    def _object(self, value: Any) -> None:  # noqa: ANN401  # as above
        kind = type(value)
        self.out.append(kind.__qualname__)
        if issubclass(kind, (list, tuple, deque)):
            self._several(list(value) if kind in (list, tuple, deque) else _raw(value))
        elif issubclass(kind, dict):
            self._several([part for pair in dict.items(value) for part in pair])
        elif issubclass(kind, (set, frozenset)):
            self._several(list(set.__iter__(value) if issubclass(kind, set) else value))
        elif issubclass(kind, (bytearray, array)):
            self.out.append(bytes(value))
        elif issubclass(kind, Random):
            self.out.append(Random.getstate(value))
        elif issubclass(kind, weakref.ref):
            self.value(value() if value.__callback__ is None else None)
        elif kind in _WALKERS:
            self._several(list(value.__reduce__()[1:]))
        elif kind in _PARTS:
            self._several([] if _is_ours(value) else _PARTS[kind](value))
        elif issubclass(kind, _ATOMS) or kind.__module__.startswith("harness.engine."):
            self.out.append(id(value))
            return
        self._attributes(value)

    def _several(self, values: list[Any]) -> None:
        self.out.append(len(values))
        for value in values:
            self.value(value)

    def _attributes(self, value: Any) -> None:  # noqa: ANN401  # as above
        """Write the instance dictionary and the slots; an object without either is its address."""
        found = False
        try:
            own = object.__getattribute__(value, "__dict__")
        except AttributeError:
            own = None
        if type(own) is dict and own:
            found = True
            self._several([part for pair in own.items() for part in pair])
        for base in type(value).__mro__:
            # Members of C code are its own (a function has its globals there).
            members = vars(base).items() if base.__flags__ & _HEAP_TYPE else ()
            for name, slot in members:
                if isinstance(slot, types.MemberDescriptorType) and name != "__weakref__":
                    found = True
                    self._slot(value, name, slot)
        if not found and type(value).__module__ != "builtins" and type(value).__dictoffset__ == 0:
            self.out.append(id(value))  # C code knows what is in it

    def _slot(self, value: Any, name: str, slot: Any) -> None:  # noqa: ANN401  # as above
        try:
            held = slot.__get__(value)
        except AttributeError:
            return
        self.out.append(name)
        if type(held).__module__.startswith(_OURS) and not hasattr(type(held), "describe_wait"):
            self.out.append(type(held).__qualname__)  # the machinery, not state of the program
        else:
            self.value(held)


def _is_ours(value: Any) -> bool:  # noqa: ANN401  # a function, or something like it
    """Say whether a function is a hook or a twin: what it leads to is no state of the program."""
    return (getattr(value, "__module__", None) or "").startswith(_OURS)


def _raw(value: Any) -> list[Any]:  # noqa: ANN401  # a list, tuple or deque of the user's class
    """Return the items without the user's own `__iter__`."""
    base = next(base for base in (list, tuple, deque) if isinstance(value, base))
    return [*base.__iter__(value)]


def _of_function(function: FunctionType) -> list[Any]:
    kept = function.__kwdefaults__ or {}
    return [function.__code__.co_qualname, *(function.__closure__ or ()), *kept.values()]


def _of_cell(cell: CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # empty
        return []


def _of_generator(generator: Any) -> list[Any]:  # noqa: ANN401  # a generator
    frame = generator.gi_frame
    return [] if frame is None else [frame.f_lasti, *dict(frame.f_locals).values()]


_PARTS: Final[dict[type, Any]] = {
    FunctionType: _of_function,
    CellType: _of_cell,
    MethodType: lambda method: [method.__self__, method.__func__],
    functools.partial: lambda part: [part.func, *part.args, *part.keywords.values()],
    GeneratorType: _of_generator,
    slice: lambda piece: [piece.start, piece.stop, piece.step],
}
_ATOMS: Final = (type, types.ModuleType, types.CodeType, types.BuiltinFunctionType, FrameType)

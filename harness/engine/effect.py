"""What an access surely does to its object: what analyses that must raise no false alarm build on.

Exploration takes accesses generously: a call of unknown code may write what it is given, so it
counts as a write. An analysis that calls two accesses a race must not guess. So an access to the
whole of an object counts here only where the object is a builtin container, iterator or generator,
and where the object makes each call one step of its own accord, that is told.
"""

from __future__ import annotations

import itertools
import types
from array import array
from collections import defaultdict, deque
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.place import is_ours

if TYPE_CHECKING:
    from types import FrameType


class Effect(StrEnum):
    """What one access does."""

    UNKNOWN = ""  # not sure: code that nobody sees into, or an object that is no container
    READ = "r"
    WRITE = "w"
    ADD = "a"  # one step of the interpreter, and two of them lose nothing: list.append
    ATOMIC = "s"  # an operation of a deque, which the standard library calls thread-safe


_HELD: Final[tuple[Any, ...]] = (list, dict, set, bytearray, array, types.GeneratorType)
_WALKS: Final[tuple[Any, ...]] = (
    *(type(iter([])), type(iter({})), type(iter({}.values())), type(iter({}.items()))),
    *(type(iter(set())), type(iter(bytearray())), enumerate, zip, map, filter, reversed),
    *(value for value in vars(itertools).values() if isinstance(value, type)),
)
# Each is one step under the GIL and under the lock of the container without it.
_ADDING: Final = frozenset(("append", "extend", "add", "setdefault"))


def effect_of(kind: int, obj: object, key: object, frame: FrameType) -> Effect:
    """Return what an access surely does.

    Args:
        frame: The hook's, or one that it called: it knows the name of a method.
    """
    if issubclass(type(obj), deque):
        return Effect.ATOMIC
    if kind == board.OPAQUE:
        return Effect.UNKNOWN
    if key == board.CONTENT:
        return _of_whole(kind, obj, frame)
    if kind == board.WRITE and issubclass(type(obj), defaultdict) and _only_asked(obj, key, frame):
        return Effect.READ
    return Effect.READ if kind == board.READ else Effect.WRITE


def _of_whole(kind: int, obj: object, frame: FrameType) -> Effect:
    if type(obj) is itertools.count:
        return Effect.ADD  # each number is drawn once, whoever comes first
    if not issubclass(type(obj), _HELD + _WALKS):
        return Effect.UNKNOWN
    if kind == board.READ:
        return Effect.READ
    return Effect.ADD if _method(frame) in _ADDING else Effect.WRITE


def _only_asked(obj: Any, key: Any, frame: FrameType) -> bool:  # noqa: ANN401  # a defaultdict
    """Say whether an access to a defaultdict reads a key that is there: it adds nothing then."""
    asked = _local(frame, "_record_item", "kind") == board.READ
    return asked and type(key) is tuple and dict.__contains__(obj, key[-1])


def _method(frame: FrameType) -> str:
    """Return the name of the container's method that is about to be called; empty if none is."""
    name = _local(frame, "_container_method", "name")
    if name is None:
        name = getattr(_local(frame, "handle", "function"), "__name__", "")
    return name if isinstance(name, str) else ""


def _local(frame: FrameType | None, function: str, name: str) -> object:
    """Return a local variable of one of our own frames; None if there is no such frame."""
    while frame is not None and is_ours(frame.f_code.co_filename):
        if frame.f_code.co_name == function:
            return frame.f_locals.get(name)
        frame = frame.f_back
    return None

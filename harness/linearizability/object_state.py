"""The state of an object as a value: equal values mean that it will go on alike.

This decides which orders of calls lead to one state of a sequential model, so it errs on one side
only: two states may count as different though nobody can tell them apart, never the other way
round. What keeps its state to itself (most objects of C code, a running generator, a file) has no
such value, and a model over it tells states apart by the calls that led there.

Kept is order wherever it is behaviour: of lists, of dicts, and of sets, whose `pop` takes what
comes first. Nothing of the user's is called. Objects count by what is in them and how they hang
together, not by their addresses.
"""

from __future__ import annotations

import _thread
import functools
import itertools
import re
import struct
import types
import weakref
from array import array
from collections import OrderedDict, deque
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from harness.linearizability.frozen import Frozen, Held

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

MAX_OBJECTS: Final = 50_000  # in one state: about 0.1 s
MAX_DEPTH: Final = 150  # of what hangs in what
_PLAIN: Final = frozenset((int, bool, str, bytes, type(None), type(...), type(NotImplemented)))
_AS_TEXT: Final = frozenset((float, complex, Decimal))  # 0.0 equals -0.0, and a NaN not itself
_THEMSELVES: Final = (type, types.ModuleType, types.CodeType, Enum)
_SHOWN: Final = (Fraction, UUID, PurePath, datetime, date, time, timedelta, range)
_IDENTITY: Final[Any] = object.__eq__
_POINTER_BYTES: Final = struct.calcsize("P")
_RLOCK_TYPE: Final[Any] = _thread.RLock  # at import, so before anything is patched
_RLOCK: Final = re.compile(r"^<(\w+) .*count=(\d+)")


class OpaqueError(Exception):
    """Some of the state cannot be seen, or there is too much of it."""


def object_state(value: object, given: frozenset[int] = frozenset()) -> Hashable | None:
    """Return the state of an object and of all that it leads to; None where it cannot be seen.

    Args:
        given: Identities of objects that others hold, too: which of them it is belongs to the
            state, not only what is in it.
    """
    encoder = _Encoder(given)
    try:
        encoder.value(value)
    except OpaqueError:
        return None
    return tuple(encoder.out)


def call_state(value: object) -> Hashable:
    """Return what tells arguments apart: their state, or if it cannot be seen, which they are."""
    state = object_state(value, identities(value))
    return ("held", Held(value)) if state is None else state


def identities(value: object) -> frozenset[int]:
    """Return the identities of what is in an argument and equals itself alone."""
    found: set[int] = set()
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Frozen):
            waiting.append(one.content)
        elif isinstance(one, tuple | frozenset):
            waiting.extend(one)
        elif isinstance(one, Held) or equals_itself_alone(type(one)):
            found.add(id(one.value if isinstance(one, Held) else one))
    return frozenset(found)


def equals_itself_alone(kind: type) -> bool:
    """Say whether the class has no equality of its own, so that which object it is counts."""
    return kind.__eq__ is _IDENTITY and kind is not type(None)


class _Encoder:
    """Writes a graph of objects as a flat list; an object met again is a number."""

    __slots__ = ("_depth", "_given", "_kept", "_seen", "out")

    def __init__(self, given: frozenset[int]) -> None:
        self._given = given
        self.out: list[Any] = []
        self._seen: dict[int, int] = {}
        self._kept: list[object] = []  # so that no id comes twice
        self._depth = 0

    def value(self, value: Any) -> None:  # noqa: ANN401  # anything an object holds
        kind = type(value)
        if kind in _PLAIN:
            self.out += (kind, value)
        elif kind in _AS_TEXT:
            self.out += (kind, repr(value))
        elif isinstance(value, _THEMSELVES):
            self.out += ("itself", Held(value))
        elif not self._is_known(value):
            self._depth += 1
            self.out.append(kind)
            if id(value) in self._given:
                self.out.append(Held(value))
            self._object(value, kind)
            self._depth -= 1

    def _is_known(self, value: object) -> bool:
        known = self._seen.get(id(value))
        if known is not None:
            self.out += ("again", known)
            return True
        if len(self._seen) >= MAX_OBJECTS or self._depth >= MAX_DEPTH:
            raise OpaqueError
        self._seen[id(value)] = len(self._seen)
        self._kept.append(value)
        return False

    def _object(self, value: Any, kind: type) -> None:  # noqa: ANN401  # as above
        base, write = _writer(kind)
        self._several(write(value))
        own = _dictionary(value) if kind is not base else {}
        for name in sorted(own, key=str):  # their order is nobody's behaviour
            self.out.append(name)
            self.value(own[name])
        while kind is not base:
            self._layer(value, kind)
            assert kind.__base__ is not None, "every class is derived from the writer's"
            kind = kind.__base__

    def _several(self, values: Iterable[Any]) -> None:
        count = 0
        place = len(self.out)
        self.out.append(0)
        for count, one in enumerate(values, 1):  # noqa: B007  # used below
            self.value(one)
        self.out[place] = count

    def _layer(self, value: Any, kind: type) -> None:  # noqa: ANN401  # as above
        """Write what one class adds to the one below it; C code may add what nobody can see.

        Other bases of the class add nothing but names: Python allows one layout, `__base__`'s.
        """
        assert kind.__base__ is not None, "object has a writer"
        members = [
            (name, slot)
            for name, slot in vars(kind).items()
            if isinstance(slot, types.MemberDescriptorType)
        ]
        extra = sum(name in vars(kind) for name in ("__dict__", "__weakref__"))
        room = kind.__basicsize__ - kind.__base__.__basicsize__
        if room > _POINTER_BYTES * (len(members) + extra):
            raise OpaqueError
        for name, slot in members:
            self._slot(value, name, slot)

    def _slot(self, value: Any, name: str, slot: Any) -> None:  # noqa: ANN401  # as above
        try:
            held = slot.__get__(value)
        except AttributeError:
            return
        self.out.append(name)
        if _is_machinery(held):
            self.out.append("machinery")
        else:
            self.value(held)


def _dictionary(value: object) -> dict[str, Any]:
    try:
        own = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    if type(own) is not dict:
        raise OpaqueError
    return {name: held for name, held in own.items() if not _is_machinery(held)}


def _is_machinery(held: object) -> bool:
    """Say whether something is the engine's own, which a controlled lock leads to."""
    return type(held).__module__.startswith("harness.engine.")


def _writer(kind: type) -> tuple[type, Callable[[Any], Iterable[Any]]]:
    """Return what writes the objects of a class, and the class whose part of them it writes."""
    write = _WRITERS.get(kind)
    if write is not None:
        return kind, write
    for base, inherited in _BASES:
        if issubclass(kind, base):
            return base, inherited
    raise OpaqueError  # never: object is a base


def _of_function(function: Any) -> list[Any]:  # noqa: ANN401  # a Python function
    kept = function.__kwdefaults__ or {}
    cells = function.__closure__ or ()
    given = function.__defaults__ or ()
    return [function.__code__, *given, *kept.items(), *cells, *vars(function).items()]


def _of_cell(cell: types.CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # empty
        return []


def _of_rlock(lock: Any) -> list[Any]:  # noqa: ANN401  # an RLock shows its count in its repr only
    shown = _RLOCK.match(repr(lock))
    if shown is None:
        raise OpaqueError
    return [shown[1], int(shown[2])]


def _of_count(count: Any) -> list[Any]:  # noqa: ANN401  # an itertools.count
    # Its repr is the only way to see it without a step; safe where it counts whole numbers.
    shown = repr(count)
    if not re.fullmatch(r"count\(-?\d+(, -?\d+)?\)", shown):
        raise OpaqueError
    return [shown]


def _of_reference(reference: Any) -> list[Any]:  # noqa: ANN401  # a weak reference
    return [weakref.ref.__call__(reference)]


def _text_by(base: type) -> Callable[[Any], Iterable[Any]]:
    """Return what writes a value as the repr of its base shows it, past that of a derived class."""
    shown: Any = base.__repr__
    return lambda value: [shown(value)]


_WRITERS: Final[dict[type, Callable[[Any], Iterable[Any]]]] = {
    _thread.LockType: lambda lock: [lock.locked()],
    _RLOCK_TYPE: _of_rlock,
    itertools.count: _of_count,
    types.FunctionType: _of_function,
    types.CellType: _of_cell,
    types.MethodType: lambda method: [method.__func__, method.__self__],
    types.BuiltinMethodType: lambda method: [method.__name__, method.__self__],  # or function
    functools.partial: lambda part: [part.func, part.args, part.keywords],
    slice: lambda piece: [piece.start, piece.stop, piece.step],
    types.MappingProxyType: lambda proxy: [dict(proxy)],
    Frozen: lambda kept: [kept.kind, kept.content],
    Held: lambda kept: [kept.value],
}
# First those that are derived from others.
_BASES: Final[tuple[tuple[type, Callable[[Any], Iterable[Any]]], ...]] = (
    # Its order is not that of the dict that it is derived from.
    (OrderedDict, lambda table: itertools.chain.from_iterable(OrderedDict.items(table))),
    (dict, lambda table: itertools.chain.from_iterable(dict.items(table))),
    (list, list.__iter__),
    (tuple, tuple.__iter__),
    (deque, lambda line: [line.maxlen, *deque.__iter__(line)]),
    # The size of its table, too: where `pop` and iteration begin depends on it.
    (set, lambda members: [set.__sizeof__(members), *set.__iter__(members)]),
    (frozenset, lambda members: [frozenset.__sizeof__(members), *frozenset.__iter__(members)]),
    (bytearray, lambda data: [bytes(data)]),
    (array, lambda data: [data.typecode, array.tobytes(data)]),
    (Random, lambda chance: [Random.getstate(chance)]),
    (weakref.ref, _of_reference),
    *((base, _text_by(base)) for base in (int, float, complex, str, bytes, Decimal)),
    *((base, _text_by(base)) for base in _SHOWN),
    (BaseException, lambda error: [BaseException.__getattribute__(error, "args")]),
    (object, lambda _: []),
)

"""Values as they were at one moment: what can change is copied into something that cannot.

A history keeps arguments and results long after the calls, and models put them into states that
are hashed. So a list becomes a `Frozen` of its kind: hashable, never changing, equal to another of
equal content, equal also to a plain list of that content.

Nothing of the user's runs here: no `__eq__`, `__hash__` or `__repr__` of a foreign class. An
object that is hashable is kept as it is, and compares as its class says.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Hashable  # noqa: TC003  # a base of a value type
from typing import Any, Final

MAX_DEPTH: Final = 100  # of what hangs in what; anything deeper is compared by identity

_ATOMS: Final = frozenset((int, str, bool, type(None), float, bytes, complex, range, type(...)))
_NOTHING: Final[dict[Any, Any]] = {}
_KEYS, _VALUES, _ITEMS = type(_NOTHING.keys()), type(_NOTHING.values()), type(_NOTHING.items())
_CONTAINERS: Final = (list, deque, dict, set, _KEYS, _VALUES, _ITEMS)


class Frozen:
    """A list, dict, set, deque or plain unhashable object as it was. Safe to share and to hash."""

    __slots__ = ("_hash", "content", "kind")

    def __init__(self, kind: str, content: tuple[Any, ...] | frozenset[Any]) -> None:
        self.kind = kind
        self.content = content
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Frozen):
            if type(other) in _ATOMS or isinstance(other, tuple):
                return False
            other = frozen(other)
            if not isinstance(other, Frozen):
                return NotImplemented
        if self.kind != other.kind:
            return False
        if self.kind == "dict":  # the order of its keys is no difference between two dicts
            return dict(self.content) == dict(other.content)
        return self.content == other.content

    def __lt__(self, other: object) -> bool:
        """Order lists as lists are ordered: a priority queue may hold [priority, thing]."""
        other = frozen(other)
        if not isinstance(other, Frozen) or not self.kind == other.kind == "list":
            return NotImplemented
        return tuple(self.content) < tuple(other.content)

    def __hash__(self) -> int:
        if self._hash is None:
            content = frozenset(self.content) if self.kind == "dict" else self.content
            self._hash = hash((self.kind, content))
        return self._hash

    def __repr__(self) -> str:
        if self.kind == "dict":
            return "{" + ", ".join(f"{key!r}: {value!r}" for key, value in self.content) + "}"
        shown = map(repr, self.content)
        inner = ", ".join(sorted(shown) if self.kind == "set" else shown)  # alike in every run
        if self.kind == "list":
            return f"[{inner}]"
        if self.kind == "set":
            return f"{{{inner}}}" if self.content else "set()"
        if self.kind == "deque":
            return f"deque([{inner}])"
        named = ", ".join(f"{name}={value!r}" for name, value in self.content)
        return f"{self.kind.rpartition('.')[2]}({named})"


class Held:
    """An object that can be neither copied nor hashed: it equals itself alone."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return self.value is (other.value if isinstance(other, Held) else other)

    def __hash__(self) -> int:
        return object.__hash__(self.value)

    def __repr__(self) -> str:
        return repr(self.value)


def frozen(value: object) -> Any:  # noqa: ANN401  # whatever was put in
    """Return a value that stays as this one is now, and that can be hashed.

    Lists, dicts, sets, deques, bytearrays, and what is in them and in tuples, are copied, classes
    derived from them as the plain thing. Objects that cannot be hashed but show their attributes
    (a dataclass) are copied by attribute. The rest is kept as it is.
    """
    if type(value) in _ATOMS:
        return value
    return _freeze(value, ())


def frozen_arguments(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments of a call as they are now: `frozen`, quick where they are simple."""
    for one in arguments:
        if type(one) not in _ATOMS:
            return tuple([frozen(each) for each in arguments])
    return arguments


def _freeze(value: object, above: tuple[int, ...]) -> Any:  # noqa: ANN401
    if type(value) in _ATOMS:
        return value
    if id(value) in above or len(above) > MAX_DEPTH:
        return Held(value)
    above = (*above, id(value))
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, tuple):
        return _tuple(value, above)
    if isinstance(value, _CONTAINERS):
        return _container(value, above)
    return _object(value, above)


def _container(value: Any, above: tuple[int, ...]) -> Frozen:  # noqa: ANN401  # of seven types
    if isinstance(value, set | _KEYS):
        return Frozen("set", frozenset(value))  # these are hashable already
    if isinstance(value, dict | _ITEMS):
        items = dict.items(value) if isinstance(value, dict) else value
        pairs = [(_freeze(key, above), _freeze(one, above)) for key, one in items]
        return Frozen("dict", tuple(pairs))
    kind = "deque" if isinstance(value, deque) else "list"
    return Frozen(kind, tuple([_freeze(one, above) for one in _items(value)]))


def _items(value: Any) -> list[Any]:  # noqa: ANN401
    """Return the items, past any `__iter__` that a derived class may have."""
    if isinstance(value, list):
        return list(list.__iter__(value))
    return list(deque.__iter__(value) if isinstance(value, deque) else value)


def _tuple(value: tuple[Any, ...], above: tuple[int, ...]) -> Any:  # noqa: ANN401
    items = tuple([_freeze(one, above) for one in tuple.__iter__(value)])
    same = all(new is old for new, old in zip(items, tuple.__iter__(value), strict=True))
    return value if same else items


def _object(value: object, above: tuple[int, ...]) -> Any:  # noqa: ANN401
    kind = type(value)
    by_fields = _has_hash_of_fields(kind)
    if _hashes(kind) and not by_fields:
        return value
    fields = _fields(value)
    pairs = tuple([(name, _freeze(one, above)) for name, one in fields])
    if by_fields and all(new[1] is old[1] for new, old in zip(pairs, fields, strict=True)):
        return value
    return Frozen(f"{kind.__module__}.{kind.__qualname__}", pairs) if pairs else Held(value)


def _hashes(kind: type) -> bool:
    method: object = kind.__hash__  # None is how a class says that it has none
    return method is not None


def _fields(value: object) -> list[tuple[str, object]]:
    """Return the attributes of an object and their values, past any `__getattr__` of its class."""
    names: list[str] = []
    for base in reversed(type(value).__mro__):
        slots = base.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else list(slots)
    found = []
    for name in names:
        with contextlib.suppress(AttributeError):  # a slot may be empty, or be called __dict__
            if not name.startswith("__"):
                found.append((name, object.__getattribute__(value, name)))
    with contextlib.suppress(AttributeError):
        found += object.__getattribute__(value, "__dict__").items()
    return found


def _has_hash_of_fields(kind: type) -> bool:
    """Say whether the class is a frozen dataclass: its fields may hold what cannot be hashed."""
    settings: Any = getattr(kind, "__dataclass_params__", None)
    return settings is not None and bool(settings.eq) and bool(settings.frozen)


def thawed(value: object) -> Any:  # noqa: ANN401  # what was frozen
    """Return a fresh copy, of the plain kind, of what was frozen; other values as they are."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Held):
        return value.value
    if type(value) is tuple:
        return tuple([thawed(one) for one in value])
    if not isinstance(value, Frozen):
        return value
    if value.kind == "dict":
        return {thawed(key): thawed(one) for key, one in value.content}
    make = {"list": list, "set": set, "deque": deque}.get(value.kind)
    return value if make is None else make([thawed(one) for one in value.content])


def same(left: object, right: object) -> bool:
    """Say whether two results count as one: the same object, or equal (a NaN is itself)."""
    return left is right or bool(left == right)


def hashable(value: object) -> Hashable:
    """Return the value if it can be hashed now, else something that stands for it alone."""
    try:
        hash(value)
    except TypeError:
        return Held(value)
    return value

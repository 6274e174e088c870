"""Numbers for the objects of one execution, and for their parts: identity without the object."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_OURS: Final = ("harness.primitives.", "harness.engine.", "harness.stateful.program_")
_roles: dict[type, str] = {}


class Numbering:
    """Gives each object a number of its own, from 1, in the order of first use."""

    __slots__ = ("_given", "_objects", "_parts")

    def __init__(self) -> None:
        self._objects: dict[int, tuple[int, Callable[[], object]]] = {}
        self._parts: dict[tuple[int, Any], int] = {}
        self._given = 0

    def number(self, obj: object) -> int:
        """Return the number of an object; 0 for None."""
        if obj is None:
            return 0
        known = self._objects.get(id(obj))
        if known is None or known[1]() is not obj:
            self._given += 1
            known = self._objects[id(obj)] = (self._given, hold(obj))
        return known[0]

    def part(self, number: int, key: Any) -> int:  # noqa: ANN401  # what the board takes as a key
        """Return the number of an attribute or item of the object with that number."""
        return self._parts.setdefault((number, key), len(self._parts) + 1)


def hold(obj: object) -> Callable[[], object]:
    """Return what gives `obj` back for as long as it lives, weakly where it can be.

    A record must not prolong a life: finalisers would run later than without it, and an object
    whose death the program waits for (a slice of a lent view) would never die. What cannot be
    referred to weakly is kept, so that its id stays taken.
    """
    try:
        return weakref.ref(obj)
    except TypeError:
        return lambda: obj


def role_of(cls: type) -> str:
    """Return which of our classes an object's class is, by name: "Lock", "Task"; empty if none."""
    role = _roles.get(cls)
    if role is None:
        ours = (base.__name__ for base in cls.__mro__ if base.__module__.startswith(_OURS))
        role = _roles[cls] = next(ours, "")
    return role

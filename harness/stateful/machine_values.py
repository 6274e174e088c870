"""Results of steps, so that those of two runs can be compared.

A result that compares by value (a number, a list of texts, a dataclass) is compared so. One that
equals only itself (a connection, a handle) is another object in every run: what can be compared is
where else the same one comes up. So each such object becomes a `Slot`, numbered in the order in
which a run shows them, and two runs agree if their slots pair up one to one.
"""

from __future__ import annotations

import math
import types
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.frozen import Frozen, Held, frozen
from harness.linearizability.operation import Raised

if TYPE_CHECKING:
    from collections.abc import Hashable

_ATOMS: Final = frozenset((int, str, bool, type(None), float, bytes, complex, Raised))
_SINGLE: Final = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, Enum)


@dataclass(frozen=True, slots=True)
class Slot:
    """An object that equals only itself.

    Attributes:
        number: In the order in which its run first showed them, from 0.
        type: Name of its class.
    """

    number: int
    type: str

    def __repr__(self) -> str:
        return f"<{self.type} {self.number}>"


class Slots:
    """The objects of one run that equal only themselves. Belongs to the run."""

    __slots__ = ("_held", "_numbers")

    def __init__(self) -> None:
        self._numbers: dict[int, Slot] = {}
        self._held: list[object] = []  # what has a number stays alive, so that no other gets its id

    def settle(self, result: object) -> Any:  # noqa: ANN401  # the value itself, where it can be kept
        """Return a result as it is now: unchanging, hashable, without foreign objects."""
        if type(result) in _ATOMS:
            return result
        return self._settle(frozen(result))

    def _settle(self, value: Any) -> Any:  # noqa: ANN401  # as above
        if type(value) in _ATOMS or isinstance(value, _SINGLE):
            return value
        if isinstance(value, Frozen):
            content = map(self._settle, value.content)
            kind = frozenset if isinstance(value.content, frozenset) else tuple
            return Frozen(value.kind, kind(content))
        if type(value) is tuple or isinstance(value, frozenset):
            return type(value)(map(self._settle, value))
        held = value.value if isinstance(value, Held) else value
        if type(held).__eq__ is not object.__eq__:
            return value
        slot = self._numbers.get(id(held))
        if slot is None:
            slot = self._numbers[id(held)] = Slot(len(self._held), type(held).__qualname__)
            self._held.append(held)
        return slot


class Pairing:
    """Which slot of one run is which value of another, as far as results have shown. A value."""

    __slots__ = ("_back", "_forth")

    def __init__(
        self, forth: dict[Slot, Hashable] | None = None, back: dict[Hashable, Slot] | None = None
    ) -> None:
        self._forth = forth or {}
        self._back = back or {}

    def with_equal(self, seen: object, wanted: object) -> Pairing | None:
        """Return the pairing under which two results are equal too; None if there is none.

        Args:
            seen: Of the run that is judged.
            wanted: Of the run that it is compared with, perhaps of another class: a number stands
                for a connection just as well.
        """
        forth, back = dict(self._forth), dict(self._back)
        return Pairing(forth, back) if _pair(seen, wanted, forth, back) else None


def _pair(
    seen: Any,  # noqa: ANN401  # any result
    wanted: Any,  # noqa: ANN401  # likewise
    forth: dict[Slot, Hashable],
    back: dict[Hashable, Slot],
) -> bool:
    if isinstance(seen, Slot):
        key = (type(wanted), wanted)
        return forth.setdefault(seen, key) == key and back.setdefault(key, seen) == seen
    if isinstance(seen, Frozen) and isinstance(wanted, Frozen):
        return _pair_frozen(seen, wanted, forth, back)
    if type(seen) is tuple and type(wanted) is tuple:
        return len(seen) == len(wanted) and all(
            _pair(one, two, forth, back) for one, two in zip(seen, wanted, strict=True)
        )
    if isinstance(seen, frozenset) and isinstance(wanted, frozenset):
        return _pair_sets(seen, wanted, forth)
    return seen is wanted or bool(seen == wanted) or _both_nan(seen, wanted)


def _pair_frozen(
    seen: Frozen, wanted: Frozen, forth: dict[Slot, Hashable], back: dict[Hashable, Slot]
) -> bool:
    if seen.kind != wanted.kind or len(seen.content) != len(wanted.content):
        return False
    if seen.kind == "dict" and not any(isinstance(key, Slot) for key, _ in seen.content):
        values = dict(wanted.content)
        return all(
            key in values and _pair(value, values[key], forth, back) for key, value in seen.content
        )
    return _pair(seen.content, wanted.content, forth, back)


def _pair_sets(seen: frozenset[Any], wanted: frozenset[Any], forth: dict[Slot, Hashable]) -> bool:
    """Compare what has no order: objects in it are compared where an earlier result showed them."""
    there = {(type(one), one) for one in wanted}
    return len(seen) == len(wanted) and all(
        forth.get(one, next(iter(there))) in there if isinstance(one, Slot) else one in wanted
        for one in seen
    )


def _both_nan(seen: object, wanted: object) -> bool:
    both = isinstance(seen, float) and isinstance(wanted, float)
    return both and math.isnan(seen) and math.isnan(wanted)  # type: ignore[arg-type]  # floats

"""Results of calls as a history keeps them: unchanging, and equal where nobody can tell them apart.

A result that equals only itself (an iterator, a handle) is another one in every execution and in
the model's, so it is kept by its class alone. Two kinds are told apart even so: the object under
test, and what the program itself has put in.
"""

from __future__ import annotations

import math
import types
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from harness.linearizability.frozen import Held, frozen

_ATOMS: Final = frozenset((int, str, bool, type(None), float, bytes))
_SINGLE: Final = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, Enum)
_IDENTITY: Final[Any] = object.__eq__


@dataclass(frozen=True, slots=True)
class Something:
    """A result of which only the class is known.

    Attributes:
        type: Its qualified name.
    """

    type: str

    def __repr__(self) -> str:
        return f"<{self.type}>"


ITSELF: Final = Something("the object itself")


def settled(output: object, subject: object, given: frozenset[int] = frozenset()) -> Any:  # noqa: ANN401  # what it was
    """Return a result as a history keeps it.

    Args:
        subject: The object under test.
        given: Identities of what the program puts in, which is told apart.
    """
    kind = type(output)
    if kind is float and output != output:  # noqa: PLR0124  # a NaN: one is as good as another
        return math.nan
    if kind in _ATOMS or id(output) in given:
        return output
    if output is subject:
        return ITSELF
    value = frozen(output)
    if isinstance(value, _SINGLE):
        return value
    if isinstance(value, Held) or type(value).__eq__ is _IDENTITY or not _hashes(value):
        return Something(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))
    return value


def _hashes(value: object) -> bool:
    """Say whether a value can be hashed; how a class of the user's fails to is its own affair."""
    try:
        hash(value)
    except Exception:  # noqa: BLE001  # as above
        return False
    return True


def identities(given: tuple[object, ...]) -> frozenset[int]:
    """Return the identities of what is put in, and of what is in that."""
    found: set[int] = set()
    waiting = list(given)
    while waiting:
        value = waiting.pop()
        if type(value) in _ATOMS or id(value) in found:
            continue
        found.add(id(value))
        if isinstance(value, tuple | list | set | frozenset):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend((*value.keys(), *value.values()))
    return frozenset(found)

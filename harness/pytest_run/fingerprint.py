"""What is in a value that several executions share, so that a change can be named.

Looked into are containers, and objects of the user's own classes; what a library's object does with
its insides (pools, caches) is its own business, and so is a `cached_property` that was filled.
Nothing of the user's is called.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from enum import Enum
from types import MemberDescriptorType, ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from harness.engine.recorder import describe
from harness.primitives.reach import is_library, is_untouched

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_PLACES: Final = 2_000  # of one value: about 2 ms
MAX_ITEMS: Final = 200  # of one container
MAX_DEPTH: Final = 12
_PLAIN: Final = (int, float, complex, bool, str, bytes, bytearray, type(None), Enum)
_LISTS: Final = (list, tuple, deque)
_SETS: Final = (set, frozenset)
_HEAP_TYPE: Final = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement, or close to it

Fingerprint = dict[str, tuple[object, str]]


def fingerprint(value: object, name: str) -> Fingerprint:
    """Return what is in a value: for each place in it, what is compared and what is shown.

    Args:
        name: What the value is called; places are called by their way from it.
    """
    found: Fingerprint = {}
    for place, part in _walk(value, name):
        found[place] = _compared(part), describe(part)
        if len(found) >= MAX_PLACES:
            break
    return found


def change(before: Fingerprint, after: Fingerprint) -> str:
    """Return the first difference in words; empty where there is none."""
    for place in {**before, **after}:
        old, new = before.get(place), after.get(place)
        if old is None or new is None:
            continue  # its container tells: another length, or other names
        if old[0] != new[0]:
            shown = (old[1], new[1]) if old[1] != new[1] else ("something", "something else")
            return f"{place} was {shown[0]}, and is {shown[1]}"
    for place in {**before, **after}:
        if place not in after:
            return f"{place} is gone"
        if place not in before:
            return f"{place} is new"
    return ""


def _walk(value: object, name: str) -> Iterator[tuple[str, Any]]:
    """Yield places breadth first, so that what is told is near to the name."""
    seen: set[int] = set()
    waiting: deque[tuple[str, Any, int]] = deque([(name, value, 0)])
    while waiting:
        place, part, depth = waiting.popleft()
        if id(part) in seen and not isinstance(part, _PLAIN):
            continue
        seen.add(id(part))
        yield place, part
        if depth < MAX_DEPTH:
            waiting.extend((inner, held, depth + 1) for inner, held in _parts(place, part))


def _parts(place: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # any value
    if isinstance(value, _PLAIN):
        return
    if type(value) in _LISTS:
        for index, held in enumerate(list(value)[:MAX_ITEMS]):
            yield f"{place}[{index}]", held
    elif isinstance(value, dict):
        for key, held in list(dict.items(value))[:MAX_ITEMS]:
            yield f"{place}[{_key(key)}]", held
    elif _is_users(type(value)):
        for key, held in _attributes(value):
            yield f"{place}.{key}", held


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # a user's object
    own = getattr(value, "__dict__", None)
    cached = {
        name
        for base in type(value).__mro__
        for name, member in vars(base).items()
        if isinstance(member, functools.cached_property)
    }
    if type(own) is dict:
        yield from ((key, held) for key, held in list(own.items()) if key not in cached)
    for base in type(value).__mro__:
        for name, slot in list(vars(base).items()):
            if isinstance(slot, MemberDescriptorType):
                try:
                    yield name, object.__getattribute__(value, name)
                except AttributeError:
                    continue  # not set


def _compared(value: Any) -> object:  # noqa: ANN401  # any value
    if isinstance(value, _PLAIN):
        return type(value), bytes(value) if isinstance(value, bytearray) else value
    if isinstance(value, _SETS):
        plain = frozenset(item for item in value if isinstance(item, _PLAIN))
        return type(value), len(value), plain
    if type(value) in _LISTS or isinstance(value, dict):
        return type(value), len(value)
    return type(value)


def _key(key: object) -> str:
    return describe(key)


def _is_users(cls: type) -> bool:
    if cls is SimpleNamespace:
        return True
    if not cls.__flags__ & _HEAP_TYPE or issubclass(cls, (type, ModuleType)):
        return False
    module = sys.modules.get(cls.__module__)
    return module is not None and not is_library(module) and not is_untouched(cls.__module__)

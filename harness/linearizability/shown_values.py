"""Values in words: bounded, on one line, and without what may be a secret.

Plain data is shown as Python writes it. Bytes may be a key, so only their length is shown, with a
number that is the same for equal ones: `<bytes#1 of 32>`. An object whose class says how it wants
to be shown (a redacted `__repr__`, say) is shown so; one that does not, by its class and a number.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from enum import Enum
from itertools import islice
from typing import Any, Final

from harness.linearizability.frozen import Frozen, Held
from harness.linearizability.operation import Raised

MAX_TEXT: Final = 60  # characters of one text
MAX_ITEMS: Final = 12  # of one container
MAX_DEPTH: Final = 4  # of containers in containers
MAX_BITS: Final = 200  # of an integer: 60 digits
_PLAIN: Final = (type(None), bool, float, complex, type(...), range)
_BRACKETS: Final[dict[type, str]] = {tuple: "()", list: "[]", set: "{}", frozenset: "{}"}
_KINDS: Final = {"list": "[]", "set": "{}", "deque": "[]"}
_ADDRESS: Final = re.compile(r" at 0x[0-9a-fA-F]+")


class Values:
    """Shows the values of one history; equal ones that are not shown get equal numbers.

    Without numbers where only a part of a history is seen: the same number would mean other values.
    """

    def __init__(self, *, numbered: bool = True) -> None:
        self._hidden: dict[str, list[Any]] | None = {} if numbered else None

    def show(self, value: object, *, depth: int = MAX_DEPTH) -> str:  # a kind each
        """Return a value in words, on one line, in at most a few hundred characters."""
        if type(value) in _PLAIN or isinstance(value, Raised):
            return one_line(str(value) if isinstance(value, Raised) else repr(value))
        if type(value) is int:
            wide = value.bit_length() > MAX_BITS
            return f"<int of {value.bit_length()} bits>" if wide else repr(value)
        if type(value) is str:
            return shortened_text(value)
        if isinstance(value, bytes | bytearray | memoryview):
            return self._number(f"{type(value).__name__}", bytes(value), f" of {len(value)}")
        if isinstance(value, Held):
            return self.show(value.value, depth=depth)
        return self._container(value, depth) or self._object(value, depth)

    def _container(self, value: Any, depth: int) -> str:  # noqa: ANN401  # any container
        if isinstance(value, Frozen):
            return self._frozen(value, depth)
        if type(value) is dict:
            return self._pairs(value.items(), len(value), depth)
        if type(value) is deque:
            return f"deque({self._items(value, '[]', depth)})"
        if type(value) in _BRACKETS:
            return self._items(value, _BRACKETS[type(value)], depth)
        return ""

    def _frozen(self, value: Frozen, depth: int) -> str:
        if value.kind == "dict":
            return self._pairs(value.content, len(value.content), depth)
        if value.kind in _KINDS:
            return self._items(value.content, _KINDS[value.kind], depth)
        # A copy of an object does not know how the object was shown.
        return self._number(value.kind.rpartition(".")[2], value)

    def _items(self, items: Any, brackets: str, depth: int) -> str:  # noqa: ANN401
        if not depth:
            return f"{brackets[0]}…{brackets[1]}"
        shown = [self.show(one, depth=depth - 1) for one in islice(items, MAX_ITEMS)]
        if isinstance(items, set | frozenset):
            if not items:
                return "set()"
            shown.sort()
        if len(items) > MAX_ITEMS:
            shown.append(f"… {len(items) - MAX_ITEMS} more")
        only = "," if brackets == "()" and len(items) == 1 else ""
        return f"{brackets[0]}{', '.join(shown)}{only}{brackets[1]}"

    def _pairs(self, pairs: Any, count: int, depth: int) -> str:  # noqa: ANN401
        if not depth:
            return "{…}"
        shown = [
            f"{self.show(key, depth=depth - 1)}: {self.show(one, depth=depth - 1)}"
            for key, one in islice(pairs, MAX_ITEMS)
        ]
        if count > MAX_ITEMS:
            shown.append(f"… {count - MAX_ITEMS} more")
        return f"{{{', '.join(shown)}}}"

    def _named(self, kind: str, fields: list[tuple[str, Any]], depth: int) -> str:
        if not depth:
            return f"{one_line(kind)}(…)"
        shown = [f"{name}={self.show(one, depth=depth - 1)}" for name, one in fields[:MAX_ITEMS]]
        if len(fields) > MAX_ITEMS:
            shown.append(f"… {len(fields) - MAX_ITEMS} more")
        return f"{one_line(kind)}({', '.join(shown)})"

    def _object(self, value: object, depth: int) -> str:
        kind = type(value).__name__
        if isinstance(value, Enum) and type(value).__repr__ is Enum.__repr__:
            return one_line(f"{kind}.{value.name}")
        if type(value).__repr__ is object.__repr__:
            return self._number(kind, value)
        fields = _shown_fields(value)
        if fields is not None:
            return self._named(kind, fields, depth)
        try:
            return shortened(_ADDRESS.sub("", repr(value)), 2 * MAX_TEXT)
        except Exception:  # noqa: BLE001  # the picture of a failure must not fail itself
            return self._number(kind, value)

    def _number(self, kind: str, value: object, more: str = "") -> str:
        if self._hidden is None:
            return f"<{one_line(kind)}{more}>"
        known = self._hidden.setdefault(kind, [])
        for number, one in enumerate(known, start=1):
            if one is value or one == value:
                return f"<{one_line(kind)}#{number}{more}>"
        known.append(value)
        return f"<{one_line(kind)}#{len(known)}{more}>"


def _shown_fields(value: Any) -> list[tuple[str, Any]] | None:  # noqa: ANN401  # any object
    """Return what a generated `__repr__` would show; None where the class wrote its own."""
    shows = type(value).__repr__
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        generated = shows.__qualname__.endswith(f"{type(value).__name__}.__repr__")
        return list(zip(value._fields, value, strict=True)) if generated else None
    if is_dataclass(value) and hasattr(shows, "__wrapped__"):  # by reprlib.recursive_repr
        named = [field.name for field in dataclass_fields(value) if field.repr]
        return [(name, getattr(value, name, "?")) for name in named]
    return None


def shortened_text(value: str, limit: int = MAX_TEXT) -> str:
    """Return a string as Python writes it; of a long one the beginning and its length."""
    if len(value) <= limit:
        return one_line(repr(value))
    return one_line(f"{value[:limit]!r}… ({len(value):,} characters)")


def shortened(text: str, limit: int) -> str:
    """Return a text on one line, at most `limit` characters long."""
    clean = one_line(text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def one_line(text: str) -> str:
    """Return a text without anything that moves the cursor or turns the direction of writing."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(one) in ("W", "F") for one in text)
    return len(text) + wide - sum(unicodedata.combining(one) > 0 for one in text)

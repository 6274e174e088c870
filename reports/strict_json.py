"""JSON from outside, read as if somebody hostile had written it.

Python's parser takes NaN, infinities, duplicate keys and any size, and lets deep nesting end in a
RecursionError. Each of these is a refusal here, with the reason and the place.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from reports import limits
from reports.errors import DamagedDocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_Member = TypeVar("_Member", bound=StrEnum)
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_CHUNK_BYTES = 1 << 20


def read_bytes(path: Path) -> bytes:
    """Return a regular file's bytes, at most `limits.DOCUMENT_BYTES` of them.

    Raises:
        DamagedDocumentError: It cannot be read, is no regular file, or is larger.
    """
    try:
        if not path.is_file():  # a named pipe or device would block or never end
            raise DamagedDocumentError(str(path), "it is not a regular file")
        with path.open("rb") as file:
            data = file.read(limits.DOCUMENT_BYTES + 1)
    except OSError as error:
        raise DamagedDocumentError(str(path), f"it cannot be read ({error.strerror})") from error
    if len(data) > limits.DOCUMENT_BYTES:
        raise DamagedDocumentError(str(path), f"it is larger than {limits.DOCUMENT_BYTES:,} bytes")
    return data


def parse(data: bytes, *, document: str) -> Fields:
    """Return the fields of the one JSON object in `data`.

    Raises:
        DamagedDocumentError: It is not UTF-8, not JSON, not an object, nested too deep, has a
            duplicate key or a number that is not finite.
    """
    _check_depth(data, document)

    def refuse(reason: str) -> NoReturn:
        raise DamagedDocumentError(document, reason)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            refuse("a key stands twice in one object")
        return fields

    def finite(text: str) -> float:
        number = float(text)
        return number if math.isfinite(number) else refuse(f"the number {text[:40]} is too large")

    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=unique,
            parse_float=finite,
            parse_constant=lambda name: refuse(f"it holds {name}, which is no number"),
        )
    except UnicodeDecodeError as error:
        raise DamagedDocumentError(document, f"byte {error.start} is not UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise DamagedDocumentError(document, f"no JSON at {place}: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits
        raise DamagedDocumentError(document, str(error)[:200]) from error
    if not isinstance(value, dict):
        refuse(f"it holds a {type(value).__name__} where an object belongs")
    return Fields(value, document=document)


def _check_depth(data: bytes, document: str) -> None:
    # Counted before parsing: a recursion limit hit inside the C parser differs by Python version.
    depth = 0
    for match in _STRUCTURE.finditer(data):
        mark = match.group()
        if mark in b"[{":
            depth += 1
            if depth > limits.DEPTH:
                raise DamagedDocumentError(document, f"it nests deeper than {limits.DEPTH} levels")
        elif mark in b"]}":
            depth -= 1


class Fields:
    """One JSON object, whose fields are read by name and expected type.

    Every method raises DamagedDocumentError, naming the place, when the field is absent (unless
    the method's name says it may be) or of another type.
    """

    __slots__ = ("_document", "_place", "_values")

    def __init__(self, values: dict[str, Any], *, document: str, place: str = "") -> None:
        self._values = values
        self._document = document
        self._place = place

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields, in the document's order."""
        return tuple(self._values)

    def refuse(self, name: str, reason: str) -> NoReturn:
        """Raise the error that names this field."""
        where = f"{self._place}.{name}" if self._place else name
        raise DamagedDocumentError(self._document, f"{where} {reason}")

    def text(self, name: str, *, most: int = limits.NAME_CHARS, default: str | None = None) -> str:
        """Return a text field; `default` stands in for an absent one."""
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            self.refuse(name, f"is {_kind(value)} where text belongs")
        if len(value) > most:
            self.refuse(name, f"has {len(value):,} characters, more than {most:,}")
        if any("\ud800" <= char <= "\udfff" for char in value):
            self.refuse(name, "holds half a character (a lone surrogate)")
        return value

    def number(self, name: str) -> float:
        """Return a finite number as a float."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(name, f"is {_kind(value)} where a number belongs")
        try:
            return float(value)
        except OverflowError:
            self.refuse(name, "is too large a number")

    def number_or_none(self, name: str) -> float | None:
        """Return a finite number, or None when the field is absent or null."""
        return None if self._values.get(name) is None else self.number(name)

    def integer(self, name: str, *, least: int, most: int = 2**53) -> int:
        """Return an integer within its bounds."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(name, f"is {_kind(value)} where an integer belongs")
        if not least <= value <= most:
            self.refuse(name, f"is not between {least} and {most}")
        return value

    def flag(self, name: str) -> bool:
        """Return a true or false."""
        value = self._values.get(name)
        if not isinstance(value, bool):
            self.refuse(name, f"is {_kind(value)} where true or false belongs")
        return value

    def time(self, name: str) -> datetime:
        """Return an ISO 8601 time in UTC; one without a zone is taken as UTC."""
        text = self.text(name)
        try:
            when = datetime.fromisoformat(text)
            return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse(name, f"is {text[:40]!r} where an ISO 8601 time belongs")

    def member(self, name: str, members: type[_Member]) -> _Member:
        """Return the member of the enum whose value stands in the field."""
        value = self.text(name)
        try:
            return members(value)
        except ValueError:
            known = ", ".join(member.value for member in members)
            self.refuse(name, f"is {value[:60]!r}; known are {known}")

    def inner(self, name: str) -> Fields:
        """Return the fields of the object in the field."""
        return self._object(name, self._values.get(name))

    def objects(self, name: str, *, most: int) -> Sequence[Fields]:
        """Return the objects of a list of at most `most`."""
        value = self._values.get(name)
        if not isinstance(value, list):
            self.refuse(name, f"is {_kind(value)} where a list belongs")
        if len(value) > most:
            self.refuse(name, f"has {len(value):,} entries, more than {most:,}")
        return [self._object(f"{name}[{at}]", one) for at, one in enumerate(value)]

    def pairs(self, name: str, *, most: int) -> tuple[tuple[float, float], ...]:
        """Return a list of at most `most` pairs of finite numbers; an absent one is empty."""
        value = self._values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            self.refuse(name, f"is not a list of at most {most} pairs")
        return tuple(self._pair(f"{name}[{at}]", one) for at, one in enumerate(value))

    def text_list(self, name: str, *, most: int) -> tuple[str, ...]:
        """Return a list of at most `most` texts."""
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > most:
            self.refuse(name, f"is not a list of at most {most} texts")
        numbered = Fields(
            {str(at): one for at, one in enumerate(value)},
            document=self._document,
            place=f"{self._place}.{name}" if self._place else name,
        )
        return tuple(numbered.text(key) for key in numbered.names())

    def texts(self, name: str, *, most: int = limits.PARAMS) -> dict[str, str]:
        """Return an object whose every value is text; an absent one is empty."""
        if self._values.get(name) is None:
            return {}
        inner = self.inner(name)
        if len(inner.names()) > most:
            self.refuse(name, f"has {len(inner.names())} names, more than {most}")
        return {key: inner.text(key, most=limits.TEXT_CHARS) for key in inner.names()}

    def texts_only(self) -> dict[str, str]:
        """Return the fields that are text or numbers, as text; leave out everything else.

        For free-form objects, where a list is no mistake but nothing to show either.
        """
        plain = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in self._values.items()
            if isinstance(value, str | int | float)
        }
        kept = {name: value for name, value in plain.items() if 0 < len(name) <= limits.NAME_CHARS}
        if len(kept) > limits.PARAMS:
            raise DamagedDocumentError(self._document, f"{self._place} has {len(kept)} names")
        inner = Fields(kept, document=self._document, place=self._place)
        return {name: inner.text(name, most=limits.TEXT_CHARS) for name in kept}

    def _pair(self, name: str, value: object) -> tuple[float, float]:
        if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004  # that is a pair
            self.refuse(name, "is no pair of numbers")
        place = f"{self._place}.{name}" if self._place else name
        both = Fields({"0": value[0], "1": value[1]}, document=self._document, place=place)
        return both.number("0"), both.number("1")

    def _object(self, name: str, value: object) -> Fields:
        if not isinstance(value, dict):
            self.refuse(name, f"is {_kind(value)} where an object belongs")
        place = f"{self._place}.{name}" if self._place else name
        return Fields(value, document=self._document, place=place)


def _kind(value: object) -> str:
    return "absent" if value is None else f"a {type(value).__name__}"

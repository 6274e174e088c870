"""One JSON object from outside, whose fields are read by name and expected type."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from reports import json_places, limits
from reports.errors import DamagedDocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.json_places import Step

_Member = TypeVar("_Member", bound=StrEnum)
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


class Source:
    """The text that fields come from: what an error names and where its line is looked up."""

    __slots__ = ("document", "nan", "text")

    def __init__(self, document: str, text: str = "") -> None:
        self.document = document
        self.text = text
        self.nan = False

    def refuse(self, path: Sequence[Step], reason: str) -> NoReturn:
        """Raise the error that names the value at `path`."""
        place = json_places.offset_of(self.text, path) if self.text else None
        self.refuse_at(place, reason)

    def refuse_nan(self) -> NoReturn:
        """Raise the error that names the line of the first NaN."""
        where = json_places.constant(self.text, frozenset({"NaN"}))
        self.refuse_at(where, "it holds NaN, which is no number")

    def refuse_at(self, at: int | None, reason: str) -> NoReturn:
        """Raise the error that names the line of the character at `at`."""
        if at is None or not self.text:
            raise DamagedDocumentError(self.document, reason)
        line, column = json_places.line_and_column(self.text, at)
        raise DamagedDocumentError(self.document, reason, line, column)


class Fields:
    """One JSON object, whose fields are read by name and expected type.

    Every method raises DamagedDocumentError, naming the line and the place, when the field is
    absent (unless the method's name says it may be) or of another type.
    """

    __slots__ = ("_path", "_steps", "_values", "source")

    def __init__(
        self,
        values: dict[str, Any],
        *,
        document: str,
        source: Source | None = None,
        path: tuple[Step, ...] | None = (),
    ) -> None:
        self._values = values
        self._path = path
        self._steps: dict[str, tuple[Step, ...]] = {}
        self.source = source or Source(document)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields, in the document's order."""
        return tuple(self._values)

    def is_list(self, name: str) -> bool:
        """Return whether a list stands in the field."""
        return isinstance(self._values.get(name), list)

    def is_object(self, name: str) -> bool:
        """Return whether an object stands in the field."""
        return isinstance(self._values.get(name), dict)

    def are_objects_with(self, name: str, *keys: str) -> bool:
        """Return whether a list stands in the field, of objects that have all of `keys`."""
        values = self._values.get(name)
        if not isinstance(values, list) or not values:
            return False
        return all(isinstance(one, dict) and all(key in one for key in keys) for one in values)

    def refuse(self, name: str, reason: str) -> NoReturn:
        """Raise the error that names this field."""
        self._refuse((name,), reason)

    def text(self, name: str, *, most: int = limits.NAME_CHARS, default: str | None = None) -> str:
        """Return a text field; `default` stands in for an absent one."""
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        return self._text((name,), value, most=most)

    def text_or_number(self, name: str) -> str:
        """Return a text, or a number as text."""
        value = self._values.get(name)
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        return repr(value) if plain else self.text(name)

    def number(self, name: str) -> float:
        """Return a finite number as a float."""
        return self._number((name,), self._values.get(name))

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

    def epoch_time(self, name: str) -> datetime:
        """Return the time of a count of milliseconds since 1970, as JavaScript writes it."""
        try:
            return datetime.fromtimestamp(self.number(name) / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            self.refuse(name, "is no time in milliseconds since 1970")

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
        return self._object((name,), self._values.get(name))

    def objects(self, name: str, *, most: int) -> list[Fields]:
        """Return the objects of a list of at most `most`."""
        values = self._list(name, most=most, of="entries")
        return [self._object((name, at), one) for at, one in enumerate(values)]

    def numbers(self, name: str, *, most: int) -> tuple[float, ...]:
        """Return a list of at most `most` finite numbers."""
        values = self._list(name, most=most, of="numbers")
        return tuple(self._number((name, at), one) for at, one in enumerate(values))

    def pairs(self, name: str, *, most: int) -> tuple[tuple[float, float], ...]:
        """Return a list of at most `most` pairs of finite numbers; an absent one is empty."""
        value = self._values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > most:
            self.refuse(name, f"is not a list of at most {most} pairs")
        return tuple(self._pair((name, at), one) for at, one in enumerate(value))

    def text_list(self, name: str, *, most: int) -> tuple[str, ...]:
        """Return a list of at most `most` texts."""
        value = self._values.get(name)
        if not isinstance(value, list) or len(value) > most:
            self.refuse(name, f"is not a list of at most {most} texts")
        return tuple(self._text((name, at), one) for at, one in enumerate(value))

    def texts(self, name: str, *, most: int = limits.PARAMS) -> dict[str, str]:
        """Return an object whose every value is text; an absent one is empty."""
        if self._values.get(name) is None:
            return {}
        inner = self.inner(name)
        if len(inner.names()) > most:
            self.refuse(name, f"has {len(inner.names())} names, more than {most}")
        inner.check_names()
        return {key: inner.text(key, most=limits.TEXT_CHARS) for key in inner.names()}

    def texts_only(self) -> dict[str, str]:
        """Return the fields that are text or numbers, as text; leave out everything else.

        For free-form objects, where a list is no mistake but nothing to show either.
        """
        kept = {
            name: value if isinstance(value, str) else _plain(value)
            for name, value in self._values.items()
            if isinstance(value, str | int | float) and 0 < len(name) <= limits.NAME_CHARS
        }
        if len(kept) > limits.PARAMS:
            self._refuse((), f"has {len(kept)} names")
        self.check_names()
        return {
            name: self._text((name,), value, most=limits.TEXT_CHARS) for name, value in kept.items()
        }

    def row(self, name: str, columns: Sequence[str], *, only: str) -> Fields:
        """Return the cells of a table's row by their columns.

        A row is a list in the order of `columns`, an object that names them itself, or a single
        value of the column `only`.
        """
        value = self._values.get(name)
        if isinstance(value, dict):
            return self._object((name,), value)
        cells = (
            dict(zip(columns, value, strict=False)) if isinstance(value, list) else {only: value}
        )
        found = Fields(
            cells,
            document=self.source.document,
            source=self.source,
            path=self._inner_path((name,)),
        )
        listed = isinstance(value, list)
        found._steps = {one: (at,) if listed else () for at, one in enumerate(cells)}
        return found

    def cells(self, name: str, *, most: int) -> tuple[float | None, ...]:
        """Return a list of numbers in which null and NaN stand; one alone is a list of one."""
        value = self._values.get(name)
        if not isinstance(value, list):
            return (self._cell((name,), value),)
        if len(value) > most:
            self.refuse(name, f"has {len(value):,} entries, more than {most:,}")
        return tuple(self._cell((name, at), one) for at, one in enumerate(value))

    def objects_or_none(self, name: str, *, most: int) -> list[Fields | None]:
        """Return a list of objects in which null may stand; one alone is a list of one."""
        if self.is_object(name):
            return [self.inner(name)]
        values = self._list(name, most=most, of="entries")
        return [
            None if one is None else self._object((name, at), one) for at, one in enumerate(values)
        ]

    def samples(self, name: str, at: int) -> tuple[float, ...]:
        """Return the numbers of the list at a place of a list of lists, none if there is none."""
        lists = self._list(name, most=limits.RECORDS, of="entries") if name in self else []
        inner = lists[at] if at < len(lists) else None
        if inner is None:
            return ()
        if not isinstance(inner, list):
            self._refuse((name, at), f"is {_kind(inner)} where a list belongs")
        return tuple(self._number((name, at, n), one) for n, one in enumerate(inner))

    def text_lists(self, name: str, *, most: int) -> tuple[tuple[str, ...], ...]:
        """Return a list of at most `most` lists of texts; an absent one is empty."""
        value = self._values.get(name)
        if value is None:
            return ()
        outer = self._list(name, most=most, of="lists")
        return tuple(self._text_list((name, at), one) for at, one in enumerate(outer))

    def check_names(self) -> None:
        """Refuse names that no other program could read."""
        for name in self._values:
            if _has_half_characters(name):
                self._refuse((), "has a name with half a character (a lone surrogate)")

    def _refuse(self, steps: tuple[Step, ...], reason: str) -> NoReturn:
        path = self._inner_path(steps)
        place = _place(path)
        self.source.refuse(path, f"{place} {reason}" if place else f"it {reason}")

    def _text(
        self, steps: tuple[Step, ...], value: object, *, most: int = limits.NAME_CHARS
    ) -> str:
        if not isinstance(value, str):
            self._refuse(steps, f"is {_kind(value)} where text belongs")
        if len(value) > most:
            self._refuse(steps, f"has {len(value):,} characters, more than {most:,}")
        if _has_half_characters(value):
            self._refuse(steps, "holds half a character (a lone surrogate)")
        return value

    def _number(self, steps: tuple[Step, ...], value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(steps, f"is {_kind(value)} where a number belongs")
        try:
            number = float(value)
        except OverflowError:
            self._refuse(steps, "is too large a number")
        if not math.isfinite(number):
            self._refuse(steps, "is NaN where a number belongs")
        return number

    def _cell(self, steps: tuple[Step, ...], value: object) -> float | None:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return value
        return self._number(steps, value)

    def _text_list(self, steps: tuple[Step, ...], value: object) -> tuple[str, ...]:
        if not isinstance(value, list):
            self._refuse(steps, f"is {_kind(value)} where a list belongs")
        return tuple(
            self._text((*steps, at), one, most=limits.TEXT_CHARS) for at, one in enumerate(value)
        )

    def _list(self, name: str, *, most: int, of: str) -> list[Any]:
        value = self._values.get(name)
        if not isinstance(value, list):
            self.refuse(name, f"is {_kind(value)} where a list belongs")
        if len(value) > most:
            self.refuse(name, f"has {len(value):,} {of}, more than {most:,}")
        return value

    def _pair(self, steps: tuple[Step, ...], value: object) -> tuple[float, float]:
        if not isinstance(value, list) or len(value) != 2:  # noqa: PLR2004  # that is a pair
            self._refuse(steps, "is no pair of numbers")
        return self._number((*steps, 0), value[0]), self._number((*steps, 1), value[1])

    def _object(self, steps: tuple[Step, ...], value: object) -> Fields:
        if not isinstance(value, dict):
            self._refuse(steps, f"is {_kind(value)} where an object belongs")
        path = self._inner_path(steps)
        return Fields(value, document=self.source.document, source=self.source, path=path)

    def _inner_path(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        if self._path is None:
            return steps[1:]  # a list at the root has no name
        first = self._steps.get(str(steps[0]), steps[:1]) if steps else ()
        return (*self._path, *first, *steps[1:])


def _has_half_characters(text: str) -> bool:
    return not text.isascii() and _HALF_CHARACTER.search(text) is not None


def _place(path: Sequence[Step]) -> str:
    """Return a path as a reader writes it, such as "benchmarks[3].stats.median"."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step[:80]}" for step in path]
    return "".join(steps).removeprefix(".")


def _plain(value: float) -> str:
    """Return a number, or true or false, as JSON writes it."""
    return repr(value).lower() if isinstance(value, bool) else repr(value)


def _kind(value: object) -> str:  # noqa: PLR0911  # one line a type of JSON
    match value:
        case None:
            return "absent"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int():
            return "an integer"
        case float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"

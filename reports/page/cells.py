"""What the tables of all sections share: marks, numbers as cells, the worst rows first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from reports.quantities import number, quantity
from reports.record import Outcome
from reports.selection import RAN_AT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markupsafe import Markup

    from reports.record import Measure, Record

ABSENT: Final = "\u2013"
_URGENCY: Final = (Outcome.FAILED, Outcome.UNDECIDED, Outcome.SKIPPED, Outcome.PASSED)
_SEPARATED: Final = re.compile(r"(?<=[_/.:])(?=\w)")

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Generic[_Row]):
    """Rows of a table: those at sight, those behind a click, and how many are only in the store."""

    first: tuple[_Row, ...]
    folded: tuple[_Row, ...] = ()
    left_out: int = 0


def bounded(rows: Sequence[_Row], *, first: int, most: int) -> Rows[_Row]:
    """Return the rows, of which `first` are at sight and `most` on the page at all."""
    return Rows(
        first=tuple(rows[:first]),
        folded=tuple(rows[first:most]),
        left_out=max(len(rows) - most, 0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[_Row]):
    """All checks of one kind, the failed first, with a sentence on all of them."""

    summary: str
    badge: str
    rows: Rows[_Row]


def listing(
    records: Sequence[Record],
    *,
    row: Callable[[Record], _Row],
    summary: Callable[[Sequence[Record]], str],
    first: int,
    most: int,
) -> Listing[_Row] | None:
    """Return the checks as rows, or None where there are none.

    Args:
        row: Draws one; it is asked for no more than `most`.
        first: Rows at sight.
        most: Rows on the page at all.
    """
    if not records:
        return None
    records = by_urgency(records)
    shown = bounded([row(record) for record in records[:most]], first=first, most=most)
    left_out = len(records) - len(records[:most])
    return Listing(
        summary=summary(records),
        badge=badge_of(records),
        rows=Rows(first=shown.first, folded=shown.folded, left_out=left_out),
    )


def ran_at(record: Record) -> str:
    """Return at which code a check ran that the newest has not seen, or an empty text."""
    code = record.params.get(RAN_AT, "")
    return f"ran at {code}, not since" if code else ""


def breakable(text: str) -> Markup:
    """Return a name as HTML that breaks behind its separators, not in the middle of a word."""
    from markupsafe import Markup, escape  # noqa: PLC0415  # Jinja2's, loaded only with it

    return Markup("<wbr>").join(escape(part) for part in _SEPARATED.split(text))


def by_urgency(records: Sequence[Record]) -> list[Record]:
    """Return the failed records first, then the undecided; within these the order stays."""
    return sorted(records, key=lambda record: _URGENCY.index(record.outcome))


def badge_of(records: Sequence[Record]) -> str:
    """Return what the navigation says of these records: how many failed, or nothing."""
    for outcome in (Outcome.FAILED, Outcome.UNDECIDED):
        found = sum(record.outcome is outcome for record in records)
        if found:
            return f"{number(found)} {outcome.value}"
    return ""


def cell(measure: Measure | None) -> str:
    """Return a measure with its unit, unless its metric says the unit already."""
    if measure is None:
        return ABSENT
    said = measure.unit in {"1", "count"} or measure.unit.rstrip("s") in measure.metric.split()
    return quantity(measure.value, "" if said or measure.unit == measure.metric else measure.unit)


def bare(measure: Measure | None) -> str:
    """Return a measure's value alone."""
    return ABSENT if measure is None else number(measure.value)


def value_of(record: Record, metric: str) -> float | None:
    """Return the value of one metric, or None where it was not measured."""
    measure = record.measure(metric)
    return None if measure is None else measure.value


def first_line(text: str) -> str:
    """Return the first line that says something."""
    return text.strip().partition("\n")[0]


def whole_percent(share: float) -> str:
    """Return a share, 0 to 1, in percent; what is neither none nor all is never called so."""
    percent = share * 100
    if 0 < percent < 0.5:  # noqa: PLR2004  # it would be rounded to none
        return "<1"
    if 99.5 <= percent < 100:  # noqa: PLR2004  # it would be rounded to all
        return ">99"
    return f"{percent:.0f}"

"""What the tables of all sections share: marks, numbers as cells, stories, the worst rows first."""

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
_LEAD_CHARS: Final = 200  # three lines; what is longer belongs to the story
_STORY_CHARS: Final = 20_000  # of one story on the page; the document keeps all of it

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a check said when it did not pass, and the line that runs it again."""

    lead: str
    rest: str
    lines: int
    replay: str


def story_of(record: Record) -> Story | None:
    """Return what is to be told of a record, or None of one that passed or says nothing."""
    if record.outcome in {Outcome.PASSED, Outcome.SKIPPED}:
        return None
    if not record.message.strip() and record.outcome is not Outcome.FAILED:
        return None
    lead, _, rest = record.message.strip().partition("\n")
    if len(lead) > _LEAD_CHARS:
        lead, rest = f"{lead[:_LEAD_CHARS].rstrip()} \u2026", record.message.strip()
    rest = rest.strip("\n")
    lines = rest.count("\n") + 1 if rest.strip() else 0
    if len(rest) > _STORY_CHARS:
        rest = f"{rest[:_STORY_CHARS]}\n... cut here; the run's document has the whole story"
    return Story(
        lead=lead or "No message was recorded.", rest=rest, lines=lines, replay=record.replay
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

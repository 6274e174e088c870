"""Before and after a fix, measured here, beside what a document claimed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import ABSENT, MARKS, Rows, Story, badge_of, bounded, by_urgency, story_of
from reports.quantities import TIMES, number, quantity
from reports.record import RecordKind

if TYPE_CHECKING:
    from reports.page.data import PageData
    from reports.record import Measure, Record

_FIRST: Final = 40
_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One pair: both sides and their ratio as measured, and the claim with where it stands."""

    mark: str
    outcome: str
    name: str
    about: str
    before: str
    after: str
    ratio: str
    interval: str
    claim: str
    source: str
    story: Story | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """All pairs."""

    badge: str
    rows: Rows[PairRow]


def view(data: PageData) -> Pairs | None:
    """Return the pairs, or None where none was measured."""
    benchmarks = data.selection.of_kind(RecordKind.BENCHMARK)
    records = by_urgency([record for record in benchmarks if "pair" in record.params])
    if not records:
        return None
    rows = [_row(record) for record in records]
    return Pairs(badge=badge_of(records), rows=bounded(rows, first=_FIRST, most=_MOST))


def _row(record: Record) -> PairRow:
    ratio = record.measure("ratio")
    return PairRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.params["pair"] or record.name,
        about=record.params.get("about", "") or record.name,
        before=_side(record.measure("before")),
        after=_side(record.measure("after")),
        ratio=f"{number(ratio.value)}{TIMES}" if ratio else ABSENT,
        interval=_interval(ratio),
        claim=record.params.get("claim", ""),
        source=record.params.get("source", "") or record.params.get("claim_source", ""),
        story=story_of(record),
    )


def _side(measure: Measure | None) -> str:
    return ABSENT if measure is None else quantity(measure.value, measure.unit)


def _interval(ratio: Measure | None) -> str:
    if ratio is None or ratio.minimum is None or ratio.maximum is None:
        return ""
    return f"{number(ratio.minimum)} to {number(ratio.maximum)}"

"""Before and after a fix, measured here, beside what a document claimed of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import ABSENT, Rows, badge_of, bounded, by_urgency
from reports.page.story import Story, story_of
from reports.quantities import TIMES, number, quantity
from reports.record import RecordKind

if TYPE_CHECKING:
    from reports.page.data import PageData
    from reports.record import Measure, Record

_FIRST: Final = 40
_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One pair: both sides and the gain as measured, and the claim with where it stands.

    Attributes:
        gain: How many times as good it is after; `interval` holds the true one 95 times in 100.
        verdict: What the measurement says of the claim, in words.
    """

    outcome: str
    name: str
    about: str
    planted: str
    before: str
    after: str
    gain: str
    interval: str
    claim: str
    source: str
    verdict: str
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
    gain = record.measure("gain")
    return PairRow(
        outcome=record.outcome.value,
        name=record.params["pair"] or record.name,
        about=record.params.get("about", "") or record.name,
        planted=record.params.get("planted", ""),
        before=_side(record.measure("before")),
        after=_side(record.measure("after")),
        gain=f"{number(gain.value)}{TIMES}" if gain else ABSENT,
        interval=record.params.get("interval", "") or _interval(gain),
        claim=record.params.get("claim", ""),
        source=record.params.get("source", ""),
        verdict=record.params.get("verdict", "") or record.outcome.value,
        story=story_of(record),
    )


def _side(measure: Measure | None) -> str:
    return ABSENT if measure is None else quantity(measure.value, measure.unit)


def _interval(gain: Measure | None) -> str:
    if gain is None or gain.minimum is None or gain.maximum is None:
        return ""
    return f"{number(gain.minimum)} to {number(gain.maximum)}"

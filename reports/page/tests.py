"""A suite's tests: the failed ones with what they said, and where the time goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import (
    ABSENT,
    Rows,
    badge_of,
    bounded,
    by_urgency,
    cell,
    first_line,
    value_of,
)
from reports.page.finding import MARKS
from reports.page.story import Story, story_of
from reports.quantities import count, number, quantity
from reports.record import Outcome, RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.data import PageData
    from reports.record import Record

_FIRST: Final = 40  # tests that did not pass, at sight
_MOST: Final = 400
_SLOWEST: Final = 15
_FOLDED: Final = 1_500  # passed tests behind a click; beyond, a page is the wrong place to look


@dataclass(frozen=True, slots=True, kw_only=True)
class TestRow:
    """One test."""

    mark: str
    outcome: str
    name: str
    place: str
    time: str
    share: float
    note: str
    story: Story | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """All tests of the newest code.

    Attributes:
        open: Those that did not pass: failed, undecided, skipped.
        slowest: The slowest, with their share of the slowest one in percent.
    """

    summary: str
    badge: str
    open: Rows[TestRow]
    slowest: tuple[TestRow, ...]
    passed: Rows[TestRow]


def view(data: PageData) -> Tests | None:
    """Return the tests, or None where no suite's results are in the store."""
    records = by_urgency(data.selection.of_kind(RecordKind.TEST))
    if not records:
        return None
    longest = max((value_of(record, "time") or 0.0 for record in records), default=0.0)
    slow = sorted(records, key=lambda record: -(value_of(record, "time") or 0.0))[:_SLOWEST]
    passed = [record for record in records if record.outcome is Outcome.PASSED]
    rest = [_row(record, longest) for record in records if record.outcome is not Outcome.PASSED]
    return Tests(
        summary=_summary(records),
        badge=badge_of(records),
        open=bounded(rest, first=_FIRST, most=_MOST),
        slowest=tuple(_row(record, longest) for record in slow if value_of(record, "time")),
        passed=Rows(
            first=(),
            folded=tuple(_row(record, longest) for record in passed[:_FOLDED]),
            left_out=max(len(passed) - _FOLDED, 0),
        ),
    )


def _summary(records: Sequence[Record]) -> str:
    ended = [record.outcome for record in records]
    seconds = sum(value_of(record, "time") or 0.0 for record in records)
    parts = [
        f"{number(ended.count(outcome))} {outcome.value}" for outcome in Outcome if outcome in ended
    ]
    took = f" in {quantity(seconds, 's')}" if seconds > 0 else ""  # some suites write no times
    return f"{count(len(records), 'test')}{took}: {', '.join(parts)}."


def _row(record: Record, longest: float) -> TestRow:
    place, _, short = record.name.rpartition("::")
    seconds = value_of(record, "time") or 0.0
    time = cell(record.measure("time"))
    return TestRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=short,
        place=place,
        time=time if record.measure("time") else ABSENT,
        share=round(100 * max(seconds, 0.0) / longest, 1) if longest > 0 else 0.0,
        note=first_line(record.message) if record.outcome is Outcome.SKIPPED else "",
        story=story_of(record),
    )

"""What is new since yesterday: by the dates of runs, never by the clock of whoever builds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reports.record import Outcome
from reports.selection import check_of

if TYPE_CHECKING:
    from datetime import datetime

    from reports.judging.verdict import SeriesChange
    from reports.page.data import PageData
    from reports.record import Record
    from reports.series import Series

# A change cannot be told from a spike before its third point, so that is when it was news.
_POINTS_TO_SEE: Final = 3


class Age(StrEnum):
    """Since when something stands as it does; the words stand on the page."""

    NEW = "new since yesterday"
    OLDER = "as before"
    FIRST = "never run before"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """How checks and series differ from what they were 24 hours before the newest run.

    Attributes:
        fixed: Checks that failed and pass now.
        not_run_again: Checks that failed and have not run since, on the newest code or in its week.
        better: Changes for the better that could first be seen in the last 24 hours.
    """

    fixed: tuple[Record, ...]
    not_run_again: tuple[Record, ...]
    better: tuple[SeriesChange, ...]


def age_of_check(data: PageData, record: Record) -> Age:
    """Return since when a check ends as it does."""
    before = data.earlier.get(check_of(record))
    if before is None:
        return Age.FIRST
    return Age.OLDER if before.outcome is record.outcome else Age.NEW


def age_of_change(data: PageData, change: SeriesChange) -> Age:
    """Return whether a change could be seen before the last 24 hours."""
    series = data.series.get(change.key)
    if series is None:
        return Age.OLDER
    times = first_measured(series)
    index = change.first_after.index + data.began(data.judged(change.key))
    seen = min(index + _POINTS_TO_SEE - 1, len(times) - 1)
    return Age.NEW if times[seen] > data.since else Age.OLDER


def first_measured(series: Series) -> tuple[datetime, ...]:
    """Return when each point was measured first."""
    times: dict[str, datetime] = {}
    for run in series.runs:
        code, at = run.stamp.code, run.stamp.written_at
        times[code] = min(at, times.get(code, at))
    return tuple(times.values())


def news_of(data: PageData) -> News:
    """Return what changed since yesterday, other than what is wrong."""
    present = {check_of(one) for one in data.records}
    fixed = [
        one
        for one in data.records
        if one.outcome is Outcome.PASSED
        and (before := data.earlier.get(check_of(one))) is not None
        and before.outcome is Outcome.FAILED
    ]
    missing = [
        one
        for check, one in data.earlier.items()
        if one.outcome is Outcome.FAILED and check not in present
    ]
    return News(fixed=tuple(fixed), not_run_again=tuple(missing), better=_better(data))


def _better(data: PageData) -> tuple[SeriesChange, ...]:
    if data.judgement is None:
        return ()
    found = [
        change
        for one in data.judgement.series
        for change in one.changes
        if not change.worse and change.standing and age_of_change(data, change) is Age.NEW
    ]
    return tuple(sorted(found, key=lambda change: -abs(change.change)))

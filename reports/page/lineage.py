"""Which series came before which: a benchmark that moved from one machine to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.page.news import first_measured

if TYPE_CHECKING:
    from datetime import datetime

    from reports.page.data import PageData
    from reports.series import Series


def series_before(data: PageData, series: Series) -> Series | None:
    """Return the same benchmark's newest series that ended before this one began, or None.

    Machines that take turns are no predecessors of each other: a rule at each turn would hide
    the curve.
    """
    others = [one for one in data.siblings(series.key) if one.key != series.key]
    if not others:
        return None
    began = min(first_measured(series))
    ended = [(_last_measured(other), other) for other in others]
    before = [pair for pair in ended if pair[0] < began]
    return max(before, key=lambda pair: pair[0])[1] if before else None


def _last_measured(series: Series) -> datetime:
    return max(run.stamp.written_at for run in series.runs)

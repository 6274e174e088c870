"""One change in words: how much, between which commits, and what to type next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.change_points.analysis import ChangeKind
from reports.judging.escaping import one_line
from reports.judging.verdict import Basis
from reports.quantities import count, percent, quantity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.verdict import JudgedSeries, Place, SeriesChange
    from reports.series import SeriesKey


def name_words(key: SeriesKey) -> str:
    """Return a series' benchmark and metric, fit for a line."""
    return f"{one_line(key.benchmark)} ({one_line(key.metric, most=40)})"


def size_words(change: SeriesChange) -> str:
    """Return the relative change with its interval, such as "+15 % (+13 % to +18 %)"."""
    if not math.isfinite(change.change):
        return "from nothing"
    low, high = change.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return percent(change.change)
    return f"{percent(change.change)} ({percent(low)} to {percent(high)})"


def level_words(change: SeriesChange) -> str:
    """Return both levels, such as "272 us to 315 us"."""
    unit = one_line(change.unit, most=20)
    return f"{quantity(change.before, unit)} to {quantity(change.after, unit)}"


def range_words(change: SeriesChange) -> str:
    """Return between which code the change lies, such as "6f601df..500a8d0"."""
    if change.kind is ChangeKind.DRIFT:
        if change.goes_on or change.until is None:
            return f"bit by bit since {change.last_before.label}"
        return f"bit by bit, {change.last_before.label}..{change.until.label}"
    return f"{change.last_before.label}..{change.first_after.label}"


def between_words(change: SeriesChange) -> str:
    """Return the same within a sentence."""
    words = range_words(change)
    return words if change.kind is ChangeKind.DRIFT else f"between {words}"


def unmeasured_words(change: SeriesChange) -> str:
    """Return how many commits of the range were not measured, or an empty text."""
    first, last = change.first_after.position, change.last_before.position
    between = 0 if first is None or last is None else first - last - 1
    if between < 1 or change.kind is ChangeKind.DRIFT:
        return ""
    return (
        f"{count(between, 'commit')} between them {'was' if between == 1 else 'were'} not measured"
    )


def evidence_words(change: SeriesChange, *, family: int) -> str:
    """Return why it is believed."""
    noun = "drift" if change.kind is ChangeKind.DRIFT else "step"
    runs = count(change.runs, "run")
    told = f"told by {runs} of it" if change.basis is Basis.RUNS else f"{runs} since"
    among = f", adjusted for {count(family, 'series', 'series')}" if family > 1 else ""
    return f"a {noun}, {told}; p = {_p(change.p_adjusted)}{among}"


def look_command(change: SeriesChange) -> str:
    """Return the line that lists the commits of the range, or an empty text without git."""
    before, after = change.last_before.commit_id, (change.until or change.first_after).commit_id
    if before is None or after is None or before == after:
        return ""
    return f"git log --oneline {before[:12]}..{after[:12]}"


def ack_command(*changes: SeriesChange) -> str:
    """Return the line that accepts the changes."""
    ids = " ".join(change.alert_id for change in changes)
    return f'holdfast report ack {ids} --reason "..."'


def by_range(changes: Sequence[SeriesChange]) -> tuple[tuple[SeriesChange, ...], ...]:
    """Return the changes in groups that lie between the same commits, which one cause may have."""
    groups: dict[tuple[str, str | None, str | None], list[SeriesChange]] = {}
    for change in changes:
        last = change.until or change.first_after
        ends = (change.last_before.commit_id, last.commit_id)
        groups.setdefault((range_words(change), *ends), []).append(change)
    return tuple(tuple(group) for group in groups.values())


def suspect_words(judged: JudgedSeries) -> str:
    """Return what a suspicious newest point needs."""
    suspect = judged.suspect
    assert suspect is not None
    size = percent(suspect.change) if math.isfinite(suspect.change) else "up from nothing"
    more = max(suspect.wanted - suspect.runs, 1)
    return (
        f"{size} at {suspect.place.label} in {count(suspect.runs, 'run')}, not confirmed: "
        f"measure it {count(more, 'time')} more and ingest each"
    )


def place_words(place: Place | None) -> str:
    """Return a point's label, or "?"."""
    return "?" if place is None else place.label


def _p(value: float) -> str:
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}"  # noqa: PLR2004  # reads better

"""What became of one series, in a state and in words: why nothing can be told, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.judging.series_judging import (
    kept_changes,
    level_now,
    level_starts,
    newest_visible,
)
from reports.judging.session_noise import LEAST_RUNS
from reports.judging.suspicion import suspect_of
from reports.judging.verdict import JudgedSeries, SeriesState
from reports.quantities import count, percent
from reports.record import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.acceptance import Bookkeeping
    from reports.judging.newest_runs import Found
    from reports.judging.policy import Policy
    from reports.judging.series_judging import Studied
    from reports.judging.timeline import Spot
    from reports.judging.verdict import SeriesChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What the series that are judged together have in common.

    Attributes:
        risk: The p-value that a change needs where it is the only one of all of them.
        spikes_are_rare: A lone point far off is not what this machine does at every commit.
    """

    policy: Policy
    risk: float
    spikes_are_rare: bool


def judged_series(
    studied: Studied,
    told: Sequence[tuple[Found, float]],
    *,
    company: Company,
    books: Bookkeeping,
) -> JudgedSeries:
    """Return the verdict on one series.

    Args:
        told: Its changes that stay after the correction, with their adjusted p-values.
    """
    spots = studied.spots
    if not spots:
        return _emptied(studied)
    found = kept_changes(studied, [one for one, _ in told], [p for _, p in told])
    changes = tuple(books.with_acknowledgement(change, spots) for change in found)
    level = level_now(spots, level_starts(spots, changes))
    visible = _smallest_visible(studied, company.risk)
    reason = _reason(studied, visible, company.policy)
    return JudgedSeries(
        key=studied.key,
        unit=studied.series.unit,
        direction=studied.series.direction,
        state=_state(studied, changes, can_tell=not reason),
        points=len(spots),
        runs=sum(len(spot.values) for spot in spots),
        current=spots[-1].value,
        level=level,
        noise=studied.analysis.noise if not studied.analysis.reason else None,
        smallest_visible=visible,
        changes=changes,
        spikes=studied.analysis.spikes,
        is_current=studied.is_current,
        reason=reason,
        suspect=suspect_of(
            studied, changes, risk=company.risk, spikes_are_rare=company.spikes_are_rare
        ),
        reset=studied.reset,
    )


def _emptied(studied: Studied) -> JudgedSeries:
    """Return the verdict on a series whose reset lies after its newest point."""
    runs = studied.series.runs
    return JudgedSeries(
        key=studied.key,
        unit=studied.series.unit,
        direction=studied.series.direction,
        state=SeriesState.CANNOT_TELL,
        points=0,
        runs=0,
        current=runs[-1].value,
        is_current=studied.is_current,
        reason="its history begins anew, and nothing has been measured since",
        reset=studied.reset,
    )


def _state(studied: Studied, changes: Sequence[SeriesChange], *, can_tell: bool) -> SeriesState:
    if studied.series.direction is Direction.NEITHER or not studied.strictness.judged:
        return SeriesState.NO_DIRECTION
    standing = [change for change in changes if change.worse and change.standing]
    if any(change.acknowledged is None for change in standing):
        return SeriesState.REGRESSION
    if standing:
        return SeriesState.ACKNOWLEDGED
    if not can_tell:
        return SeriesState.CANNOT_TELL
    if changes and changes[-1].standing and not changes[-1].worse:
        return SeriesState.IMPROVEMENT
    return SeriesState.UNCHANGED


def _smallest_visible(studied: Studied, risk: float) -> float | None:
    by_runs = newest_visible(studied, risk)
    known = [by_runs, None if studied.analysis.reason else studied.analysis.smallest_visible]
    return min((one for one in known if one is not None), default=None)


def _reason(studied: Studied, visible: float | None, policy: Policy) -> str:
    """Return why nothing can be told of the series and what to do, or an empty text."""
    if studied.series.direction is Direction.NEITHER:
        return ""
    if not studied.strictness.judged:
        return "the project's policy leaves it out"
    if visible is None and studied.analysis.reason:
        return _too_short(studied.spots)
    if visible is not None and visible > max(policy.must_see, _passed_over(studied)):
        return (
            f"too noisy: nothing under {percent(visible).lstrip('+')} can be seen here; measure "
            "on a quieter machine, or compare in turns with `holdfast report measure`"
        )
    return ""


def _passed_over(studied: Studied) -> float:
    """Return the change that the floors pass over: that is wanted, and no fault of the machine."""
    level = abs(studied.analysis.level)
    absolute = studied.strictness.absolute_floor / level if level else 0.0
    return max(studied.strictness.floor, absolute)


def _too_short(spots: Sequence[Spot]) -> str:
    newest = spots[-1]
    runs = count(len(newest.values), "run")
    have = f"{count(len(spots), 'version')} measured, the newest in {runs}"
    if len(spots) == 1:
        return f"{have}: there is nothing before it; measure the next commit as well"
    if newest.place.commit_id and newest.place.label.endswith("+"):
        return f"{have}: commit first, since runs of an unknown edit never count together"
    more = max(LEAST_RUNS - len(newest.values), 1)
    return f"{have}: run the newest {count(more, 'time')} more, each on its own, and ingest it"

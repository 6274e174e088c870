"""One series: its candidates for a change, and what is left of them once all are judged."""

from __future__ import annotations

import hashlib
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reports.change_points.analysis import Analysis, ChangeKind
from reports.errors import MissingExtraError
from reports.judging.newest_runs import Found, changes_by_runs, hold, is_above_floors
from reports.judging.session_noise import LEAST_RUNS
from reports.judging.verdict import Basis, SeriesChange
from reports.record import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.policy import Strictness
    from reports.judging.session_noise import SessionNoise
    from reports.judging.timeline import Spot
    from reports.judging.verdict import Acknowledgement
    from reports.series import Series, SeriesKey

SHORT: Final = 12  # points; below, changes lie too close together for a detector over points
_TAIL: Final = 4  # newest points that a detector over points cannot split yet
_SAME: Final = 2  # points between two reports of one change
_FEW: Final = 1.5  # times the floor that a change must be where the points are few
_RECOVERED: Final = 0.75  # of a change; when so much has gone it counts as fixed
_NOW: Final = 3  # points that tell where a drift stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Studied:
    """A series with all that is known before the others are asked.

    Attributes:
        candidates: Changes by themselves significant, oldest first.
    """

    series: Series
    spots: tuple[Spot, ...]
    strictness: Strictness
    noise: SessionNoise
    analysis: Analysis
    candidates: tuple[Found, ...]
    is_current: bool
    reset: Acknowledgement | None = None

    @property
    def key(self) -> SeriesKey:
        """Return the series' key."""
        return self.series.key


def analysed(spots: Sequence[Spot], strictness: Strictness) -> Analysis:
    """Return what the detector over points says.

    Raises:
        MissingExtraError: NumPy is not installed.
    """
    try:
        from reports.change_points.detection import detect  # noqa: PLC0415  # NumPy only here
    except ImportError as error:
        raise MissingExtraError("NumPy") from error
    return detect(
        [spot.value for spot in spots],
        floor=strictness.floor,
        absolute_floor=strictness.absolute_floor,
    )


def candidates(
    spots: Sequence[Spot], analysis: Analysis, *, noise: SessionNoise, strictness: Strictness
) -> tuple[Found, ...]:
    """Return the changes of one series, found by either way, oldest first."""
    if len(spots) < SHORT:
        strictness = replace(strictness, floor=_FEW * strictness.floor)
    by_points = [
        Found(
            kind=change.kind,
            index=change.index,
            before=change.before,
            after=change.after,
            change=change.relative,
            interval=change.interval,
            p=change.p,
            basis=Basis.HISTORY,
            end=change.end,
            begins=change.places if change.kind is ChangeKind.DRIFT else None,
        )
        for change in analysis.changes
        if is_above_floors(change.after - change.before, change.before, strictness)
        and (change.kind is ChangeKind.STEP or len(spots) >= SHORT)
    ]
    first, begin = _where_runs_speak(len(spots), [found.settled for found in by_points])
    if any(found.kind is ChangeKind.DRIFT and found.settled > first for found in by_points):
        return tuple(by_points)  # on a slope every new point lies apart from those before
    by_runs = changes_by_runs(
        spots, first=first, level_from=begin, noise=noise, strictness=strictness
    )
    return _merged(by_points, by_runs)


def kept_changes(
    studied: Studied, found: Sequence[Found], adjusted: Sequence[float]
) -> tuple[SeriesChange, ...]:
    """Return the changes that stay after all series were judged together."""
    bounds = [one.index for one in found] + [len(studied.spots)]
    changes = [
        _change(studied, one, adjusted=p, end=end)
        for one, p, end in zip(found, adjusted, bounds[1:], strict=True)
    ]
    return tuple(
        _with_fate(change, changes[at + 1 :], studied) for at, change in enumerate(changes)
    )


def level_now(spots: Sequence[Spot], boundaries: Sequence[int]) -> float:
    """Return the median of the points since the last change."""
    return statistics.median(spot.value for spot in spots[max(boundaries, default=0) :])


def level_starts(spots: Sequence[Spot], changes: Sequence[SeriesChange]) -> list[int]:
    """Return from which indices on the levels after these changes stand."""
    # Of a climb that goes on the newest points stand nearest to where it is.
    return [len(spots) - _NOW if one.goes_on else one.settled for one in changes]


def newest_visible(studied: Studied, risk: float) -> float | None:
    """Return the smallest relative change that the newest point's runs show, or None."""
    spots = studied.spots
    begin = max((found.settled for found in studied.candidates), default=0)
    old = spots[begin:-1] or spots[:-1]
    held = hold(old, spots[-1], noise=studied.noise) if old else None
    return None if held is None else max(held.visible(risk), studied.strictness.floor)


def alert_id(key: SeriesKey, code: str) -> str:
    """Return 12 hex digits for a change: the same in every report."""
    parts = (key.benchmark, key.metric, key.environment, code)
    # Lengths stand before the texts, so that no two lists of parts spell the same bytes.
    spelled = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def is_worse(change: float, direction: Direction) -> bool:
    """Return whether a move of this sign is in the bad direction."""
    match direction:
        case Direction.LOWER:
            return change > 0
        case Direction.HIGHER:
            return change < 0
        case Direction.NEITHER:
            return False


def _where_runs_speak(points: int, boundaries: Sequence[int]) -> tuple[int, int]:
    """Return from which point on runs may tell a change, and where the level before it begins."""
    if points < SHORT:
        return 1, 0
    first = points - _TAIL
    return first, max((at for at in boundaries if at <= first), default=0)


def _merged(by_points: Sequence[Found], by_runs: Sequence[Found]) -> tuple[Found, ...]:
    kept = list(by_points)
    for found in by_runs:
        twin = next((one for one in kept if one.end is None and _is_same(one, found)), None)
        if twin is None:
            kept.append(found)
        elif found.p < twin.p:
            # The place where the first report of it was: its id must not change.
            kept[kept.index(twin)] = replace(twin, p=found.p, index=found.index)
    ordered = sorted(kept, key=lambda one: one.index)
    return tuple({one.index: one for one in ordered}.values())


def _is_same(one: Found, other: Found) -> bool:
    return abs(one.index - other.index) <= _SAME and (one.change > 0) == (other.change > 0)


def _change(studied: Studied, found: Found, *, adjusted: float, end: int) -> SeriesChange:
    spots, key = studied.spots, studied.series.key
    # A drift's index is where it begins: the first point after that is one step further.
    after = found.index + (found.kind is ChangeKind.DRIFT)
    first = spots[min(after, len(spots) - 1)]
    return SeriesChange(
        alert_id=alert_id(key, spots[found.index].code),
        key=key,
        unit=studied.series.unit,
        direction=studied.series.direction,
        kind=found.kind,
        last_before=spots[max(after - 1, 0)].place,
        first_after=first.place,
        before=found.before,
        after=found.after,
        change=found.change,
        interval=found.interval,
        p=found.p,
        p_adjusted=adjusted,
        worse=is_worse(found.after - found.before, studied.series.direction),
        standing=True,
        basis=found.basis,
        runs=sum(len(spot.values) for spot in spots[found.index : end]),
        until=None if found.end is None else spots[found.end - 1].place,
        goes_on=found.end == len(spots),
        begins=found.begins,
    )


def _with_fate(
    change: SeriesChange, later: Sequence[SeriesChange], studied: Studied
) -> SeriesChange:
    """Return the change with whether it stands, and what fixed it if it does not."""
    spots, newest = studied.spots, studied.spots[-1]
    now = level_now(spots, level_starts(spots, (change, *later)))
    back = [one for one in later if (one.after > one.before) != (change.after > change.before)]
    if not _stands(change, now, studied.strictness):
        return replace(change, standing=False, fixed_by=back[0].first_after if back else None)
    # Several runs of the newest code that are back where it came from are not called regressed.
    several = len(newest.values) >= LEAST_RUNS and newest.place.index > change.first_after.index
    if several and not _stands(change, newest.value, studied.strictness):
        return replace(change, standing=False, fixed_by=newest.place)
    return change


def _stands(change: SeriesChange, now: float, strictness: Strictness) -> bool:
    left, whole = now - change.before, change.after - change.before
    share = left / whole if whole else 0.0
    return share > 1 - _RECOVERED and is_above_floors(left, change.before, strictness)

"""A series as it is drawn: few enough points, the levels between its changes, its noise.

The page draws a curve twice, by matplotlib where it must stand without a script and by the script
for all others; both draw this value.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.judging.verdict import JudgedSeries, SeriesChange
    from reports.series import Point, Series

RAW_POINTS: Final = 100  # the newest stay as they are
MOST_POINTS: Final = 300  # a figure is about 600 pixels wide
BAND_SDS: Final = 2.0  # holds 95 of 100 points that differ by Gaussian noise alone
EARLIER_POINTS: Final = 40  # of a machine before, shown for the eye only


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One or several neighbouring points of a series, drawn as one.

    Attributes:
        at: The index of the point, or the middle of those it stands for.
        value: The median.
        low: The lowest run.
        high: The highest run.
        label: Of the newest point it stands for.
        runs: How many runs are in it.
    """

    at: float
    value: float
    low: float
    high: float
    label: str
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Where the series stood from one index to another; of a drift both values differ."""

    start: int
    end: int
    first: float
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A series to be drawn.

    Attributes:
        points: At most `MOST_POINTS`, oldest first.
        levels: Between the changes, oldest first; none where nothing could be told.
        band: How far noise alone takes a point from its level, in `unit`; 0 where unknown.
        changes: Steps and drifts, by the index they begin at.
        spikes: Indices of lone points.
        earlier: The newest points of the same benchmark on the machine before, at negative
            places. They are not comparable; a vertical rule stands between.
        total: How many points the series has before any were drawn as one.
        began: The point at which somebody let the history begin anew, or 0.
    """

    unit: str
    points: tuple[CurvePoint, ...]
    levels: tuple[Level, ...]
    band: float
    changes: tuple[SeriesChange, ...]
    spikes: tuple[int, ...]
    earlier: tuple[CurvePoint, ...]
    total: int
    began: int = 0

    @property
    def heights(self) -> tuple[float, ...]:
        """Return every value the drawing must have room for."""
        lines = [height for level in self.levels for height in (level.first, level.last)]
        runs = [height for one in (*self.earlier, *self.points) for height in (one.low, one.high)]
        return (*runs, *lines)


def curve_of(series: Series, judged: JudgedSeries | None, *, before: Series | None = None) -> Curve:
    """Return a series as it is drawn.

    Args:
        judged: What became of it; None draws the points alone.
        before: The same benchmark's series on the machine that this one came after.
    """
    points = series.points()
    level = judged.level if judged else None
    # Places in a judgement count from where the history begins.
    began = max(len(points) - judged.points, 0) if judged else 0
    return Curve(
        unit=series.unit,
        points=thinned(points),
        levels=_levels(judged, began) if judged and level is not None else (),
        band=BAND_SDS * judged.noise if judged and judged.noise else 0.0,
        changes=tuple(_shifted(one, began) for one in judged.changes) if judged else (),
        spikes=tuple(at + began for at in judged.spikes) if judged else (),
        earlier=_earlier(before.points()) if before else (),
        total=len(points),
        began=began,
    )


def thinned(points: Sequence[Point], *, most: int = MOST_POINTS) -> tuple[CurvePoint, ...]:
    """Return at most `most` points: the newest as they are, of older ones medians."""
    raw = min(RAW_POINTS, most)
    old = max(len(points) - raw, 0)
    if len(points) <= most:
        return tuple(_joined(points, at, at + 1) for at in range(len(points)))
    size = math.ceil(old / (most - raw))
    groups = [_joined(points, at, min(at + size, old)) for at in range(0, old, size)]
    newest = [_joined(points, at, at + 1) for at in range(old, len(points))]
    return (*groups, *newest)


def sparkline(points: Sequence[CurvePoint], *, most: int = 60) -> str:
    """Return the corners of a small line, 100 wide and 24 high, or "" for fewer than two."""
    shown = points[-most:]
    if len(shown) < 2:  # noqa: PLR2004  # a line has two ends
        return ""
    values = [one.value for one in shown]
    low, high = min(values), max(values)
    span = high - low
    wide = 100 / (len(shown) - 1)
    middle = not math.isfinite(span) or span <= 0
    return " ".join(
        f"{wide * at:.3g},{12 if middle else 22 - 20 * ((value - low) / span):.3g}"
        for at, value in enumerate(values)
    )


def _joined(points: Sequence[Point], start: int, end: int) -> CurvePoint:
    group = points[start:end]
    values = [value for point in group for value in point.values]
    return CurvePoint(
        at=(start + end - 1) / 2,
        value=statistics.median(point.median for point in group),
        low=min(values),
        high=max(values),
        label=group[-1].label,
        runs=len(values),
    )


def _earlier(points: Sequence[Point]) -> tuple[CurvePoint, ...]:
    shown = points[-EARLIER_POINTS:]
    return tuple(
        CurvePoint(
            at=at - len(shown),
            value=point.median,
            low=min(point.values),
            high=max(point.values),
            label=point.label,
            runs=len(point.values),
        )
        for at, point in enumerate(shown)
    )


def _shifted(change: SeriesChange, by: int) -> SeriesChange:
    if not by:
        return change
    first, until = change.first_after, change.until
    return replace(
        change,
        first_after=replace(first, index=first.index + by),
        until=until and replace(until, index=until.index + by),
    )


def _levels(judged: JudgedSeries, began: int) -> tuple[Level, ...]:
    """Return the levels between the changes, over the points that were judged."""
    steps = [one for one in judged.changes if one.until is None]
    drifts = [one for one in judged.changes if one.until is not None]
    bounds = [0, *(one.first_after.index for one in steps), judged.points]
    levels = []
    for at, (first, last) in enumerate(pairwise(bounds)):
        if last <= first:
            continue
        anchor = _anchor(judged, steps, drifts, at)
        for start, end in _straights(drifts, first, last):
            heights = [anchor[1] + _risen(drifts, anchor[0], place) for place in (start, end)]
            levels.append(
                Level(start=start + began, end=end + began, first=heights[0], last=heights[1])
            )
    return tuple(levels)


def _anchor(
    judged: JudgedSeries, steps: Sequence[SeriesChange], drifts: Sequence[SeriesChange], at: int
) -> tuple[int, float]:
    """Return a place and the height there of what stands before the `at`-th step, or after all."""
    assert judged.level is not None
    if at < len(steps):
        return steps[at].first_after.index, steps[at].before
    if drifts and not steps:
        return drifts[0].last_before.index, drifts[0].before
    if drifts:
        return steps[-1].first_after.index, steps[-1].after
    return judged.points - 1, judged.level


def _straights(drifts: Sequence[SeriesChange], first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the ends of the straight parts of a stretch: before, on and after each drift."""
    begins = {first}
    for one in drifts:
        assert one.until is not None
        begins |= {one.last_before.index, one.until.index + 1}
    ordered = [*sorted(begin for begin in begins if first <= begin < last), last]
    yield from ((begin, end - 1) for begin, end in pairwise(ordered))


def _risen(drifts: Sequence[SeriesChange], start: int, end: int) -> float:
    """Return how far the drifts have taken the level from one index to another."""
    return sum((one.after - one.before) * (_share(one, end) - _share(one, start)) for one in drifts)


def _share(drift: SeriesChange, index: int) -> float:
    assert drift.until is not None
    begin, end = drift.last_before.index, drift.until.index
    return min(max((index - begin) / max(end - begin, 1), 0.0), 1.0)

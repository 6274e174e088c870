"""A series as it is drawn: few enough points, the levels between its changes, its noise.

The page draws a curve twice, by matplotlib where it must stand without a script and by the script
for all others; both draw this value.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reports.change_points.analysis import ChangeKind

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    place = change.first_after
    return replace(change, first_after=replace(place, index=place.index + by)) if by else change


def _levels(judged: JudgedSeries, began: int) -> tuple[Level, ...]:
    """Return the levels between the changes, over the points that were judged."""
    assert judged.level is not None
    newest = began + judged.points - 1
    levels, start = [], began
    for change in judged.changes:
        index = change.first_after.index + began
        if index > start:
            height = change.before
            levels.append(Level(start=start, end=index - 1, first=height, last=height))
        start = index
    last = judged.changes[-1] if judged.changes else None
    if last is not None and last.kind is ChangeKind.DRIFT:
        levels.append(Level(start=start, end=newest, first=last.before, last=last.after))
    else:
        levels.append(Level(start=start, end=newest, first=judged.level, last=judged.level))
    return tuple(levels)

"""Descriptions of a series, by steps and perhaps ramps, and which of them tells the most.

Every description is charged what it says: three logarithms of the length for each step (its place,
its level, and that the place was sought), as much for a line under the whole series, and more for a
ramp over a part of it. What is left must be worth it, as innovations of first-order autoregression,
so that noise with memory does not pass for levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.change_points.noise import correlation
from reports.change_points.partition import partitions
from reports.change_points.ramps import Ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.change_points.noise import Floats
    from reports.change_points.unit_series import UnitSeries

CHANGE_WEIGHT: Final = 3.0  # of log n; the plain BIC's 2 lets noise with tails through
RAMP_WEIGHT: Final = 6.0  # of log n; a start and an end were sought, and stairs are likelier
STAIRS_SHARE: Final = 0.4  # more tells steep climbs as stairs, less tells even stairs as climbs

# Of the noise variance times log n. The least is where flat noise starts to break up; the most
# leaves only what the eye sees from afar, for noise with memory that differences belittle.
_PRICES: Final = (2.0, 3.0, 4.5, 7.0, 11.0, 18.0, 32.0, 64.0)
_LEAST_NOISE: Final = 1e-4  # of the span: noise of nought is no licence for a change a point
_LEANING: Final = 4.0  # squared: 19 of 20 series of steps alone are not searched for a line
_ROUNDS: Final = 2  # of slope from pieces, pieces from slope; a third changes nothing seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One description of a series.

    Attributes:
        starts: First points of the segments after the first.
        ramps: Drifts under the segments, by their starts; one over the whole series is a line.
        heights: How far each ramp goes.
        level: The values less the ramps, spikes clipped.
        residuals: What segments' means leave of `level`.
        cost: Twice the negative log likelihood and the price of what was said; less is better.
        correlation: Of neighbouring residuals.
    """

    starts: tuple[int, ...]
    ramps: tuple[Ramp, ...]
    heights: tuple[float, ...]
    level: Floats
    residuals: Floats
    cost: float
    correlation: float

    @property
    def is_line(self) -> bool:
        """Return whether one line lies under the whole series."""
        return self.ramps == (whole(self.level.size),)


def whole(points: int) -> Ramp:
    """Return the ramp that is a line under a whole series."""
    return Ramp(start=0, end=points - 1)


def fit(smooth: Floats, starts: tuple[int, ...], ramps: tuple[Ramp, ...] = ()) -> Fit:
    """Return what these pieces, on these ramps, leave and cost.

    Source: Schwarz, Ann. Statist. 6 (1978); autoregressive segments' variances as in Davis, Lee
    and Rodriguez-Yam, JASA 101 (2006), section 2.
    """
    points = smooth.size
    shapes = [ramp.shape(points) for ramp in ramps]
    heights = _heights(smooth, starts, shapes)
    level = smooth
    for shape, height in zip(shapes, heights, strict=True):
        level = level - height * shape
    bounds = np.array((0, *starts, points))
    sizes = np.diff(bounds)
    residuals = level - np.repeat(np.add.reduceat(level, bounds[:-1]) / sizes, sizes)
    raw, unbiased = correlation(residuals, bounds[:-1])
    variance = float(residuals @ residuals) / points * (1 - raw * raw)
    return Fit(
        starts=starts,
        ramps=ramps,
        heights=heights,
        level=level,
        residuals=residuals,
        cost=points * math.log(max(variance, _LEAST_NOISE**2))
        + (CHANGE_WEIGHT * len(starts) + _said(ramps, points)) * math.log(points),
        correlation=unbiased,
    )


def _said(ramps: tuple[Ramp, ...], points: int) -> float:
    """Return what ramps say, in logarithms of the length."""
    line = whole(points)
    return sum(CHANGE_WEIGHT if ramp == line else RAMP_WEIGHT for ramp in ramps)


def dearer(ramped: Fit, stairs: Fit) -> float:
    """Return the cost of a description with ramps against stairs whose every step holds.

    Steps that hold are evidence by themselves, and stairs of four even steps are but a little worse
    as a line. Ramps are charged at least two fifths of what the steps say that they replace.
    """
    points = stairs.level.size
    fewer = len(stairs.starts) - len(ramped.starts)
    least = STAIRS_SHARE * CHANGE_WEIGHT * fewer
    return ramped.cost + max(0.0, least - _said(ramped.ramps, points)) * math.log(points)


def _heights(
    smooth: Floats, starts: tuple[int, ...], shapes: Sequence[Floats]
) -> tuple[float, ...]:
    """Return how far each ramp goes by least squares, each segment's level free."""
    if not shapes:
        return ()
    free = np.array([within(shape, starts) for shape in shapes])
    found = np.linalg.lstsq(free @ free.T, free @ smooth, rcond=None)[0]
    return tuple(map(float, found))


def pieces(
    series: UnitSeries, ramps: tuple[Ramp, ...] = (), ground: Floats | None = None
) -> list[Fit]:
    """Return descriptions by pieces, one for each price of a step that says another, best first.

    Args:
        ramps: What lies under the pieces.
        ground: How high they lie as far as is known; the pieces are sought on what is above.
    """
    smooth = series.smooth
    noise = max(series.scale, _LEAST_NOISE)
    prices = np.array(_PRICES) * noise * noise * math.log(smooth.size)
    found = {(), *partitions(smooth if ground is None else smooth - ground, prices)}
    fits = (fit(smooth, starts, ramps) for starts in sorted(found))
    return sorted(fits, key=lambda each: each.cost)


def best_sloped(series: UnitSeries, plain: Sequence[Fit]) -> Fit:
    """Return the line, with or without steps on it, that tells the most.

    Args:
        plain: Pieces on level ground, best first, where the search for the slope starts.
    """
    smooth = series.smooth
    line = (whole(smooth.size),)
    found = [fit(smooth, (), line)]
    begun = [fit(smooth, each.starts, line) for each in plain if each.starts]
    if plain[0].starts:
        # Fine stairs follow a climb so well that they leave no slope; coarse ones do.
        coarse = min(begun, key=lambda each: each.cost)
        if _leaning(plain[0]) or coarse.cost < plain[0].cost:
            found.append(settled(series, coarse))
    return min(found, key=lambda each: each.cost)


def settled(series: UnitSeries, begin: Fit) -> Fit:
    """Return the best that comes of turns: pieces from the ground, its height from the pieces."""
    best = begin
    for _ in range(_ROUNDS):
        found = pieces(series, best.ramps, series.smooth - best.level)[0]
        if found.cost >= best.cost:
            break
        best = found
    return best


def _leaning(plain: Fit) -> bool:
    """Return whether the pieces lean one way by twice what noise does; a cut-up line leans most."""
    points = plain.level.size
    time = within(np.arange(points, dtype=np.float64) - (points - 1) / 2.0, plain.starts)
    variance = float(plain.residuals @ plain.residuals) / points
    return float(plain.residuals @ time) ** 2 > _LEANING * variance * float(time @ time)


def within(values: Floats, starts: tuple[int, ...]) -> Floats:
    """Return the values less their segments' means."""
    bounds = np.array((0, *starts, values.size))
    sizes = np.diff(bounds)
    return np.asarray(values - np.repeat(np.add.reduceat(values, bounds[:-1]) / sizes, sizes))

"""Descriptions of a series, by steps and perhaps a line, and which of them tells the most.

Every description is charged what it says: three logarithms of the length for each step (its place,
its level, and that the place was sought) and for a slope. What is left must be worth it, as
innovations of first-order autoregression, so that noise with memory does not pass for levels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.change_points.noise import correlation
from reports.change_points.partition import partitions

if TYPE_CHECKING:
    from reports.change_points.noise import Floats
    from reports.change_points.unit_series import UnitSeries

CHANGE_WEIGHT: Final = 3.0  # of log n; the plain BIC's 2 lets noise with tails through

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
        slope: Of the line under all segments, a point; nought where there is none.
        level: The values less the line, spikes clipped.
        residuals: What segments' means leave of `level`.
        cost: Twice the negative log likelihood and the price of what was said; less is better.
        correlation: Of neighbouring residuals.
    """

    starts: tuple[int, ...]
    slope: float
    level: Floats
    residuals: Floats
    cost: float
    correlation: float


def fit(smooth: Floats, starts: tuple[int, ...], *, slope: float = 0.0) -> Fit:
    """Return what these pieces, on a line of this slope, leave and cost.

    Source: Schwarz, Ann. Statist. 6 (1978); autoregressive segments' variances as in Davis, Lee
    and Rodriguez-Yam, JASA 101 (2006), section 2.
    """
    points = smooth.size
    level = smooth - slope * _time(points) if slope else smooth
    bounds = np.array((0, *starts, points))
    sizes = np.diff(bounds)
    residuals = level - np.repeat(np.add.reduceat(level, bounds[:-1]) / sizes, sizes)
    raw, unbiased = correlation(residuals, bounds[:-1])
    said = len(starts) + (slope != 0)
    variance = float(residuals @ residuals) / points * (1 - raw * raw)
    return Fit(
        starts=starts,
        slope=slope,
        level=level,
        residuals=residuals,
        cost=points * math.log(max(variance, _LEAST_NOISE**2))
        + CHANGE_WEIGHT * said * math.log(points),
        correlation=unbiased,
    )


def best_fit(series: UnitSeries) -> Fit:
    """Return the pieces on a level ground that tell the most."""
    return _best_pieces(series, 0.0)


def best_sloped(series: UnitSeries, plain: Fit) -> Fit:
    """Return the line, with or without steps on it, that tells the most.

    Args:
        plain: The best pieces on level ground, where the search for the slope starts.
    """
    smooth = series.smooth
    found = [fit(smooth, (), slope=_slope(smooth, ()))]
    if plain.starts and _leaning(plain):
        starts = plain.starts
        for _ in range(_ROUNDS):
            starts = _best_pieces(series, _slope(smooth, starts)).starts
            found.append(fit(smooth, starts, slope=_slope(smooth, starts)))
    return min(found, key=lambda each: each.cost)


def _leaning(plain: Fit) -> bool:
    """Return whether the pieces lean one way by twice what noise does; a cut-up line leans most."""
    time = within(_time(plain.level.size), plain.starts)
    variance = float(plain.residuals @ plain.residuals) / plain.level.size
    return float(plain.residuals @ time) ** 2 > _LEANING * variance * float(time @ time)


def sloped(series: UnitSeries, starts: tuple[int, ...]) -> Fit:
    """Return these pieces on the line that fits them best."""
    return fit(series.smooth, starts, slope=_slope(series.smooth, starts))


def _best_pieces(series: UnitSeries, slope: float) -> Fit:
    smooth = series.smooth
    noise = max(series.scale, _LEAST_NOISE)
    prices = np.array(_PRICES) * noise * noise * math.log(smooth.size)
    level = smooth - slope * _time(smooth.size)
    found = {(), *partitions(level, prices)}
    return min(
        (fit(smooth, starts, slope=slope) for starts in sorted(found)), key=lambda each: each.cost
    )


def within(values: Floats, starts: tuple[int, ...]) -> Floats:
    """Return the values less their segments' means."""
    bounds = np.array((0, *starts, values.size))
    sizes = np.diff(bounds)
    return np.asarray(values - np.repeat(np.add.reduceat(values, bounds[:-1]) / sizes, sizes))


def _slope(smooth: Floats, starts: tuple[int, ...]) -> float:
    time = within(_time(smooth.size), starts)
    return float(smooth @ time) / float(time @ time)


def _time(points: int) -> Floats:
    return np.arange(points, dtype=np.float64) - (points - 1) / 2.0

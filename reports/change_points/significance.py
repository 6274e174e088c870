"""The chance that noise alone, searched as the series was, shows so large a change.

A step's place was sought, so each null series is searched for its own best place as well: a t-test
at the place found would call ten flat series of a hundred changed. Three nulls, by what is known:

- Long enough and without memory: the values themselves, shuffled. Assumes no shape of noise.
- With memory: simulated first-order autoregression of the correlation found, since shuffling
  destroys what makes such noise wander.
- Too short for shuffles to tell anything (six points have 20 splits into threes, so no p below
  0.1): bell-shaped noise of that length. This assumes its shape.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.change_points.noise import clipped, difference_scales
from reports.change_points.scan import slope_gains, split_gains, squares_about_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.change_points.noise import Floats

MEMORY: Final = 0.2  # correlation from which shuffling is no longer a fair null
ROWS: Final = 20_000  # p down to 5e-5 by counting: a step in one of a thousand series after BH
_FIRST_ROWS: Final = 200  # enough to send a dull case home
_LEAST_ROWS: Final = 500
_CELLS: Final = 1_000_000  # values drawn for one boundary: some 20 ms
_DULL: Final = 10  # so many null series above it, and no more are drawn
_TAIL_SHARE: Final = 0.05  # of the null series, the highest, tell how fast the tail falls
_COARSE: Final = 0.002  # where the smallest p that shuffles can show is above, noise is assumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The values on which one boundary is judged.

    Attributes:
        raw: The values as they came, in any unit.
        smooth: The same with spikes clipped.
        scale: Noise of one point told from differences; what spikes were clipped by.
        correlation: Of neighbours in the whole series, corrected.
    """

    raw: Floats
    smooth: Floats
    scale: float
    correlation: float


def step_p(stretch: Stretch) -> float:
    """Return the chance of a best split this good in a stretch of noise without a step."""
    points = stretch.smooth.size
    observed = float(split_gains(stretch.smooth))
    total = float(squares_about_mean(stretch.smooth))
    if total <= 0:
        return 1.0
    fewest = _fewest(stretch.smooth)
    possible = min(1.0, 2 / math.comb(points, fewest))
    if stretch.correlation > _memory(points):
        return _simulated(stretch, observed / total, split_gains)
    if possible > _COARSE:
        return _bell_shaped(points, observed / total)
    return _shuffled(stretch, observed, split_gains, possible)


def slope_p(stretch: Stretch) -> float:
    """Return the chance of a line this steep through noise without one."""
    observed = float(slope_gains(stretch.smooth - stretch.smooth.mean()))
    total = float(squares_about_mean(stretch.smooth))
    if total <= 0:
        return 1.0
    if stretch.correlation > _memory(stretch.smooth.size):
        return _simulated(stretch, observed / total, slope_gains)
    return _shuffled(stretch, observed, slope_gains, 0.0)


def _memory(points: int) -> float:
    # Of short noise without memory one in seven series shows a correlation of one over the root.
    return float(max(MEMORY, 1.5 / math.sqrt(points)))


def _fewest(values: Floats) -> int:
    """Return how many points the smaller side of the best split has."""
    points = values.size
    sums = np.cumsum(values - values.mean())[2:-3]
    sizes = np.arange(3, points - 2)
    at = int((sums * sums / (sizes * (points - sizes))).argmax())
    return int(min(sizes[at], points - sizes[at]))


def _rows_for(points: int) -> int:
    return int(min(ROWS, max(_LEAST_ROWS, _CELLS // points)))


def _shuffled(
    stretch: Stretch, observed: float, statistic: Callable[[Floats], Floats], possible: float
) -> float:
    spiky = bool((stretch.raw != stretch.smooth).any())
    # Sorted: the null knows which values there are, not their order, so a series and its
    # reverse have one p.
    pool = np.sort(stretch.raw if spiky else stretch.smooth)
    pool = pool - pool.mean()

    def null(rows: int, draws: np.random.Generator) -> Floats:
        shuffled = draws.permuted(np.broadcast_to(pool, (rows, pool.size)), axis=1)
        return statistic(clipped(shuffled, stretch.scale) if spiky else shuffled)

    unit = 2 * float(pool @ pool) / pool.size
    return max(possible, _p(null, observed, points=pool.size, unit=unit, fitted=not spiky))


def _simulated(stretch: Stretch, share: float, statistic: Callable[[Floats], Floats]) -> float:
    points = stretch.smooth.size

    def null(rows: int, draws: np.random.Generator) -> Floats:
        noise = autoregression(rows, points, stretch.correlation, draws)
        noise -= noise.mean(axis=1, keepdims=True)
        return np.asarray(statistic(noise) / squares_about_mean(noise))

    return _p(null, share, points=points, unit=2 / points, fitted=True)


def autoregression(
    rows: int, points: int, correlation: float, draws: np.random.Generator
) -> Floats:
    """Return rows of stationary first-order autoregression, of any scale."""
    noise = draws.standard_normal((points, rows))
    noise[0] /= math.sqrt(1 - correlation * correlation)
    for at in range(1, points):
        noise[at] += correlation * noise[at - 1]
    return np.ascontiguousarray(noise.T)


def _p(
    null: Callable[[int, np.random.Generator], Floats],
    observed: float,
    *,
    points: int,
    unit: float,
    fitted: bool,
) -> float:
    """Return the share of null series at or above `observed`, by as many as the case deserves.

    Args:
        unit: Of the statistic, so that its tail falls about as exp(-x / unit).
        fitted: Go on beyond what counting shows along a fitted tail.

    Source: Besag and Clifford, Biometrika 78 (1991), for stopping early; Knijnenburg et al.,
    Bioinformatics 25 (2009), for the tail, here exponential and never steeper than a bell curve's.
    """
    draws = np.random.default_rng(points)  # one length, one null: nothing depends on the hour
    # A rounding away from the observed value is the observed value.
    enough = observed * (1 - 1e-9)
    first = null(_FIRST_ROWS, draws)
    above = int((first >= enough).sum())
    if above >= _DULL:
        return above / first.size
    seen = np.concatenate((first, null(_rows_for(points) - first.size, draws)))
    above = int((seen >= enough).sum())
    counted = (above + 1) / (seen.size + 1)
    if above >= _DULL or not fitted:
        return counted
    edge = float(np.quantile(seen, 1 - _TAIL_SHARE))
    rest = seen[seen > edge]
    if not rest.size:
        return counted
    fall = max(unit, float((rest - edge).mean()))
    return min(counted, _TAIL_SHARE * math.exp(-max(0.0, observed - edge) / fall))


@lru_cache(maxsize=64)
def _bell_shaped_shares(points: int) -> Floats:
    draws = np.random.default_rng(points)
    rows = draws.standard_normal((ROWS, points))
    smooth = clipped(rows, difference_scales(rows)[:, None])
    smooth -= smooth.mean(axis=1, keepdims=True)
    return np.sort(split_gains(smooth) / squares_about_mean(smooth))


def _bell_shaped(points: int, share: float) -> float:
    null = _bell_shaped_shares(points)
    above = null.size - int(np.searchsorted(null, share * (1 - 1e-9)))
    return (above + 1) / (null.size + 1)

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
from reports.change_points.partition import SMALLEST_SEGMENT
from reports.change_points.ramps import best_ramp_gains
from reports.change_points.scan import (
    gains_by_split,
    gains_on_line,
    off_line,
    slope_gains,
    split_gains,
    squares_about_mean,
    step_on_line_gains,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.change_points.noise import Floats

MEMORY: Final = 0.2  # correlation from which shuffling is no longer a fair null
ROWS: Final = 20_000  # p down to 5e-5 by counting: a step in one of a thousand series after BH
_FIRST_ROWS: Final = 200  # enough to send a dull case home
_LEAST_ROWS: Final = 500
_CELLS: Final = 600_000  # values drawn for one boundary: some 10 ms
_DULL: Final = 10  # so many null series above it, and no more are drawn
_TAIL_SHARE: Final = 0.05  # of the null series, the highest, tell how fast the tail falls
_COARSE: Final = 0.002  # where the smallest p that shuffles can show is above, noise is assumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The values on which one boundary is judged.

    Attributes:
        values: With spikes clipped, in any unit.
        correlation: Of neighbours in the whole series, corrected.
        evidence: Points of the whole series, from which the correlation is known.
        sloped: A line lies under the series, and was found together with the step.
    """

    values: Floats
    correlation: float
    evidence: int
    sloped: bool = False

    @property
    def centred(self) -> Floats:
        """Return the values less their mean."""
        return np.asarray(self.values - self.values.mean())

    @property
    def memory(self) -> float:
        """Return the correlation when it is more than a chance one, else nought."""
        return self.correlation if self.correlation > _memory(self.evidence) else 0.0


def step_p(stretch: Stretch) -> float:
    """Return the chance of a best split this good in a stretch of noise without a step."""
    if stretch.sloped:
        return _step_on_line_p(stretch)
    points = stretch.values.size
    memory = stretch.memory
    centred = stretch.centred
    gains = gains_by_split(centred, memory)
    observed = float(gains.max())
    total = float(squares_about_mean(centred, memory))
    if total <= 0:
        return 1.0
    if memory:
        return _simulated(stretch, observed / total, split_gains)
    fewest = int(gains.argmax()) + SMALLEST_SEGMENT
    possible = min(1.0, 2 / math.comb(points, fewest))
    # Levels without any noise have no shape to assume: 1 1 1 2 2 2 may be three coins and three.
    if possible > _COARSE and observed < total * (1 - 1e-9):
        return _bell_shaped(points, observed / total)
    return _shuffled(centred, observed, split_gains, possible)


def _step_on_line_p(stretch: Stretch) -> float:
    free = off_line(stretch.values)
    gains = gains_on_line(free)
    observed = float(gains.max())
    total = float(free @ free)
    if total <= 0:
        return 1.0
    fewest = min(int(gains.argmax()), gains.size - 1 - int(gains.argmax())) + SMALLEST_SEGMENT
    possible = min(1.0, 2 / math.comb(free.size, fewest))
    if stretch.memory or possible > _COARSE:
        return _simulated(stretch, observed / total, step_on_line_gains)
    return _shuffled(free, observed, step_on_line_gains, possible)


def chance_run(spikes: int, *, of: int, window: int, run: int, places: int) -> float:
    """Return the chance that so many lone spikes fell so near each other as to look like a level.

    Args:
        spikes: Lone spikes seen elsewhere in the series, at least as far out as half the step.
        of: Points of the series.
        window: Points of the shorter side of the step.
        run: How many of them are out that far.
        places: Where the run could have been.
    """
    if not spikes:
        return 0.0
    rate = min(0.5, (spikes + 1) / of)
    here = sum(
        math.comb(window, hits) * rate**hits * (1 - rate) ** (window - hits)
        for hits in range(run, window + 1)
    )
    return min(1.0, places * here)


def slope_p(stretch: Stretch) -> float:
    """Return the chance of a line this steep through noise without one."""
    centred = stretch.centred
    observed = float(slope_gains(centred))
    total = float(squares_about_mean(centred))
    if total <= 0:
        return 1.0
    if stretch.memory:
        return _simulated(stretch, observed / total, lambda rows, _memory: slope_gains(rows))
    return _shuffled(centred, observed, slope_gains, 0.0)


def ramp_p(stretch: Stretch, gain: float) -> float:
    """Return the chance of a best ramp this good in a stretch of noise without one.

    Args:
        gain: What the ramp found takes off the squares about the mean of the stretch.
    """
    centred = stretch.centred
    total = float(squares_about_mean(centred))
    if total <= 0:
        return 1.0
    if stretch.memory:
        return _simulated(stretch, gain / total, lambda rows, _memory: best_ramp_gains(rows))
    return _shuffled(centred, gain, best_ramp_gains, 0.0)


def _memory(points: int) -> float:
    # Of short noise without memory one in seven series shows a correlation of one over the root.
    return float(max(MEMORY, 1.5 / math.sqrt(points)))


def _rows_for(points: int) -> int:
    return int(min(ROWS, max(_LEAST_ROWS, _CELLS // points)))


def _shuffled(
    centred: Floats, observed: float, statistic: Callable[[Floats], Floats], possible: float
) -> float:
    # Sorted: the null knows which values there are, not their order, so a series and its
    # reverse have one p.
    pool = np.sort(centred)

    def null(rows: int, draws: np.random.Generator) -> Floats:
        return statistic(draws.permuted(np.broadcast_to(pool, (rows, pool.size)), axis=1))

    unit = 2 * float(pool @ pool) / pool.size
    return max(possible, _p(null, observed, points=pool.size, unit=unit))


def _simulated(
    stretch: Stretch, share: float, statistic: Callable[[Floats, float], Floats]
) -> float:
    points = stretch.values.size
    memory = stretch.memory
    doubt = (1 - memory * memory) / math.sqrt(stretch.evidence)
    plain = statistic is not split_gains

    def null(rows: int, draws: np.random.Generator) -> Floats:
        # The correlation is itself an estimate: each null series has one of those it may be.
        drawn = np.clip(memory + doubt * draws.standard_normal(rows), 0, 0.98)
        noise = autoregression(points, drawn, draws)
        noise -= noise.mean(axis=1, keepdims=True)
        total = squares_about_mean(noise, 0.0 if plain else memory)
        if statistic is step_on_line_gains:
            total = total - slope_gains(noise)
        return np.asarray(statistic(noise, memory) / total)

    return _p(null, share, points=points, unit=2 / points)


def autoregression(points: int, memories: Floats, draws: np.random.Generator) -> Floats:
    """Return a row of stationary first-order autoregression for each memory, of any scale."""
    noise = draws.standard_normal((points, memories.size))
    noise[0] /= np.sqrt(1 - memories * memories)
    for at in range(1, points):
        noise[at] += memories * noise[at - 1]
    return np.ascontiguousarray(noise.T)


def _p(
    null: Callable[[int, np.random.Generator], Floats],
    observed: float,
    *,
    points: int,
    unit: float,
) -> float:
    """Return the share of null series at or above `observed`, by as many as the case deserves.

    Args:
        unit: Of the statistic, so that its tail falls about as exp(-x / unit).

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
    if above >= _DULL:
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

"""Drifts over a part of a series: a level, a straight way to another, and that level or the end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reports.change_points.noise import Floats

    Places = NDArray[np.intp]

SHORTEST_RAMP: Final = 8  # points; what takes fewer is told as the steps that its points are
_NULL_KNOTS: Final = 12  # places tried in each null series: 4 % below the best of all places
_PROFILE: Final = 120  # starts weighed; a start is known to some points at best
_KNOTS: Final = 24  # places tried at first; between them a ramp's squares change little


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Ramp:
    """Where a series leaves its level, and where it has come to the next.

    Attributes:
        start: The last point of the level before.
        end: The first point that is wholly at the level after; the last one of a series where it
            goes on.
    """

    start: int
    end: int

    def shape(self, points: int) -> Floats:
        """Return nought up to the start, one from the end on, and the way between."""
        way = (np.arange(points, dtype=np.float64) - self.start) / (self.end - self.start)
        return np.clip(way, 0.0, 1.0)


def best_ramp(values: Floats) -> Ramp | None:
    """Return the ramp that takes most off the squares about the mean, or None where none fits in.

    A coarse net of starts and ends first, then ever finer ones around the best of it.
    """
    points = values.size
    if points <= SHORTEST_RAMP:
        return None
    starts = ends = np.unique(np.linspace(0, points - 1, _KNOTS).astype(np.intp))
    apart = max(1, -(-points // (_KNOTS - 1)))
    while True:
        gains = ramp_gains(values, starts, ends)
        row, column = np.unravel_index(int(gains.argmax()), gains.shape)
        start, end = int(starts[row]), int(ends[column])
        if apart == 1:
            return Ramp(start=start, end=end) if gains[row, column] > 0 else None
        apart = -(-apart // 4)
        starts, ends = _around(start, apart, points), _around(end, apart, points)


def _around(place: int, apart: int, points: int) -> Places:
    return np.unique(np.clip(place + apart * np.arange(-4, 5), 0, points - 1))


def ramp_gains(values: Floats, starts: Places, ends: Places) -> Floats:
    """Return what each start and end take off the squares about the mean; nought of short ones."""
    points = values.size
    centred = values - values.mean()
    time = np.arange(points)
    sums = np.concatenate(([0.0], np.cumsum(centred)))
    moments = np.concatenate(([0.0], np.cumsum(time * centred)))
    start, end = starts[:, None], ends[None, :]
    way = np.maximum(end - start, 1)
    on_way = (moments[end] - moments[start]) - start * (sums[end] - sums[start])
    # All sums to nought: what lies behind the end is less what is before it.
    product = on_way / way - sums[end]
    total = (way - 1) / 2 + (points - end)
    square = (way - 1) * (2 * way - 1) / (6 * way) + (points - end) - total * total / points
    gains = product * product / np.maximum(square, 1e-12)
    return np.where(end - start >= SHORTEST_RAMP, gains, 0.0)


def likely_starts(values: Floats, memory: float) -> tuple[int, int]:
    """Return the ends of 95 % of the chance of where a stretch's one ramp starts.

    Args:
        memory: Correlation of neighbours, which makes many points count for fewer.

    Source: the profile likelihood of the place, flat prior, as `scan.likely_place` has it.
    """
    points = values.size
    starts = np.unique(np.linspace(0, points - 1, _PROFILE).astype(np.intp))
    gains = ramp_gains(values, starts, starts).max(axis=1)
    total = float(((values - values.mean()) ** 2).sum())
    left = np.maximum(total - gains, 1e-9 * total)
    counted = (points - 3) * (1 - memory) / (1 + memory)
    chance = np.exp(-0.5 * counted * np.log(left / left.min()))
    sums = np.cumsum(chance) / chance.sum()
    low, high = np.searchsorted(sums, (0.025, 0.975))
    return int(starts[low]), int(starts[min(int(high), starts.size - 1)])


def best_ramp_gains(rows: Floats) -> Floats:
    """Return, for each row of values about nought, the most that one ramp takes off its squares."""
    products = rows @ _bank(rows.shape[-1])
    return np.asarray((products * products).max(axis=-1))


@lru_cache(maxsize=8)
def _bank(points: int) -> Floats:
    knots = np.unique(np.linspace(0, points - 1, _NULL_KNOTS).astype(np.intp))
    shapes = [
        Ramp(start=int(start), end=int(end)).shape(points)
        for at, start in enumerate(knots)
        for end in knots[at + 1 :]
    ]
    columns = np.array(shapes).T
    columns -= columns.mean(axis=0)
    return np.asarray(columns / np.sqrt((columns * columns).sum(axis=0)))

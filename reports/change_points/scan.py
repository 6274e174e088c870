"""How much the best split of many rows explains: the statistic of a step whose place was sought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from reports.change_points.partition import SMALLEST_SEGMENT

if TYPE_CHECKING:
    from reports.change_points.noise import Floats


def split_gains(rows: Floats) -> Floats:
    """Return, for each row, the most that one split takes off the sum of squares about the mean."""
    points = rows.shape[-1]
    sizes = np.arange(SMALLEST_SEGMENT, points - SMALLEST_SEGMENT + 1)
    sums = np.cumsum(rows, axis=-1)
    ahead = sums[..., SMALLEST_SEGMENT - 1 : points - SMALLEST_SEGMENT]
    # A sum of k values less k means, squared, over k (m - k) / m: between-group squares.
    excess = ahead - sums[..., -1:] * (sizes / points)
    excess *= excess
    excess *= points / (sizes * (points - sizes))
    return np.asarray(excess.max(axis=-1))


def squares_about_mean(rows: Floats) -> Floats:
    """Return each row's sum of squares about its mean."""
    away = rows - rows.mean(axis=-1, keepdims=True)
    return np.asarray(np.einsum("...i,...i->...", away, away))


def slope_gains(rows: Floats) -> Floats:
    """Return, for each row, what a straight line takes off the sum of squares about the mean."""
    points = rows.shape[-1]
    time = np.arange(points) - (points - 1) / 2
    return np.asarray((rows @ time) ** 2 / float(time @ time))

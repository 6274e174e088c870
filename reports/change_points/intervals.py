"""How sure a change's size is, and how large a step would have to be to be seen."""

from __future__ import annotations

import math
from typing import Final

_MEDIAN_COST: Final = math.pi / 2  # variance of a median over a mean's, for bell-shaped noise
_NORMAL_975: Final = 1.959964
_NEW_POINTS: Final = 3
_FEWEST_SHUFFLES: Final = 200  # fewer, and no p of 0.01 comes of them
_SPARE: Final = 1.2816  # standard errors on top of the threshold: seen 9 times in 10


def student_975(freedom: float) -> float:
    """Return the 97.5 % point of Student's t, to 1 % from 3 degrees of freedom on.

    Source: Cornish and Fisher's expansion, Abramowitz and Stegun 26.7.5.
    """
    x, v = _NORMAL_975, max(1.0, freedom)
    return (
        x
        + (x**3 + x) / (4 * v)
        + (5 * x**5 + 16 * x**3 + 3 * x) / (96 * v**2)
        + (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / (384 * v**3)
    )


def relative_interval(
    before: float, after: float, *, sizes: tuple[int, int], noise: float, correlation: float
) -> tuple[float, float]:
    """Return the 95 % interval of the change of medians relative to the one before.

    Args:
        before: The median before, in the series' unit.
        after: The median after.
        sizes: Points before and after.
        noise: Standard deviation of one point.
        correlation: Of neighbours; memory makes many points count for fewer.
    """
    if before == 0:
        return (-math.inf, math.inf)
    ratio = after / before
    first, second = (_median_variance(size, correlation) for size in sizes)
    # The level before is itself estimated: its error moves the ratio in proportion (delta method).
    spread = abs(noise / before) * math.sqrt(second + ratio * ratio * first)
    reach = student_975(sizes[0] + sizes[1] - 2) * spread
    middle = (after / 2 - before / 2) / abs(before) * 2  # a difference may be out of range
    return (middle - reach, middle + reach)


def drift_interval(before: float, reach: float, *, error: float) -> tuple[float, float]:
    """Return the 95 % interval of how far a drift went, relative to where it began.

    Args:
        before: The line's first value.
        reach: Last value less first.
        error: Standard error of `reach`.
    """
    if before == 0:
        return (-math.inf, math.inf)
    wide = _NORMAL_975 * error / abs(before)
    return (reach / abs(before) - wide, reach / abs(before) + wide)


def _median_variance(size: int, correlation: float) -> float:
    memory = max(0.0, min(correlation, 0.9))
    fewer = min(size, (1 + memory) / (1 - memory))
    return _MEDIAN_COST * fewer / size


def visible_step(noise: float, *, history: int, correlation: float, price: float) -> float | None:
    """Return the least step, in the series' unit, that three new points would show 9 times in 10.

    Args:
        noise: Standard deviation of one point.
        history: Points since the last change.
        price: What the partition charges for a change, in logarithms of likelihood, doubled.
    """
    points = history + _NEW_POINTS
    if math.comb(points, _NEW_POINTS) < _FEWEST_SHUFFLES:
        return None
    memory = max(0.0, min(correlation, 0.9))
    error = math.sqrt(1 / _NEW_POINTS + 1 / history)
    fewer = min(_NEW_POINTS, (1 + memory) / (1 - memory))
    threshold = math.sqrt(points * math.expm1(price / points) * fewer)
    return noise * error * (threshold + _SPARE)

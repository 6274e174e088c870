"""How steeply something grows, and how sure that is: a slope with its confidence interval.

A threshold ("fails above 50 MiB") is wrong on every machine but one. A slope that is above zero
with confidence says that the thing grows whatever it began with, and that it goes on.

Sources: Theil, "A rank-invariant method of linear and polynomial regression analysis", Proc. KNAW
53, 1950; Sen, "Estimates of the regression coefficient based on Kendall's tau", JASA 63, 1968 (the
median of all pairwise slopes, and its interval by ranks); Mann, "Nonparametric tests against
trend", Econometrica 13, 1945, and Kendall, "Rank Correlation Methods", 1975 (the test, and the
variance with ties); Gilbert, "Statistical Methods for Environmental Pollution Monitoring", 1987,
16.4 and 17.3 (the normal approximation, good from ten points on).
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stress.errors import TooFewPointsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Points = Sequence[tuple[float, float]]

LEAST_POINTS: Final = 10  # below that the normal approximation is no good (Gilbert, 16.4.2)
# One resource in 200 that does not grow would be said to; a run looks at seven, and growth has to
# be material as well.
CONFIDENCE: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A growth per round, with the bounds between which it lies.

    Attributes:
        per_round: Median of all pairwise slopes, in units of what was measured.
        low: Lower bound of the two-sided interval.
        high: Upper bound.
        trend_p: Chance that so clear a rise comes of no trend at all (one-sided Mann-Kendall).
        points: How many measurements it rests on.
        confidence: Of the interval, 0 to 1.
    """

    per_round: float
    low: float
    high: float
    trend_p: float
    points: int
    confidence: float = CONFIDENCE

    @property
    def rises(self) -> bool:
        """Whether it is above zero with confidence."""
        return self.low > 0 and self.trend_p < (1 - self.confidence) / 2

    def to_json(self) -> dict[str, Any]:
        """Return the fields."""
        return {
            "per_round": self.per_round,
            "low": self.low,
            "high": self.high,
            "trend_p": self.trend_p,
            "points": self.points,
            "confidence": self.confidence,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Slope:
        """Return the slope that `to_json` described."""
        return cls(**values)


def slope_of(points: Points, *, confidence: float = CONFIDENCE) -> Slope:
    """Return the Theil-Sen slope of points (x, y) with Sen's interval. Takes n² / 2 divisions.

    Outliers move it little: up to 29 % of the points may be anything.

    Args:
        points: With strictly rising x.
        confidence: Of the two-sided interval, between 0 and 1.

    Raises:
        TooFewPointsError: Fewer than `LEAST_POINTS`.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence takes a number between 0 and 1, got {confidence!r}")
    if len(points) < LEAST_POINTS:
        raise TooFewPointsError(len(points), LEAST_POINTS)
    slopes = _pairwise(points)
    deviation = math.sqrt(_variance([y for _, y in points]))
    normal = statistics.NormalDist()
    reach = normal.inv_cdf((1 + confidence) / 2) * deviation
    return Slope(
        per_round=statistics.median(slopes),
        low=_ranked(slopes, (len(slopes) - reach) / 2 - 1),
        high=_ranked(slopes, (len(slopes) + reach) / 2),
        trend_p=1 - normal.cdf(_trend(slopes, deviation)),
        points=len(points),
        confidence=confidence,
    )


def _pairwise(points: Points) -> list[float]:
    slopes: list[float] = []
    for at, (x, y) in enumerate(points):
        for later_x, later_y in points[at + 1 :]:
            if later_x <= x:
                raise ValueError(f"points rise in x; {later_x!r} came after {x!r}")
            slopes.append((later_y - y) / (later_x - x))
    slopes.sort()
    return slopes


def _variance(values: Sequence[float]) -> float:
    """Return the variance of Kendall's S if there were no trend, corrected for ties."""
    n = len(values)
    ties = sum(t * (t - 1) * (2 * t + 5) for t in Counter(values).values())
    return (n * (n - 1) * (2 * n + 5) - ties) / 18


def _trend(slopes: Sequence[float], deviation: float) -> float:
    """Return Kendall's S in standard deviations, corrected for continuity."""
    balance = sum((slope > 0) - (slope < 0) for slope in slopes)
    if not deviation or not balance:
        return 0.0
    return (balance - math.copysign(1, balance)) / deviation


def _ranked(slopes: Sequence[float], rank: float) -> float:
    """Return the slope of a rank from 0, between two ranks in proportion."""
    bounded = min(max(rank, 0.0), len(slopes) - 1.0)
    below = math.floor(bounded)
    above = min(below + 1, len(slopes) - 1)
    return slopes[below] + (bounded - below) * (slopes[above] - slopes[below])

"""How a cost grows with a size: the exponent of the power law that fits best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.comparing.student import two_sided_t
from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_SIZES: Final = 3  # through two points a line always fits
_CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """cost = factor * size ** exponent.

    Attributes:
        low: Lower end of the 95 % confidence interval of the exponent.
        high: Its upper end.
    """

    factor: float
    exponent: float
    low: float
    high: float

    def at(self, size: float) -> float:
        """Return the cost that the law has for a size."""
        return self.factor * math.pow(size, self.exponent)


def fit_power_law(sizes: Sequence[float], costs: Sequence[float]) -> PowerLaw:
    """Return the law through points of size and cost: a line of least squares on log axes.

    The interval takes each point's distance from the line for noise; a curve that bends (a cache
    that overflows) makes it wide, which is as it should be, since no one exponent is true then.

    Raises:
        BadValueError: The lengths differ, fewer than three sizes differ, or one is not above 0.
    """
    if len(sizes) != len(costs):
        raise BadValueError("fit_power_law", f"{len(sizes)} sizes, {len(costs)} costs", "as many")
    if len(set(sizes)) < LEAST_SIZES:
        raise BadValueError("fit_power_law", f"{len(set(sizes))} sizes", "at least 3 that differ")
    if any(not 0 < one < math.inf for one in (*sizes, *costs)):
        raise BadValueError("fit_power_law", "a size or cost of 0 or less", "numbers above 0")
    x, y = [math.log(one) for one in sizes], [math.log(one) for one in costs]
    middle_x, middle_y = math.fsum(x) / len(x), math.fsum(y) / len(y)
    spread = math.fsum((one - middle_x) ** 2 for one in x)
    together = math.fsum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    exponent = together / spread
    start = middle_y - exponent * middle_x
    left = math.fsum((b - start - exponent * a) ** 2 for a, b in zip(x, y, strict=True))
    freedom = len(x) - 2
    margin = two_sided_t(1 - _CONFIDENCE, freedom) * math.sqrt(left / freedom / spread)
    return PowerLaw(
        factor=math.exp(start),
        exponent=exponent,
        low=exponent - margin,
        high=exponent + margin,
    )

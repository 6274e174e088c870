"""A measure of plain values: the chosen statistic and the five numbers that sum them up."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from reports.importers.choices import Statistic
from reports.record import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.record import Direction


def summed_up(
    values: Sequence[float], *, metric: str, unit: str, direction: Direction, statistic: Statistic
) -> Measure:
    """Return the measure of at least one value."""
    ordered = sorted(values)
    median = statistics.median(ordered)
    quarters = (
        statistics.quantiles(ordered, n=4, method="inclusive") if ordered[1:] else [median] * 3
    )
    return Measure(
        metric=metric,
        value=median if statistic is Statistic.MEDIAN else ordered[0],
        unit=unit,
        direction=direction,
        n=len(ordered),
        minimum=ordered[0],
        # Rounding may put a quartile a last digit past its neighbour.
        q1=min(quarters[0], median),
        median=median,
        q3=max(quarters[2], median),
        maximum=ordered[-1],
    )

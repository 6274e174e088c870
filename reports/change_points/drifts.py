"""A drift as it is told: how far it went, how sure that is, and whether it may be chance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from reports.change_points.analysis import Change, ChangeKind
from reports.change_points.fits import within
from reports.change_points.intervals import drift_interval
from reports.change_points.pruning import SIGNIFICANCE
from reports.change_points.ramp_search import around, without_others
from reports.change_points.ramps import likely_starts
from reports.change_points.significance import Stretch, ramp_p, slope_p
from reports.change_points.unit_series import middle

if TYPE_CHECKING:
    from reports.change_points.fits import Fit
    from reports.change_points.noise import Floats
    from reports.change_points.pruning import Pruner
    from reports.change_points.ramps import Ramp
    from reports.change_points.unit_series import UnitSeries


def drift_of(series: UnitSeries, found: Fit, ramp: Ramp, pruner: Pruner) -> Change | None:
    """Return a ramp as a drift, or None where it is too small to matter or may be chance."""
    points = found.level.size
    height = found.heights[found.ramps.index(ramp)]
    free = within(ramp.shape(points), found.starts)
    error = _error(found, free)
    p = _p(found, ramp)
    if any(ramp.start < at <= ramp.end for at in found.starts):
        # Steps explain much of what a slope does: it must hold within the pieces alone.
        p = max(p, math.erfc(abs(height) / error / math.sqrt(2)) if error else 0.0)
    before = _before(series, found, ramp)
    reach = height * series.unit
    if p > SIGNIFICANCE or not pruner.matters(before, before + reach):
        return None
    return Change(
        kind=ChangeKind.DRIFT,
        index=ramp.start,
        before=before,
        after=before + reach,
        p=p,
        interval=drift_interval(before, reach, error=error * series.unit),
        places=None if found.is_line else _places(found, ramp),
        end=ramp.end + 1,
    )


def _error(found: Fit, free: Floats) -> float:
    """Return the standard error of a ramp's height, in the fit's unit."""
    left = float(found.residuals @ found.residuals) / (free.size - 2)
    memory = max(0.0, found.correlation)
    return math.sqrt(left / float(free @ free) * (1 + memory) / (1 - memory))


def _p(found: Fit, ramp: Ramp) -> float:
    points = found.level.size
    risen = without_others(found, ramp)
    if found.is_line:
        return slope_p(Stretch(values=risen, correlation=found.correlation, evidence=points))
    first, last = around(found, ramp)
    stretch = Stretch(values=risen[first:last], correlation=found.correlation, evidence=points)
    shape = ramp.shape(points)[first:last]
    shape -= shape.mean()
    return ramp_p(stretch, float(stretch.values @ shape) ** 2 / float(shape @ shape))


def _places(found: Fit, ramp: Ramp) -> tuple[int, int]:
    first, last = around(found, ramp)
    own = without_others(found, ramp)[first:last]
    low, high = likely_starts(own, max(0.0, found.correlation))
    return min(first + low, ramp.start), max(first + high, ramp.start)


def _before(series: UnitSeries, found: Fit, ramp: Ramp) -> float:
    """Return the level that a drift left, in the series' unit."""
    # With steps on it, a drift alone has no last value of its own: it ends where it would be.
    first, last = around(found, ramp)
    last = min((at for at in found.starts if at > ramp.start), default=last)
    ground = series.smooth - found.level
    away = (ground[first:last] - ground[ramp.start]) * series.unit
    return middle(series.given[first:last] - away)

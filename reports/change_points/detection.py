"""Find where a series changed: steps, a drift, and the lone spikes that are neither.

Noise is told from neighbours, spikes are clipped, the best pieces by least squares are found for a
path of prices, the description of the best BIC under autocorrelated noise is kept, and each of its
boundaries must then hold against its two neighbouring segments by a p-value that knows it was
searched for. See docs/explanation/change-points.md.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.change_points.analysis import Analysis, Change, ChangeKind
from reports.change_points.fits import CHANGE_WEIGHT, Fit, best_fit, best_sloped, within
from reports.change_points.intervals import drift_interval, relative_interval, visible_step
from reports.change_points.partition import SMALLEST_SEGMENT
from reports.change_points.pruning import SIGNIFICANCE, Pruner
from reports.change_points.significance import Stretch, slope_p
from reports.change_points.unit_series import UnitSeries, middle, unit_series
from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.change_points.noise import Floats

FEWEST_POINTS: Final = 2 * SMALLEST_SEGMENT
FEWEST_FOR_DRIFT: Final = 10  # below, three values in order are a line as well
MOST_POINTS: Final = 100_000
_TAKES: Final = f"a flat sequence of up to {MOST_POINTS} finite numbers"


def detect(
    values: Sequence[float] | Floats, *, floor: float = 0.02, absolute_floor: float = 0.0
) -> Analysis:
    """Return where a series changed level, and how much it moves when it does not.

    Args:
        values: One number a point in time, oldest first, in any unit.
        floor: The smallest relative change of medians worth telling, 0.02 for 2 %.
        absolute_floor: The smallest change worth telling, in the series' unit.

    Returns:
        The steps, and a drift when a line under them tells more, each with its p-value. Fewer
        than six points are no error: the analysis then has a `reason`.

    Raises:
        BadValueError: A value is no finite number, there are more than 100 000, or a floor is
            negative.

    One input has one answer: what is drawn at random is seeded by the number of points.
    Multiplying values and `absolute_floor` by a number changes no finding; with both floors
    nought, neither does adding one.
    """
    given = _checked(values)
    _check_floor("floor", floor)
    _check_floor("absolute_floor", absolute_floor)
    if given.size < FEWEST_POINTS:
        return _too_short(given)
    series = unit_series(given)
    if series is None:
        return Analysis(points=given.size, level=float(given[0]), smallest_visible=floor)
    pruner = Pruner(series, floor=floor, absolute_floor=absolute_floor)
    kept, drift = _best_description(series, pruner)
    return _analysis(series, kept, drift, pruner)


def _best_description(series: UnitSeries, pruner: Pruner) -> tuple[Fit, Change | None]:
    """Return the steps that hold, or the line and the steps on it when these tell more."""
    plain = best_fit(series)
    if series.given.size < FEWEST_FOR_DRIFT:
        return pruner.pruned(plain), None
    line = best_sloped(series, plain)
    # The dear part is to prune; a line better than all pieces need not wait for theirs.
    kept = plain if line.cost < plain.cost else pruner.pruned(plain)
    if line.cost < kept.cost:
        line = pruner.pruned(line)
        drift = _drift(series, line, pruner) if line.cost < kept.cost else None
        if drift:
            return line, drift
    # Pieces that hold are told; a line that beats them only by those that do not hold is none.
    return pruner.pruned(kept), None


def _checked(values: Sequence[float] | Floats) -> Floats:
    try:
        given = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadValueError("detect", f"values that are not numbers ({error})", _TAKES) from error
    if given.ndim != 1:
        raise BadValueError("detect", f"values of {given.ndim} dimensions", _TAKES)
    if given.size > MOST_POINTS:
        raise BadValueError("detect", f"{given.size} values", _TAKES)
    bad = np.flatnonzero(~np.isfinite(given))
    if bad.size:
        raise BadValueError("detect", f"{given[bad[0]]} at index {bad[0]}", _TAKES)
    return given


def _check_floor(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise BadValueError(f"detect's {name}", repr(value), "a number of at least 0")


def _too_short(given: Floats) -> Analysis:
    return Analysis(
        points=given.size,
        level=middle(given) if given.size else 0.0,
        reason=f"{given.size} points; a step takes {SMALLEST_SEGMENT} before it and "
        f"{SMALLEST_SEGMENT} after it",
    )


def _drift(series: UnitSeries, line: Fit, pruner: Pruner) -> Change | None:
    """Return the drift of a line, or None where it is too small to matter or may be chance."""
    points = line.level.size
    time = np.arange(points, dtype=np.float64) - (points - 1) / 2.0
    free = within(time, line.starts)
    error = math.sqrt(float(line.residuals @ line.residuals) / (points - 2) / float(free @ free))
    memory = max(0.0, line.correlation)
    error *= math.sqrt((1 + memory) / (1 - memory))
    risen = line.residuals + line.slope * time
    p = slope_p(Stretch(values=risen, correlation=line.correlation, evidence=points))
    if line.starts:
        # Steps explain much of what a slope does: it must hold within the pieces alone.
        p = max(p, math.erfc(abs(line.slope) / error / math.sqrt(2)) if error else 0.0)
    reach = line.slope * (points - 1) * series.unit
    # On a line with steps the line alone has no last value of its own: it ends where it would be.
    end = line.starts[0] if line.starts else points
    start = middle(series.given[:end] - line.slope * series.unit * np.arange(end))
    if p > SIGNIFICANCE or not pruner.matters(start, start + reach):
        return None
    return Change(
        kind=ChangeKind.DRIFT,
        index=0,
        before=start,
        after=start + reach,
        p=p,
        interval=drift_interval(start, reach, error=error * (points - 1) * series.unit),
    )


def _analysis(series: UnitSeries, kept: Fit, drift: Change | None, pruner: Pruner) -> Analysis:
    """Return all that is known, in the series' unit."""
    placed, ranges = pruner.placed(kept)
    noise = _robust_sd(series.raw - series.smooth + placed.residuals) * series.unit
    bounds = (0, *placed.starts, series.smooth.size)
    steps = []
    for at, (p, places) in enumerate(zip(pruner.chances(kept), ranges, strict=True)):
        first, start, last = bounds[at : at + 3]
        before, after = pruner.levels(placed, first, start, last)
        interval = relative_interval(
            before,
            after,
            sizes=(start - first, last - start),
            noise=noise,
            correlation=placed.correlation,
        )
        step = Change(
            kind=ChangeKind.STEP,
            index=start,
            before=before,
            after=after,
            p=p,
            interval=interval,
            places=places,
        )
        steps.append(step)
    history = bounds[-1] - bounds[-2]
    level = middle(series.given[bounds[-2] :])
    return Analysis(
        points=series.smooth.size,
        changes=(*((drift,) if drift else ()), *steps),
        spikes=tuple(int(at) for at in np.flatnonzero(series.raw != series.smooth)),
        level=level,
        noise=noise,
        correlation=placed.correlation,
        smallest_visible=_smallest_visible(level, noise, history, placed, pruner),
    )


def _smallest_visible(
    level: float, noise: float, history: int, placed: Fit, pruner: Pruner
) -> float | None:
    if level == 0:
        return None
    price = CHANGE_WEIGHT * math.log(placed.level.size)
    step = visible_step(noise, history=history, correlation=placed.correlation, price=price)
    if step is None or not math.isfinite(step):
        return None
    return pruner.at_least_floors(step / abs(level), level)


def _robust_sd(residuals: Floats) -> float:
    return float(1.4826 * np.median(np.abs(residuals - np.median(residuals))))

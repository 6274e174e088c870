"""Find where a series changed: steps, drifts, and the lone spikes that are neither.

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
from reports.change_points.drifts import drift_of
from reports.change_points.fits import CHANGE_WEIGHT, Fit, best_sloped, dearer, pieces
from reports.change_points.intervals import relative_interval, visible_step
from reports.change_points.partition import SMALLEST_SEGMENT
from reports.change_points.pruning import Pruner
from reports.change_points.ramp_search import best_ramped
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
        The steps, and drifts where a line or ramps under them tell more, each with its p-value.
        Fewer than six points are no error: the analysis then has a `reason`.

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
    kept, drifts = _best_description(series, pruner)
    return _analysis(series, kept, drifts, pruner)


def _best_description(series: UnitSeries, pruner: Pruner) -> tuple[Fit, tuple[Change, ...]]:
    """Return the steps that hold, or the drifts and the steps on them when these tell more."""
    plain = pieces(series)
    stairs = plain[0]
    if series.given.size < FEWEST_FOR_DRIFT:
        return pruner.pruned(stairs), ()
    rivals = [best_sloped(series, plain)]
    if stairs.starts:
        rivals += best_ramped(series, plain, limit=min(stairs.cost, rivals[0].cost))
    rivals.sort(key=lambda each: each.cost)
    # The dear part is to prune; a rival better than all stairs need not wait for theirs.
    if dearer(rivals[0], stairs) >= stairs.cost:
        stairs = pruner.pruned(stairs)
    best, told = stairs, tuple[Change, ...]()
    for rival in rivals:
        if rival.cost >= best.cost:
            break
        found = pruner.pruned(rival)
        if found.cost < best.cost and dearer(found, stairs) < stairs.cost:
            drifts = _drifts(series, found, pruner)
            best, told = (found, drifts) if drifts else (best, told)
    # Stairs that hold are told; a rival that beats them only by those that do not hold is none.
    return (best, told) if told else (pruner.pruned(stairs), ())


def _drifts(series: UnitSeries, found: Fit, pruner: Pruner) -> tuple[Change, ...]:
    """Return the drift of each ramp, or none when one of them does not hold."""
    told = [drift_of(series, found, ramp, pruner) for ramp in found.ramps]
    held = tuple(each for each in told if each is not None)
    return held if len(held) == len(told) else ()


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


def _analysis(
    series: UnitSeries, kept: Fit, drifts: tuple[Change, ...], pruner: Pruner
) -> Analysis:
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
    # Where a drift over a part ended there is a level of its own; where it goes on, no long one.
    ends = [ramp.end for ramp in kept.ramps if not kept.is_line]
    begin = min(max(bounds[-2], *ends, 0), bounds[-1] - SMALLEST_SEGMENT)
    level = middle(series.given[begin:])
    return Analysis(
        points=series.smooth.size,
        changes=tuple(sorted((*drifts, *steps), key=lambda each: each.index)),
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

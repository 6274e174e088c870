"""Which runs of steps in one direction are one drift: stairs laid under a ramp are told dearly."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.change_points.fits import Fit, fit, settled
from reports.change_points.ramps import Ramp, best_ramp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.change_points.noise import Floats
    from reports.change_points.unit_series import UnitSeries

_FEWEST_STEPS: Final = 2  # in one direction; one alone is a step
_OWN_STEPS: Final = 2  # at either end of a run that may be steps of their own
_MOST_RAMPS: Final = 4


def best_ramped(series: UnitSeries, plain: Sequence[Fit], *, limit: float) -> list[Fit]:
    """Return the description by ramps and steps that tells the most, or none where none is there.

    Args:
        plain: Pieces on level ground, best first. Their runs of steps in one direction are what
            ramps are sought under; the finer ones show those that the best has as a single step.
        limit: The cost of what is known already; what is not below is not followed up.
    """
    seen: dict[Ramp, None] = {}
    for each in plain:
        for first, last in _runs(each):
            found = best_ramp(series.smooth[first:last])
            if found is not None:
                seen[Ramp(start=first + found.start, end=first + found.end)] = None
    best: Fit | None = None
    for _ in range(_MOST_RAMPS):
        more = _with_one_more(series, best or plain[0], seen)
        if more is None or more.cost >= limit:
            break
        more = settled(series, more)
        best = min((more, replaced(series, more)), key=lambda each: each.cost)
        limit = best.cost
    return [best] if best else []


def _with_one_more(series: UnitSeries, base: Fit, seen: dict[Ramp, None]) -> Fit | None:
    """Return the base with the best of these ramps in the place of its steps there."""
    tried = []
    for ramp in seen:
        if any(ramp.start < other.end and other.start < ramp.end for other in base.ramps):
            continue
        ramps = tuple(sorted((*base.ramps, ramp)))
        for slack in (0, 3):
            low, high = ramp.start - slack, ramp.end + slack
            starts = tuple(at for at in base.starts if not low < at <= high)
            tried.append(fit(series.smooth, starts, ramps))
    return min(tried, key=lambda each: each.cost, default=None)


def replaced(series: UnitSeries, found: Fit) -> Fit:
    """Return the description with each ramp where it fits best among the steps around it."""
    return fit(series.smooth, found.starts, tuple(_placed(found, ramp) for ramp in found.ramps))


def _placed(found: Fit, ramp: Ramp) -> Ramp:
    # With steps on it, what lies above them is no ramp to be placed.
    if any(ramp.start < at <= ramp.end for at in found.starts):
        return ramp
    first, last = around(found, ramp)
    better = best_ramp(without_others(found, ramp)[first:last])
    return ramp if better is None else Ramp(start=first + better.start, end=first + better.end)


def around(found: Fit, ramp: Ramp) -> tuple[int, int]:
    """Return the first point of the stretch between steps that a ramp is in, and where it ends."""
    others = [other for other in found.ramps if other != ramp]
    bounds = [0, *found.starts, *(other.end for other in others)]
    first = max(at for at in bounds if at <= ramp.start)
    ends = [*found.starts, *(other.start + 1 for other in others), found.level.size]
    return first, min(at for at in ends if at > ramp.end)


def without_others(found: Fit, ramp: Ramp) -> Floats:
    """Return the values less all steps and all ramps but this one."""
    height = found.heights[found.ramps.index(ramp)]
    return np.asarray(found.residuals + height * ramp.shape(found.level.size))


def _runs(found: Fit) -> Iterator[tuple[int, int]]:
    """Yield the ends of stretches whose steps all go one way, with what lies flat beside them."""
    bounds = (0, *found.starts, found.level.size)
    levels = [float(found.level[first:last].mean()) for first, last in pairwise(bounds)]
    rises = [after > before for before, after in pairwise(levels)]
    for first, last in _monotone(rises):
        for begin in range(first, min(first + _OWN_STEPS + 1, last)):
            for end in range(last, max(last - _OWN_STEPS - 1, begin), -1):
                if end - begin >= _FEWEST_STEPS:
                    yield bounds[begin], bounds[end + 1]


def _monotone(rises: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Yield first and last (exclusive) of the longest runs of equal signs."""
    begin = 0
    for at in range(1, len(rises) + 1):
        if at == len(rises) or rises[at] != rises[begin]:
            yield begin, at
            begin = at

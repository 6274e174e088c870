"""Find where a series changed: steps, or one drift, and the lone spikes that are neither.

Noise is told from neighbours, spikes are clipped, the best pieces by least squares are found for a
path of prices, the partition of the best BIC under autocorrelated noise is kept, and each of its
boundaries must then hold against its two neighbouring segments by a p-value that knows it was
searched for. See docs/explanation/change-points.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.change_points.analysis import Analysis, Change, ChangeKind
from reports.change_points.intervals import relative_interval, visible_step
from reports.change_points.noise import clipped, correlation, difference_scale
from reports.change_points.partition import SMALLEST_SEGMENT, partitions
from reports.change_points.significance import Stretch, slope_p, step_p
from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.change_points.noise import Floats

FEWEST_POINTS: Final = 2 * SMALLEST_SEGMENT
MOST_POINTS: Final = 100_000
SIGNIFICANCE: Final = 0.01  # of one boundary; a report of many series adjusts on top
BIC_WEIGHT: Final = 3.0  # of log n for each change: its place, its level, and the search for it

# Of the noise variance times log n. The least is where flat noise starts to break up, the most
# leaves only what the eye sees from afar.
_PRICES: Final = (2.0, 3.0, 4.5, 7.0, 11.0, 18.0, 32.0, 64.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """A series brought to numbers around nought and at most one, so that squares are in reach.

    Attributes:
        given: The values as they came.
        raw: The values less `middle`, over `unit`.
        smooth: The same with spikes clipped.
        scale: Noise of one point told from neighbours, over `unit`.
    """

    given: Floats
    raw: Floats
    smooth: Floats
    scale: float
    unit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """One description of the series: its pieces, their residuals, what it costs, its memory."""

    starts: tuple[int, ...]
    residuals: Floats
    cost: float
    correlation: float


def detect(
    values: Sequence[float], *, floor: float = 0.02, absolute_floor: float = 0.0
) -> Analysis:
    """Return where a series changed level, and how much it moves when it does not.

    Args:
        values: One number a point in time, oldest first, in any unit.
        floor: The smallest relative change of medians worth telling, 0.02 for 2 %.
        absolute_floor: The smallest change worth telling in the series' unit.

    Returns:
        The steps, or one drift when a straight line tells more, each with its p-value. Fewer than
        six points are no error: the analysis then has a `reason`.

    Raises:
        BadValueError: A value is no finite number, there are more than 100 000, or a floor is
            negative.

    One input has one answer: what is drawn at random is seeded by the number of points.
    Multiplying values by a number and `absolute_floor` with them changes no finding; with both
    floors nought, neither does adding one.
    """
    series = _checked(values)
    _check_floor("floor", floor)
    _check_floor("absolute_floor", absolute_floor)
    if series.size < FEWEST_POINTS:
        return _too_short(series)
    ready = _unit_sized(series)
    if ready is None:
        return Analysis(points=series.size, level=float(series[0]), smallest_visible=floor)
    judge = _Judge(ready, floor=floor, absolute_floor=absolute_floor)
    fit = judge.pruned(_best_fit(ready))
    drift = judge.drift(fit)
    return judge.analysis(fit, drift)


def _checked(values: Sequence[float]) -> Floats:
    try:
        series = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadValueError("detect", f"values that are not numbers ({error})", _TAKES) from error
    if series.ndim != 1:
        raise BadValueError("detect", f"values of {series.ndim} dimensions", _TAKES)
    if series.size > MOST_POINTS:
        raise BadValueError("detect", f"{series.size} values", _TAKES)
    bad = np.flatnonzero(~np.isfinite(series))
    if bad.size:
        raise BadValueError("detect", f"{series[bad[0]]} at index {bad[0]}", _TAKES)
    return series


_TAKES: Final = f"a flat sequence of up to {MOST_POINTS} finite numbers"


def _check_floor(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise BadValueError(f"detect's {name}", repr(value), "a number of at least 0")


def _too_short(series: Floats) -> Analysis:
    return Analysis(
        points=series.size,
        level=float(np.median(series)) if series.size else 0.0,
        reason=f"{series.size} points; a step takes {SMALLEST_SEGMENT} before it and "
        f"{SMALLEST_SEGMENT} after it",
    )


def _unit_sized(given: Floats) -> _Series | None:
    """Return the series at a size where squares neither overflow nor vanish; None of a constant."""
    # A power of two first: it loses no digit, and halves can be subtracted without overflow.
    exponent = int(np.frexp(np.abs(given).max())[1])
    halves = np.ldexp(given, -exponent - 1)
    away = halves - np.median(halves)
    spread = float(np.abs(away).max())
    if spread == 0:
        return None
    raw = away / spread
    scale = difference_scale(raw)
    return _Series(
        given=given,
        raw=raw,
        smooth=clipped(raw, scale),
        scale=scale,
        unit=math.ldexp(spread, exponent + 1),
    )


def _fit(smooth: Floats, changes: tuple[int, ...]) -> _Fit:
    """Return what it costs to describe the series by these pieces.

    Source: Schwarz, Ann. Statist. 6 (1978); the innovations' variance as in Davis, Lee and
    Rodriguez-Yam, JASA 101 (2006), section 2.
    """
    points = smooth.size
    starts = np.array((0, *changes))
    sizes = np.diff((*starts, points))
    means = np.add.reduceat(smooth, starts) / sizes
    residuals = smooth - np.repeat(means, sizes)
    raw, unbiased = correlation(residuals, starts)
    price = BIC_WEIGHT * len(changes) * math.log(points)
    return _Fit(
        starts=changes,
        residuals=residuals,
        correlation=unbiased,
        cost=_likelihood_cost(residuals, raw) + price,
    )


def _likelihood_cost(residuals: Floats, memory: float) -> float:
    variance = float(residuals @ residuals) / residuals.size * (1 - memory * memory)
    return residuals.size * math.log(max(variance, _LEAST_VARIANCE))


def _best_fit(ready: _Series) -> _Fit:
    points = ready.smooth.size
    # Noise of nought, as counts have it, is no licence for a change at every point.
    noise = max(ready.scale, _LEAST_NOISE)
    prices = np.array(_PRICES) * noise * noise * math.log(points)
    found = {(), *partitions(ready.smooth, prices)}
    fits = [_fit(ready.smooth, changes) for changes in sorted(found)]
    return min(fits, key=lambda fit: fit.cost)


class _Judge:
    """Keeps what a series' changes are measured by; used once, by one thread."""

    __slots__ = ("_absolute_floor", "_floor", "_known", "_ready")

    def __init__(self, ready: _Series, *, floor: float, absolute_floor: float) -> None:
        self._ready = ready
        self._floor = floor
        self._absolute_floor = absolute_floor
        self._known: dict[tuple[int, int, int, float], float] = {}

    def pruned(self, fit: _Fit) -> _Fit:
        """Return the pieces whose every boundary holds, the weakest dropped one after the other."""
        while fit.starts:
            chances = self.chances(fit)
            worst = max(range(len(chances)), key=chances.__getitem__)
            if chances[worst] <= SIGNIFICANCE:
                break
            kept = fit.starts[:worst] + fit.starts[worst + 1 :]
            fit = _fit(self._ready.smooth, kept)
        return fit

    def chances(self, fit: _Fit) -> list[float]:
        """Return each boundary's p, or 2 where the change is too small to matter."""
        bounds = (0, *fit.starts, self._ready.smooth.size)
        return [
            self._chance(first, start, last, fit.correlation)
            for first, start, last in zip(bounds, bounds[1:], bounds[2:], strict=False)
        ]

    def _chance(self, first: int, start: int, last: int, memory: float) -> float:
        before, after = self._medians(first, start, last)
        if not self._matters(before, after):
            return 2.0
        key = (first, start, last, memory)
        if key not in self._known:
            self._known[key] = step_p(self._stretch(first, last, memory))
        return self._known[key]

    def _stretch(self, first: int, last: int, memory: float) -> Stretch:
        ready = self._ready
        return Stretch(
            raw=ready.raw[first:last],
            smooth=ready.smooth[first:last],
            scale=ready.scale,
            correlation=memory,
        )

    def _medians(self, first: int, start: int, last: int) -> tuple[float, float]:
        given = self._ready.given
        return float(np.median(given[first:start])), float(np.median(given[start:last]))

    def _matters(self, before: float, after: float) -> bool:
        # Halves: the difference of two huge levels of opposite sign is out of a float's range.
        change = abs(after / 2 - before / 2)
        return change > 0 and change >= max(self._floor * abs(before) / 2, self._absolute_floor / 2)

    def drift(self, fit: _Fit) -> Change | None:
        """Return the straight line that tells more than these steps, if one does."""
        smooth = self._ready.smooth
        points = smooth.size
        time = np.arange(points) - (points - 1) / 2
        slope = float(smooth @ time) / float(time @ time)
        residuals = smooth - smooth.mean() - slope * time
        raw, memory = correlation(residuals, np.zeros(1))
        cost = _likelihood_cost(residuals, raw) + BIC_WEIGHT * math.log(points)
        if cost >= fit.cost:
            return None
        ends = (smooth.mean() + slope * time[[0, -1]]) * self._ready.unit
        middle = float(np.median(self._ready.given))
        before, after = (float(end) + middle for end in ends)
        p = slope_p(self._stretch(0, points, memory))
        if p > SIGNIFICANCE or not self._matters(before, after):
            return None
        error = float(np.sqrt(residuals @ residuals / (points - 2) / (time @ time)))
        return Change(
            kind=ChangeKind.DRIFT,
            index=0,
            before=before,
            after=after,
            p=p,
            interval=(0.0, error),
        )

    def analysis(self, fit: _Fit, drift: Change | None) -> Analysis:
        """Return all that is known, in the series' unit."""
        ready = self._ready
        bounds = (0, *fit.starts, ready.smooth.size)
        noise = _robust_sd(ready.raw - ready.smooth + fit.residuals) * ready.unit
        changes = []
        for first, start, last, p in zip(
            bounds, bounds[1:], bounds[2:], self.chances(fit), strict=False
        ):
            before, after = self._medians(first, start, last)
            changes.append(
                Change(
                    kind=ChangeKind.STEP,
                    index=start,
                    before=before,
                    after=after,
                    p=p,
                    interval=relative_interval(
                        before,
                        after,
                        sizes=(start - first, last - start),
                        noise=noise,
                        correlation=fit.correlation,
                    ),
                )
            )
        level = float(np.median(ready.given[bounds[-2] :]))
        return Analysis(
            points=ready.smooth.size,
            changes=(drift,) if drift else tuple(changes),
            spikes=tuple(int(at) for at in np.flatnonzero(ready.raw != ready.smooth)),
            level=level,
            noise=noise,
            correlation=fit.correlation,
            smallest_visible=self._smallest_visible(level, noise, bounds[-1] - bounds[-2], fit),
        )

    def _smallest_visible(
        self, level: float, noise: float, history: int, fit: _Fit
    ) -> float | None:
        if level == 0:
            return None
        price = BIC_WEIGHT * math.log(self._ready.smooth.size)
        step = visible_step(noise, history=history, correlation=fit.correlation, price=price)
        if step is None:
            return None
        return max(step / abs(level), self._floor, self._absolute_floor / abs(level))


def _robust_sd(residuals: Floats) -> float:
    return float(1.4826 * np.median(np.abs(residuals - np.median(residuals))))


_LEAST_NOISE: Final = 1e-4  # of the series' span
_LEAST_VARIANCE: Final = _LEAST_NOISE**2

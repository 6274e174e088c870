"""How two sides of runs differ: the ratio, its interval, its p-value, and what could be seen.

A value here is one *run's* result, never a round's: between two runs of the same code the medians
differ several times more than the rounds inside them suggest, and a test on rounds calls most
identical pairs different.

Values above zero are compared by ratio: Welch's t-test (B. L. Welch, Biometrika 34, 1947) on their
logarithms. Runs of one session in turns may be compared round by round. Where a value is zero or
below a ratio means nothing, so differences are compared, by a permutation test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reports.comparing.moments import cliffs_delta, hedges_g, mean, variance
from reports.comparing.planning import least_runs
from reports.comparing.student import two_sided_t
from reports.comparing.welch import Tested, reach, welch
from reports.comparing.welch import paired as paired_test
from reports.errors import BadValueError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA: Final = 0.05
POWER: Final = 0.8
CONFIDENCE: Final = 0.95
# A handful of runs that agree to the last digit do not prove that a metric never moves; nobody asks
# for changes so small that a thousandth more noise would hide them.
_LEAST_NOISE: Final = 1e-3
_LEAST_FOR_BOOTSTRAP: Final = 5  # of fewer values too few different samples can be drawn
_LEAST_RUNS: Final = 2  # one run has no spread
_LARGEST_LOG: Final = 700.0  # e**700 is the last that a float holds


class Method(StrEnum):
    """How a difference was tested."""

    WELCH = "Welch's t-test on logarithms"
    PAIRED = "t-test on logarithms of the ratios within rounds"
    PERMUTATION = "permutation test of the difference"
    NONE = "not tested"


class IntervalMethod(StrEnum):
    """Where an interval comes from."""

    BOOTSTRAP = "expanded percentile bootstrap (Hesterberg 2015), 4000 resamples"
    STUDENT = "Student's t"
    NONE = "no interval"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The new side against the old one, and the evidence.

    Attributes:
        old_runs: How many runs of the old side there are; `new_runs` alike.
        old_level: Geometric mean of the old side, or its mean where values are zero or below.
        relative: Whether `change`, `interval` and `smallest_visible` are relative to the old side;
            else they are in the metric's unit.
        change: New against old, signed.
        interval: 95 % confidence interval of `change`, low and high, or None with one run a side.
        p: Two-sided, of no difference at all, for this pair alone; None where not tested.
        hedges_g: Standardised difference on the scale of the test, corrected for few runs; None
            with one run a side.
        cliffs_delta: How often a new run is above an old one, less how often below: -1 to 1.
        noise: Standard deviation of one run on the scale of the test: relative to the level, or in
            the metric's unit.
        standard_error: Of the difference on the scale of the test.
        freedom: Degrees of freedom behind it.
        smallest_visible: The smallest change that so many runs at this noise would show with
            `POWER` at the `alpha` that was given; None where not known.
        reason: Why it was not tested, or an empty text.
    """

    old_runs: int
    new_runs: int
    old_level: float
    new_level: float
    relative: bool
    change: float
    interval: tuple[float, float] | None
    p: float | None
    method: Method
    interval_method: IntervalMethod
    hedges_g: float | None
    cliffs_delta: float
    noise: float | None
    standard_error: float | None
    freedom: float | None
    smallest_visible: float | None
    reason: str = ""

    def visible_at(self, alpha: float, *, power: float = POWER) -> float | None:
        """Return the smallest change that would be seen at another significance.

        Of many pairs that are judged together each needs a smaller p-value than 0.05.
        """
        if self.standard_error is None or self.freedom is None:
            return None
        size = reach(alpha, power=power, freedom=self.freedom) * self.standard_error
        return _as_relative(size) if self.relative else size

    def runs_to_see(self, change: float, *, alpha: float = ALPHA) -> int | None:
        """Return how many runs a side would show `change` at this noise, or None past 1000.

        Args:
            change: As `change` is: relative, or in the metric's unit.
        """
        if self.noise is None or not change > 0:
            return None
        wanted = math.log1p(change) if self.relative else change
        return least_runs(lambda runs: self._seen_with(runs, alpha=alpha) <= wanted)

    def _seen_with(self, runs: int, *, alpha: float) -> float:
        assert self.noise is not None
        paired = self.method is Method.PAIRED
        freedom, parts = (runs - 1, 1) if paired else (2 * (runs - 1), 2)
        error = self.noise * math.sqrt(parts / runs)
        return reach(alpha, power=POWER, freedom=freedom) * error


def difference(
    old: Sequence[float], new: Sequence[float], *, paired: bool = False, alpha: float = ALPHA
) -> Difference:
    """Return how the runs of two sides differ.

    Args:
        old: One value a run, in any order unless `paired`.
        new: The same for the other side.
        paired: The two sides' runs were measured in turns, and stand in the order of their rounds.
        alpha: The significance that `smallest_visible` is told for; 0 to 1.

    Raises:
        BadValueError: A side is empty, a value is not finite, `alpha` is no chance, or paired
            sides are not equally long.
        MissingExtraError: NumPy is not installed.
    """
    before, after = _checked("old", old), _checked("new", new)
    if not 0 < alpha < 1:
        raise BadValueError("alpha", repr(alpha), "a chance between 0 and 1")
    if paired and len(before) != len(after):
        got = f"{len(before)} and {len(after)} runs"
        raise BadValueError("difference with paired=True", got, "as many runs of each side")
    if not paired:  # the order must not matter to the seed either
        before, after = sorted(before), sorted(after)
    if min(*before, *after) <= 0:
        return _by_difference(before, after, alpha)
    return _by_ratio(before, after, paired=paired, alpha=alpha)


def _by_ratio(old: list[float], new: list[float], *, paired: bool, alpha: float) -> Difference:
    logs = [math.log(value) for value in old], [math.log(value) for value in new]
    levels = _geometric_mean(old, logs[0]), _geometric_mean(new, logs[1])
    scale = _Scale(old=old, new=new, levels=levels, relative=True, unit=1.0)
    if min(len(old), len(new)) < _LEAST_RUNS:
        return _untested(scale, change=_as_relative(mean(logs[1]) - mean(logs[0])))
    test = paired_test if paired else welch
    tested = test(*logs, least=_LEAST_NOISE)
    method = Method.PAIRED if paired else Method.WELCH
    return _found(scale, tested, method=method, p=tested.p, alpha=alpha)


def _by_difference(old: list[float], new: list[float], alpha: float) -> Difference:
    levels = mean(old), mean(new)
    # In parts of the largest value, so that squares stay within a float.
    unit = max(abs(value) for value in [*old, *new]) or 1.0
    scale = _Scale(old=old, new=new, levels=levels, relative=False, unit=unit)
    if min(len(old), len(new)) < _LEAST_RUNS:
        return _untested(scale, change=levels[1] - levels[0])
    parts = [value / unit for value in old], [value / unit for value in new]
    tested = welch(*parts, least=_LEAST_NOISE if any(old) or any(new) else 0.0)
    p = _permuted(*parts) if tested.estimate else 1.0
    return _found(scale, tested, method=Method.PERMUTATION, p=p, alpha=alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """Both sides, and how figures on the scale of the test are told."""

    old: list[float]
    new: list[float]
    levels: tuple[float, float]
    relative: bool
    unit: float

    def told(self, figure: float) -> float:
        return _as_relative(figure) if self.relative else figure * self.unit


def _found(scale: _Scale, tested: Tested, *, method: Method, p: float, alpha: float) -> Difference:
    interval, source = _interval(tested)
    visible = reach(alpha, power=POWER, freedom=tested.freedom) * tested.error
    return Difference(
        old_runs=len(scale.old),
        new_runs=len(scale.new),
        old_level=scale.levels[0],
        new_level=scale.levels[1],
        relative=scale.relative,
        change=scale.told(tested.estimate),
        interval=(scale.told(interval[0]), scale.told(interval[1])),
        p=p,
        method=method,
        interval_method=source,
        hedges_g=_hedges_g(scale),
        cliffs_delta=cliffs_delta(scale.old, scale.new),
        noise=tested.noise * scale.unit,
        standard_error=tested.error * scale.unit,
        freedom=tested.freedom,
        smallest_visible=scale.told(visible),
    )


def _untested(scale: _Scale, *, change: float) -> Difference:
    return Difference(
        old_runs=len(scale.old),
        new_runs=len(scale.new),
        old_level=scale.levels[0],
        new_level=scale.levels[1],
        relative=scale.relative,
        change=change,
        interval=None,
        p=None,
        method=Method.NONE,
        interval_method=IntervalMethod.NONE,
        hedges_g=None,
        cliffs_delta=cliffs_delta(scale.old, scale.new),
        noise=None,
        standard_error=None,
        freedom=None,
        smallest_visible=None,
        reason="a side has only one run, and one run tells nothing of how much runs differ",
    )


def _interval(tested: Tested) -> tuple[tuple[float, float], IntervalMethod]:
    quantile = two_sided_t(1 - CONFIDENCE, tested.freedom)
    fewest = min(len(group) for group in tested.groups)
    still = any(variance(group) < _LEAST_NOISE**2 for group in tested.groups)
    if fewest < _LEAST_FOR_BOOTSTRAP or still:
        width = quantile * tested.error
        return (tested.estimate - width, tested.estimate + width), IntervalMethod.STUDENT
    stretch = quantile * tested.error / tested.resampled_error
    return _bootstrapped(tested, stretch), IntervalMethod.BOOTSTRAP


def _bootstrapped(tested: Tested, stretch: float) -> tuple[float, float]:
    try:
        from reports.comparing.resampling import bootstrap_interval  # noqa: PLC0415  # NumPy
    except ImportError as error:
        raise MissingExtraError("NumPy", "a comparison") from error
    return bootstrap_interval(tested.groups, tested.signs, stretch=stretch)


def _permuted(old: list[float], new: list[float]) -> float:
    try:
        from reports.comparing.resampling import permutation_p  # noqa: PLC0415  # NumPy
    except ImportError as error:
        raise MissingExtraError("NumPy", "a comparison") from error
    return permutation_p(old, new)


def _hedges_g(scale: _Scale) -> float | None:
    if not scale.relative:
        parts = [[value / scale.unit for value in side] for side in (scale.old, scale.new)]
        return hedges_g(*parts)
    return hedges_g([math.log(one) for one in scale.old], [math.log(one) for one in scale.new])


def _geometric_mean(values: list[float], logs: list[float]) -> float:
    # Equal values keep their last digit, which a logarithm there and back would not.
    return values[0] if min(values) == max(values) else math.exp(mean(logs))


def _as_relative(log_ratio: float) -> float:
    return math.expm1(min(log_ratio, _LARGEST_LOG))


def _checked(side: str, values: Sequence[float]) -> list[float]:
    held = []
    for value in values:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if isinstance(value, bool | str | bytes) or not math.isfinite(number):
            raise BadValueError(side, repr(value)[:80], "finite numbers, one a run")
        held.append(number)
    if not held:
        raise BadValueError(side, "no values", "at least one value a side")
    return held

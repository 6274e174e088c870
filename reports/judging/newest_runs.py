"""Is a point with several runs apart from the points before it? The answer without a delay.

A detector over points needs two or three of them after a change. A point with three runs or more
carries evidence of its own, but not as much as the runs suggest: they share a session. So the point
is held against the noise between points, its own history's and that of the machine's other series,
and, where the history is short, against the noise between runs as well. It counts when both agree.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.change_points.analysis import ChangeKind
from reports.comparing.difference import difference
from reports.comparing.student import two_sided_p, two_sided_t
from reports.judging.ranks import rank_p
from reports.judging.session_noise import LEAST_RUNS, SessionNoise, variance_within
from reports.judging.timeline import are_interleaved
from reports.judging.verdict import Basis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.policy import Strictness
    from reports.judging.timeline import Spot

CANDIDATE_P: Final = 0.05
_SPLITTING_P: Final = 0.01  # of a doubtful change the points before still belong to the level
_LONG: Final = 5  # points from which on their own noise is known well enough
_RECENT: Final = 30  # points; the level and the noise of now
_MEDIAN_COST: Final = math.pi / 2  # variance of a median over that of a mean, normal noise
_POWER: Final = 0.8
_LEAST_ERROR: Final = 1e-3  # runs that agree to the last digit prove no more
_MOST_LOG: Final = 700.0  # the largest whose exponential is a float
_ALIKE: Final = 0.7  # of a deviation: earlier ones from there on may have the same cause
_AGREEING: Final = 0.5  # of the change; a run beyond it is on the far side


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A change that a series may have, before all series were judged together.

    Attributes:
        end: Of a drift, the first point that moves no more; as many as there are points where it
            goes on. Of a step, None.
        begins: Of a drift over a part of the series, first and last index where it may begin.
    """

    kind: ChangeKind
    index: int
    before: float
    after: float
    change: float
    interval: tuple[float, float]
    p: float
    basis: Basis
    end: int | None = None
    begins: tuple[int, int] | None = None

    @property
    def settled(self) -> int:
        """Return the index from which the level after stands."""
        return self.index if self.end is None else self.end - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One point against the points before it.

    Attributes:
        change: Relative to `before` and signed.
        p: Two-sided, for this point alone.
        error: Standard error of the change's logarithm; `freedom` belongs to it.
    """

    before: float
    change: float
    interval: tuple[float, float]
    p: float
    error: float
    freedom: float

    def visible(self, risk: float) -> float:
        """Return the smallest relative change that would be seen with a p-value of `risk`."""
        quantiles = two_sided_t(risk, self.freedom) + two_sided_t(2 * (1 - _POWER), self.freedom)
        return math.expm1(min(quantiles * self.error, _MOST_LOG))


def changes_by_runs(
    spots: Sequence[Spot],
    *,
    first: int,
    level_from: int,
    noise: SessionNoise,
    strictness: Strictness,
) -> list[Found]:
    """Return the points from `first` on that are apart from the level before them.

    Args:
        level_from: The oldest point of the level that stands before `first`.
    """
    found: list[Found] = []
    begin = level_from
    for at in range(max(first, level_from + 1), len(spots)):
        held = hold(spots[begin:at], spots[at], noise=noise)
        if held is None or held.p > CANDIDATE_P:
            continue
        if not is_above_floors(held.change * held.before, held.before, strictness):
            continue
        found.append(_found(held, spots[at], at))
        if held.p <= _SPLITTING_P:
            begin = at
    return found


def hold(old: Sequence[Spot], new: Spot, *, noise: SessionNoise) -> Held | None:
    """Return one point against those before it, or None where the runs are too few."""
    recent = old[-_RECENT:]
    runs = [value for spot in recent for value in spot.values]
    if len(new.values) < LEAST_RUNS or not runs:
        return None
    if min(*runs, *new.values) <= 0:
        return None  # a ratio to nothing; the detector over points judges differences
    level = statistics.median(spot.log for spot in recent)
    moved = new.log - level
    error, freedom = _error(recent, new, noise)
    p = two_sided_p(moved / error, freedom)
    if p <= CANDIDATE_P:
        p = max(p, _p_of_runs(recent, new, moved), _p_of_spikes(old, level, moved))
    reach = two_sided_t(0.05, freedom) * error
    return Held(
        before=math.exp(level),
        change=_relative(moved),
        interval=(_relative(moved - reach), _relative(moved + reach)),
        p=p,
        error=error,
        freedom=freedom,
    )


def is_above_floors(moved: float, before: float, strictness: Strictness) -> bool:
    """Return whether a change from the level `before`, in the series' unit, counts at all."""
    least = max(strictness.floor * abs(before), strictness.absolute_floor)
    return abs(moved) > least


def _error(old: Sequence[Spot], new: Spot, noise: SessionNoise) -> tuple[float, float]:
    within = variance_within([*old, new])
    of_new = _MEDIAN_COST * (within or 0.0) / len(new.values)
    if are_interleaved(old, new):
        # Measured in turns: no session stands between them.
        of_old = _MEDIAN_COST * (within or 0.0) / sum(len(spot.values) for spot in old)
        apart = sum(len(spot.values) - 1 for spot in (*old, new))
        return max(math.sqrt(of_new + of_old), _LEAST_ERROR), float(max(apart, 1))
    suggested = noise.deviation(within, runs=len(new.values)) ** 2
    own = statistics.variance([spot.log for spot in old]) if len(old) > 1 else 0.0
    freedom = noise.freedom + len(old) - 1
    between = (noise.freedom * suggested + (len(old) - 1) * own) / freedom
    of_old = _MEDIAN_COST * (within or 0.0) / (sum(len(spot.values) for spot in old) / len(old))
    return math.sqrt(max(between, of_old) / len(old) + max(between, of_new)), freedom


def _p_of_runs(old: Sequence[Spot], new: Spot, moved: float) -> float:
    """Return what the runs themselves say, where the points before are few; else if they agree."""
    if len(old) < _LONG:
        runs = [value for spot in old for value in spot.values]
        if len(runs) == 1:
            return _p_of_one_run(new, moved)
        told = difference(runs, new.values).p
        # One interrupted run among three hides any change from Welch's test, but not from ranks.
        by_ranks = rank_p(runs, new.values)
        return by_ranks if told is None else min(told, by_ranks)
    level = new.log - moved
    far = sum((log - level) / moved > _AGREEING for log in new.logs)
    return 0.0 if far >= len(new.values) - 1 else 1.0


def _p_of_one_run(new: Spot, moved: float) -> float:
    """Return what the runs say of a single old one, which is taken to be as noisy as they are."""
    variance = max(statistics.variance(new.logs), _LEAST_ERROR**2)
    runs = len(new.values)
    return two_sided_p(moved / math.sqrt(variance * (1 + 1 / runs)), runs - 1)


def _p_of_spikes(old: Sequence[Spot], level: float, moved: float) -> float:
    """Return how often whole points of this level have been so far off and have come back."""
    several = [spot for spot in old if len(spot.values) >= LEAST_RUNS]
    alike = sum(abs(spot.log - level) >= _ALIKE * abs(moved) for spot in several)
    return (alike + 1) / (len(several) + 1) if alike else 0.0


def _found(held: Held, spot: Spot, at: int) -> Found:
    return Found(
        kind=ChangeKind.STEP,
        index=at,
        before=held.before,
        after=spot.value,
        change=held.change,
        interval=held.interval,
        p=held.p,
        basis=Basis.RUNS,
    )


def _relative(log_ratio: float) -> float:
    return math.expm1(min(log_ratio, _MOST_LOG))

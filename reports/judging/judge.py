"""Is a series' newest point slower than its history, beyond its noise? One series at a time."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError
from reports.judging.noise import baseline_of, noise_of
from reports.record import Direction, check_number

if TYPE_CHECKING:
    from reports.series import Series, SeriesKey

FLOOR: Final = 0.10  # R-RP-03's default; below it, most changes are the machine
NOISE_MULTIPLE: Final = 3.0
LEAST_HISTORY_RUNS: Final = 5  # a spread estimated from fewer is a guess


class Judgement(StrEnum):
    """What became of one series."""

    REGRESSION = "worse"
    IMPROVEMENT = "better"
    UNCHANGED = "no change beyond noise"
    TOO_LITTLE = "too little history"
    NO_DIRECTION = "no good direction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One series' newest point against its history, with everything the judgement rests on.

    `change` is relative to the baseline and signed (+0.3: thirty percent more); `limit` is how far
    the value may move, in its unit; both are None where there was no history to compare with.
    """

    key: SeriesKey
    unit: str
    direction: Direction
    judgement: Judgement
    current: float
    current_runs: int
    history_runs: int
    baseline: float | None = None
    noise: float | None = None
    limit: float | None = None

    @property
    def change(self) -> float | None:
        """Return the relative change, or None where there is nothing to relate it to."""
        if self.baseline is None or self.baseline == 0:
            return None
        return (self.current - self.baseline) / abs(self.baseline)

    @property
    def smallest_visible(self) -> float | None:
        """Return the smallest relative change that this series can show above its noise."""
        if self.limit is None or not self.baseline:
            return None
        return self.limit / abs(self.baseline)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is too much: the larger of a share of the baseline and a multiple of the noise."""

    floor: float = FLOOR
    noise_multiple: float = NOISE_MULTIPLE

    def __post_init__(self) -> None:
        for name, value in (("floor", self.floor), ("noise multiple", self.noise_multiple)):
            check_number(name, value)
            if value < 0:
                raise BadValueError(name, repr(value), "a number of at least 0")


def judge(series: Series, *, limits: Limits) -> Judged:
    """Return what became of one series: its newest point against the runs before it."""
    history, current = series.split_newest()
    direction = series.direction
    seen = Judged(
        key=series.key,
        unit=series.unit,
        direction=direction,
        judgement=Judgement.TOO_LITTLE,
        current=statistics.median(current),
        current_runs=len(current),
        history_runs=len(history),
    )
    if direction is Direction.NEITHER:
        return replace(seen, judgement=Judgement.NO_DIRECTION)
    if len(history) < LEAST_HISTORY_RUNS:
        return seen
    baseline, noise = baseline_of(history), noise_of(history)
    limit = max(limits.floor * abs(baseline), limits.noise_multiple * noise)
    judgement = _judgement(seen.current - baseline, limit, direction)
    return replace(seen, judgement=judgement, baseline=baseline, noise=noise, limit=limit)


def _judgement(moved: float, limit: float, direction: Direction) -> Judgement:
    if abs(moved) <= limit:
        return Judgement.UNCHANGED
    worse = moved > 0 if direction is Direction.LOWER else moved < 0
    return Judgement.REGRESSION if worse else Judgement.IMPROVEMENT

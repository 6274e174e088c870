"""How much the sessions of a machine differ: learnt from all its series, where one is too short.

Two sessions of the same code differ by more than their runs suggest: caches, temperature, the
neighbours of a virtual machine. A series of three points cannot tell by how much, but the other
benchmarks of the same machine were measured in the same sessions, and most of them did not change.
What they share is taken to be how many times the noise between points exceeds what the runs within
a point explain (a moderated variance as in G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 3, 2004, with
a fixed weight instead of an estimated one).
"""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.judging.timeline import Spot

LEAST_RUNS: Final = 3  # a point of fewer says nothing of how much its runs differ
_UNKNOWN: Final = 0.03  # sd between two sessions of the same code, where nothing tells it
_LEAST: Final = 0.005  # sessions that agree better than this have been lucky
_MOST: Final = 0.05  # a change that hits all benchmarks alike must not pass for their noise
_LEAST_PAIRS: Final = 10
_FREEDOM: Final = 6.0  # how much the others' word counts: as much as seven points of its own
_MOST_RUNS: Final = 20  # of one point; enough to tell, and pairs are many
_PAIR_TO_SD: Final = 1.0483  # sd over the median distance of two values, normal noise
_MEDIAN_F: Final = 0.5  # the median of F with 1 and 8 degrees of freedom


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNoise:
    """What the series of one metric on one machine tell of the noise between points.

    Attributes:
        factor: Variance between points over the variance that runs within them explain, or None
            with too few pairs of points.
    """

    factor: float | None = None

    @property
    def freedom(self) -> float:
        """Return how many degrees of freedom the others' word counts for."""
        return _FREEDOM

    def deviation(self, within: float | None, *, runs: int) -> float:
        """Return the standard deviation of a point's logarithm that the others suggest.

        Args:
            within: Variance of single runs within points, of their logarithms.
            runs: Of the point.
        """
        if self.factor is None or within is None:
            return _UNKNOWN
        suggested: float = (self.factor * within / runs) ** 0.5
        return min(max(suggested, _LEAST), _MOST)


def session_noise(timelines: Iterable[Sequence[Spot]]) -> SessionNoise:
    """Return what all series of one metric on one machine tell together."""
    ratios = [ratio for spots in timelines for ratio in _ratios(spots)]
    if len(ratios) < _LEAST_PAIRS:
        return SessionNoise()
    return SessionNoise(factor=max(1.0, statistics.median(ratios) / _MEDIAN_F))


def variance_within(spots: Sequence[Spot]) -> float | None:
    """Return the variance of single runs' logarithms within points; None where no point tells.

    From the median distance of two runs of one point, which one run in four that was interrupted
    does not move: the points' medians do not feel it either.
    """
    apart = [
        abs(one - other)
        for spot in spots
        if len(spot.values) >= LEAST_RUNS
        for one, other in itertools.combinations(spot.logs[:_MOST_RUNS], 2)
    ]
    return (_PAIR_TO_SD * statistics.median(apart)) ** 2 if apart else None


def _ratios(spots: Sequence[Spot]) -> Iterator[float]:
    telling = [s for s in spots[-12:] if len(s.values) >= LEAST_RUNS and min(s.values) > 0]
    within = variance_within(telling)
    if not within:
        return
    for old, new in itertools.pairwise(telling):
        explained = within / len(old.values) + within / len(new.values)
        yield (new.log - old.log) ** 2 / explained

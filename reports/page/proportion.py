"""How sure "found in k of n runs" is: the exact interval of a proportion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Callable

_HALVINGS: Final = 60  # of the interval 0 to 1: the bound is then exact to the last digit shown
_SUMMED: Final = 1_000  # trials; beyond, the sum takes seconds and Wilson's interval is as good
_Z_95: Final = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Two bounds; the true value lies between them 95 times in 100 or more often."""

    low: float
    high: float


def exact_interval(hits: int, trials: int) -> Interval:
    """Return the bounds of a chance, 0 to 1, that was met `hits` times in `trials`.

    They hold the true chance at least 95 times in 100, for any number of trials up to 1 000: 20 of
    20 shows a chance of 83 % or more, never 100 %. With more trials it is Wilson's interval, which
    then differs by less than one trial.

    Raises:
        BadValueError: Not 0 <= hits <= trials with at least one trial.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case
    of the binomial", Biometrika 26, 1934; Wilson, JASA 22, 1927.
    """
    if trials < 1 or not 0 <= hits <= trials:
        raise BadValueError("exact_interval", f"{hits!r} of {trials!r}", "0 <= hits <= trials >= 1")
    if trials > _SUMMED:
        return _wilson(hits, trials)
    beyond = 0.025
    return Interval(
        low=0.0 if hits == 0 else _solved(lambda p: 1 - _at_most(hits - 1, trials, p), beyond),
        high=1.0 if hits == trials else _solved(lambda p: -_at_most(hits, trials, p), -beyond),
    )


def _wilson(hits: int, trials: int) -> Interval:
    share, square = hits / trials, _Z_95 * _Z_95 / trials
    middle = (share + square / 2) / (1 + square)
    reach = _Z_95 * math.sqrt(share * (1 - share) / trials + square / trials / 4) / (1 + square)
    return Interval(low=max(middle - reach, 0.0), high=min(middle + reach, 1.0))


def _solved(rising: Callable[[float], float], level: float) -> float:
    """Return where a function that rises from 0 to 1 meets `level`."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < level else (low, middle)
    return (low + high) / 2


def _at_most(hits: int, trials: int, chance: float) -> float:
    """Return the probability of at most `hits` in `trials`."""
    if chance <= 0:
        return 1.0
    if chance >= 1:
        return float(hits >= trials)
    logs = (_log_chance(k, trials, chance) for k in range(hits + 1))
    return min(math.fsum(math.exp(one) for one in logs), 1.0)


def _log_chance(hits: int, trials: int, chance: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    return ways + hits * math.log(chance) + (trials - hits) * math.log1p(-chance)

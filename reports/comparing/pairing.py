"""Whether runs that were measured in turn are compared round by round.

When the machine wanders, both runs of a round wander with it, and their ratio stands still. But a
test on ratios has half the degrees of freedom, which at 5 runs a side costs more than a little
wandering does. So both are tried for what they could *see*, over all benchmarks of a metric at
once, and the one that sees more is used. Choosing by a single benchmark's own spread would favour
whichever test flatters it; over many benchmarks the choice hardly depends on any of them.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Final

from reports.comparing.welch import paired, reach, welch

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_BENCHMARKS: Final = 8  # below that, one benchmark has a say in its own test
_LEAST_ROUNDS: Final = 3
_ALPHA: Final = 0.0025  # what 10 changes among 200 benchmarks must reach
_POWER: Final = 0.8
_CLEARLY: Final = 0.9  # what looks better by a tenth may be so by chance
_LEAST_NOISE: Final = 1e-3

Side = tuple[float, ...]


def rounds_pay(pairs: Sequence[tuple[Side, Side]]) -> bool:
    """Return whether these pairs of sides are better compared round by round.

    Args:
        pairs: The runs of one metric in both sides, for many benchmarks; each pair of sides is
            equally long and in the order of the rounds.
    """
    able = [pair for pair in pairs if len(pair[0]) >= _LEAST_ROUNDS and min(*pair[0], *pair[1]) > 0]
    if len(able) < LEAST_BENCHMARKS:
        return False
    shares = [_share(*pair) for pair in able]
    return statistics.median(shares) < _CLEARLY


def _share(old: Side, new: Side) -> float:
    """Return what could be seen round by round, as a share of what could be seen side by side."""
    logs = [math.log(value) for value in old], [math.log(value) for value in new]
    apart, together = (test(*logs, least=_LEAST_NOISE) for test in (welch, paired))
    seen = [
        reach(_ALPHA, power=_POWER, freedom=one.freedom) * one.error for one in (apart, together)
    ]
    return seen[1] / seen[0]

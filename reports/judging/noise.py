"""How much a benchmark moves when nothing changed, and how far it must move to be believed."""

from __future__ import annotations

import itertools
import math
import statistics
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

NORMAL_MAD: Final = 1.4826  # a normal distribution's sigma over its median absolute deviation
BASELINE_RUNS: Final = 10  # the level to compare with is recent, or an old improvement hides a loss
NOISE_RUNS: Final = 30
FAMILY_RISK: Final = 0.05  # chance of one false alarm in a whole gate, under normal noise


def baseline_of(history: Sequence[float]) -> float:
    """Return the level that the last runs of the history stand at."""
    return statistics.median(history[-BASELINE_RUNS:])


def noise_of(history: Sequence[float]) -> float:
    """Return a robust standard deviation of single runs, in the series' unit.

    The larger of two estimates: the spread of the last runs around their level, and the size of
    the jumps from run to run. Either alone is fooled: a step in the recent past inflates only the
    first, slow waves deflate only the second. Outliers move neither.
    """
    recent = history[-BASELINE_RUNS:]
    level = statistics.median(recent)
    spread = NORMAL_MAD * statistics.median(abs(value - level) for value in recent)
    window = history[-NOISE_RUNS:]
    jumps = [abs(after - before) for before, after in itertools.pairwise(window)]
    if not jumps:
        return spread
    return max(spread, NORMAL_MAD * statistics.median(jumps) / math.sqrt(2))


def multiple_for(judged: int, *, least: float) -> float:
    """Return how many noise levels a change must exceed when `judged` series are judged at once.

    With hundreds of benchmarks something always moves three sigma; the multiple grows so that the
    chance of any false alarm stays at `FAMILY_RISK` (Bonferroni, one-sided, normal noise).
    """
    return max(least, statistics.NormalDist().inv_cdf(1 - FAMILY_RISK / max(judged, 1)))

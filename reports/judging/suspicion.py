"""A newest point that looks worse, and that one run or two cannot settle.

One slow run is a slow moment as often as slow code, so it turns no gate red. But a gate that was
asked about that very commit must not call it unchanged either: where lone points so far off are
rare, it cannot tell, and says what to measure again. Where the machine does that at every other
commit, such a point is only listed.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final

from reports.comparing.student import two_sided_p
from reports.judging.newest_runs import is_above_floors
from reports.judging.series_judging import is_worse, level_now
from reports.judging.session_noise import LEAST_RUNS
from reports.judging.verdict import Suspect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.series_judging import Studied
    from reports.judging.verdict import SeriesChange

_APART: Final = 3.0  # noise levels from which a newest point is worth another run
_WANTED: Final = 5  # runs that settle most suspicions
_ALIKE: Final = 0.7  # of a deviation: earlier ones from there on may have the same cause
_LONE: Final = 6.0  # noise levels from the neighbours that make a point a lone one
_RECENT: Final = 60  # points that tell how often the machine does it
_NEIGHBOURS: Final = 6  # points; fewer have no neighbours on both sides
_LEAST_POINTS: Final = 4  # of the level before; fewer say little of its noise
_LEAST_NOISE: Final = 1e-3  # of the level: points that agree better have been lucky
# What is believed of a machine before it has shown anything: a spike in 500 points, and that as
# firmly as fifty points would show it.
_PRIOR_POINTS: Final = 50.0
_PRIOR_SPIKES: Final = 0.1


def suspect_of(
    studied: Studied, changes: Sequence[SeriesChange], *, risk: float, spikes_are_rare: bool
) -> Suspect | None:
    """Return the newest point where it looks worse and nothing has settled it.

    Args:
        changes: Those that are told.
        risk: The p-value that counts among so many series.
    """
    spots, analysis = studied.spots, studied.analysis
    begin = max((change.settled for change in changes), default=0)
    old, newest = spots[begin:-1], spots[-1]
    if not studied.strictness.judged or analysis.reason or len(old) < _LEAST_POINTS:
        return None
    level = level_now(old, ())
    moved = newest.value - level
    change = moved / abs(level) if level else math.inf
    noise = max(analysis.noise, _LEAST_NOISE * abs(level))
    if not is_worse(moved, studied.series.direction) or abs(moved) <= _APART * noise:
        return None
    if not is_above_floors(moved, level, studied.strictness):
        return None
    runs = len(newest.values)
    # What this series has done before and taken back, it may be doing again.
    near = [abs(spot.value - level) < _ALIKE * abs(moved) for spot in old]
    came_back = [*itertools.dropwhile(lambda is_near: not is_near, reversed(near))]
    is_new = all(came_back)
    p = two_sided_p(moved / noise / math.sqrt(1 + 1 / len(old)), len(old) - 1) if noise else 0.0
    return Suspect(
        place=newest.place,
        change=change,
        runs=runs,
        wanted=_WANTED if runs < _WANTED else runs + 2,
        decisive=runs < LEAST_RUNS and p <= risk and spikes_are_rare and is_new,
    )


def spike_chance(family: Sequence[Studied]) -> float:
    """Return the chance, 0 to 1, that some series of these has a lone spike at one commit."""
    counts = [_lone_points(one) for one in family]
    points = sum(of for _, of in counts) + _PRIOR_POINTS
    rate = (sum(lone for lone, _ in counts) + _PRIOR_SPIKES) / points
    return float(1 - (1 - min(rate, 1.0)) ** len(family))


def _lone_points(studied: Studied) -> tuple[int, int]:
    """Return how many points lie far from the two on either side of them, and of how many."""
    import numpy as np  # noqa: PLC0415  # the detector needs it anyway, the face does not

    recent = studied.spots[-_RECENT:]
    noise = studied.analysis.noise
    if len(recent) < _NEIGHBOURS or studied.analysis.reason or not noise:
        return 0, 0
    values = np.array([spot.value for spot in recent])
    around = np.stack([values[:-4], values[1:-3], values[3:-1], values[4:]])
    off = np.abs(values[2:-2] - np.median(around, axis=0))
    return int(np.count_nonzero(off > _LONE * noise)), len(recent) - 4

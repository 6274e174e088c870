"""Where a rate changed in a series of counts: failures of stress runs, crashes of a fuzz.

Counts of few hits are no bell curve: 0 0 0 2 0 0 is noise of a rate, and a level of nought has no
spread to measure a step by. So here the likelihood is the binomial's, and the null is exact: the
same hits, dealt out at random over the same trials.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from reports.change_points.analysis import Analysis, Change, ChangeKind
from reports.change_points.partition import SMALLEST_SEGMENT
from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.change_points.noise import Floats

FEWEST_POINTS: Final = 2 * SMALLEST_SEGMENT
MOST_POINTS: Final = 5_000
MOST_TRIALS: Final = 10**9  # of all points together: what the exact null can deal out
SIGNIFICANCE: Final = 0.005
_PRICE: Final = 3.0  # of log n for each change, as for other series
_ROWS: Final = 2_000
_CELLS: Final = 400_000
_NORMAL_975: Final = 1.959964
_MEDIAN_OF_SQUARE: Final = 0.4549  # of a standard normal


def detect_counts(hits: Sequence[int], trials: Sequence[int]) -> Analysis:
    """Return where the share of hits changed.

    Levels are shares, 0 to 1, of all trials of a segment together. Shares that spread more than
    chance between runs of one level (a machine, a time of day) make a change harder to believe:
    the evidence is divided by that spread.

    Args:
        hits: How many of each point's trials hit, oldest first.
        trials: How many there were, at least one each.

    Raises:
        BadValueError: The lengths differ, a count is no whole number, hits exceed trials, or
            there are more than 5 000 points or 1 000 000 000 trials.

    Source: Worsley, Biometrika 70 (1983), for the binomial scan; McCullagh and Nelder (1989),
    section 4.5, for the division by Pearson's spread.
    """
    struck, tried = _checked(hits, trials)
    points = struck.size
    if points < FEWEST_POINTS:
        reason = f"{points} points; a step takes {SMALLEST_SEGMENT} before it and after it"
        level = _share(struck, tried, slice(None)) if points else 0.0
        return Analysis(points=points, level=level, reason=reason)
    starts, chances = _pruned(struck, tried, _pieces(struck, tried))
    bounds = (0, *starts, points)
    changes = tuple(_change(struck, tried, bounds[at : at + 3], p) for at, p in enumerate(chances))
    last = slice(bounds[-2], points)
    level = _share(struck, tried, last)
    each = float(np.median(tried[last]))
    spread = math.sqrt(level * (1 - level) / each * max(1.0, _dispersion(struck, tried, bounds)))
    return Analysis(points=points, changes=changes, level=level, noise=spread)


def _checked(hits: Sequence[int], trials: Sequence[int]) -> tuple[Floats, Floats]:
    takes = "two sequences of as many whole numbers, hits at most trials, trials at least 1"
    if len(hits) != len(trials):
        raise BadValueError("detect_counts", f"{len(hits)} hits of {len(trials)} trials", takes)
    if len(hits) > MOST_POINTS:
        raise BadValueError("detect_counts", f"{len(hits)} points", f"at most {MOST_POINTS}")
    for at, (hit, trial) in enumerate(zip(hits, trials, strict=True)):
        whole = all(isinstance(each, (int, np.integer)) for each in (hit, trial))
        if not whole or not 0 <= hit <= trial or trial < 1:
            raise BadValueError("detect_counts", f"{hit!r} of {trial!r} at index {at}", takes)
    if sum(map(int, trials)) > MOST_TRIALS:
        got = f"{sum(map(int, trials))} trials"
        raise BadValueError("detect_counts", got, f"at most {MOST_TRIALS}")
    return np.array(hits, dtype=np.float64), np.array(trials, dtype=np.float64)


def _surprise(hits: Floats, trials: Floats) -> Floats:
    """Return minus twice the log likelihood at the best rate, without what no split changes."""
    misses = trials - hits
    rate = np.where(hits > 0, hits, 1.0) / trials
    other = np.where(misses > 0, misses, 1.0) / trials
    return np.asarray(-2 * (hits * np.log(rate) + misses * np.log(other)))


def _pieces(hits: Floats, trials: Floats) -> tuple[int, ...]:
    """Return the best partition: optimal partitioning with the binomial's cost."""
    points = hits.size
    price = _PRICE * math.log(points) * max(1.0, _neighbours_spread(hits, trials))
    struck = np.concatenate(([0.0], np.cumsum(hits)))
    tried = np.concatenate(([0.0], np.cumsum(trials)))
    best = np.full(points + 1, np.inf)
    best[0] = -price
    came_from = np.zeros(points + 1, dtype=np.intp)
    for end in range(SMALLEST_SEGMENT, points + 1):
        starts = slice(0, end - SMALLEST_SEGMENT + 1)
        costs = best[starts] + price
        costs = costs + _surprise(struck[end] - struck[starts], tried[end] - tried[starts])
        came_from[end] = int(costs.argmin())
        best[end] = costs[came_from[end]]
    changes = []
    at = int(came_from[points])
    while at > 0:
        changes.append(at)
        at = int(came_from[at])
    return tuple(reversed(changes))


def _pruned(
    hits: Floats, trials: Floats, starts: tuple[int, ...]
) -> tuple[tuple[int, ...], list[float]]:
    """Return the boundaries that hold, and their p-values."""
    nulls: dict[tuple[int, int, bool], Floats] = {}
    while True:
        bounds = (0, *starts, hits.size)
        spread = _dispersion(hits, trials, bounds)
        # Beyond what chance does to it in one series of forty: then runs differ, and only whole
        # runs may be dealt anew.
        shuffle = spread > 1 + 2 * math.sqrt(2 / hits.size)
        chances = []
        for first, last in zip(bounds, bounds[2:], strict=False):
            here, tried = hits[first:last], trials[first:last]
            key = (first, last, shuffle)
            if key not in nulls:
                nulls[key] = _null(here, tried, shuffle=shuffle)
            observed = float(_gains(here, tried)) / (1.0 if shuffle else max(1.0, spread))
            above = int((nulls[key] >= observed * (1 - 1e-9)).sum())
            chances.append((above + 1) / (nulls[key].size + 1))
        if not chances or max(chances) <= SIGNIFICANCE:
            return starts, chances
        worst = chances.index(max(chances))
        starts = starts[:worst] + starts[worst + 1 :]


def _neighbours_spread(hits: Floats, trials: Floats) -> float:
    """Return how much more neighbours differ than one rate's counts do; steps hardly count."""
    rate = float(hits.sum() / trials.sum())
    if not 0 < rate < 1:
        return 1.0
    each = 1 / trials
    apart = np.diff(hits / trials) ** 2 / (rate * (1 - rate) * (each[1:] + each[:-1]))
    return float(np.median(apart)) / _MEDIAN_OF_SQUARE


def _dispersion(hits: Floats, trials: Floats, bounds: tuple[int, ...]) -> float:
    """Return Pearson's chi-square within segments over its degrees of freedom."""
    total = 0.0
    for first, last in pairwise(bounds):
        here, tried = hits[first:last], trials[first:last]
        rate = float(here.sum() / tried.sum())
        if 0 < rate < 1:
            total += float(((here - rate * tried) ** 2 / (tried * rate * (1 - rate))).sum())
    return total / max(1, hits.size - len(bounds) + 1)


def _gains(struck: Floats, trials: Floats) -> Floats:
    """Return, for each row of hits, how much the best split into two rates explains."""
    cut = slice(SMALLEST_SEGMENT - 1, trials.shape[-1] - SMALLEST_SEGMENT)
    hits, tried = np.cumsum(struck, axis=-1), np.cumsum(trials, axis=-1)
    left = _surprise(hits[..., cut], tried[..., cut])
    right = _surprise(hits[..., -1:] - hits[..., cut], tried[..., -1:] - tried[..., cut])
    whole = _surprise(hits[..., -1:], tried[..., -1:])
    return np.asarray((whole - left - right).max(axis=-1))


def _null(hits: Floats, trials: Floats, *, shuffle: bool) -> Floats:
    rows = max(_ROWS // 8, min(_ROWS, _CELLS // hits.size))
    if not shuffle:
        return _gains(_dealt(hits, trials, rows), trials)
    order = np.random.default_rng(hits.size).permuted(
        np.broadcast_to(np.arange(hits.size), (rows, hits.size)), axis=1
    )
    return _gains(hits[order], trials[order])


def _dealt(hits: Floats, trials: Floats, rows: int) -> Floats:
    """Return rows of the same hits dealt at random over the same trials, all ways alike."""
    draws = np.random.default_rng(hits.size)
    good = np.full(rows, int(hits.sum()), dtype=np.int64)
    bad = np.full(rows, int(trials.sum()), dtype=np.int64) - good
    dealt = np.empty((hits.size, rows))
    for at, count in enumerate(trials.astype(np.int64)):
        dealt[at] = here = draws.hypergeometric(good, bad, count)
        good -= here
        bad -= count - here
    return np.ascontiguousarray(dealt.T)


def _share(hits: Floats, trials: Floats, where: slice) -> float:
    return float(hits[where].sum() / trials[where].sum())


def _change(hits: Floats, trials: Floats, bounds: tuple[int, ...], p: float) -> Change:
    first, start, last = bounds
    before = _share(hits, trials, slice(first, start))
    after = _share(hits, trials, slice(start, last))
    return Change(
        kind=ChangeKind.STEP,
        index=start,
        before=before,
        after=after,
        p=p,
        interval=_ratio_interval(
            (hits[first:start].sum(), trials[first:start].sum()),
            (hits[start:last].sum(), trials[start:last].sum()),
        ),
    )


def _ratio_interval(before: tuple[float, float], after: tuple[float, float]) -> tuple[float, float]:
    """Return the 95 % interval of the relative change of a rate.

    Source: Katz et al., Biometrics 34 (1978), on the logarithm, with half a hit for none
    (Walter, 1975).
    """
    if before[0] == 0:
        return (-math.inf, math.inf)
    (x, m), (y, n) = ((hits + 0.5, trials + 0.5) for hits, trials in (before, after))
    reach = _NORMAL_975 * math.sqrt(max(0.0, 1 / x - 1 / m + 1 / y - 1 / n))
    ratio = math.log((y / n) / (x / m))
    return (math.exp(ratio - reach) - 1, math.exp(ratio + reach) - 1)

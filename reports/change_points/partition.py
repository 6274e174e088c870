"""The best pieces of a series by least squares, for several prices of a change at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from reports.change_points.noise import Floats

SMALLEST_SEGMENT: Final = 3  # two points above the rest are what two spikes look like
_PRUNE_EVERY: Final = 64  # steps between two looks at which starts can still be the best


def partitions(values: Floats, prices: Floats) -> Iterator[tuple[int, ...]]:
    """Yield the best partition for each price of a change, as the first points of later segments.

    Exact: the sum of squares about segment means plus the price of each change is least, among all
    partitions into segments of at least three points. All prices share one pass, because a
    segment's cost is the same for each, and starts that no price can use any more are dropped.

    Args:
        values: At least three, finite, of a size whose squares do not overflow.
        prices: In the square of the values' unit, ascending.

    Source: Jackson et al., IEEE Signal Processing Letters 12 (2005), optimal partitioning;
    Killick, Fearnhead and Eckley, JASA 107 (2012), section 3: PELT's pruning.
    """
    points = values.size
    sums = np.concatenate(([0.0], np.cumsum(values)))
    squares = np.concatenate(([0.0], np.cumsum(values * values)))
    best = np.full((prices.size, points + 1), np.inf)
    best[:, 0] = -prices
    came_from = np.zeros((prices.size, points + 1), dtype=np.intp)
    starts = np.zeros(1, dtype=np.intp)
    # What a start brings: its best cost and price, less the squares before it.
    brought = best[:, :1] + prices[:, None] - squares[0]
    row = np.arange(prices.size)
    for end in range(SMALLEST_SEGMENT, points + 1):
        rise = sums[end] - sums[starts]
        costs = brought - rise * rise / (end - starts)
        choice = costs.argmin(axis=1)
        best[:, end] = costs[row, choice] + squares[end]
        came_from[:, end] = starts[choice]
        if end % _PRUNE_EVERY == 0:
            # Three points ago: a start beaten there is beaten at every end a start there can reach.
            then = end - SMALLEST_SEGMENT
            keep = starts > then - SMALLEST_SEGMENT
            old = starts[~keep]
            rise = sums[then] - sums[old]
            costs = brought[:, ~keep] - rise * rise / (then - old) + squares[then]
            keep[~keep] = (costs <= best[:, then, None] + prices[:, None]).any(axis=0)
            starts, brought = starts[keep], brought[:, keep]
        # The next end is the first for which this start leaves three points.
        start = end + 1 - SMALLEST_SEGMENT
        if start >= SMALLEST_SEGMENT:
            starts = np.append(starts, start)
            gain = best[:, start] + prices - squares[start]
            brought = np.concatenate((brought, gain[:, None]), axis=1)
    for path in came_from:
        yield _backwards(path, points)


def _backwards(came_from: NDArray[np.intp], points: int) -> tuple[int, ...]:
    changes = []
    at = int(came_from[points])
    while at > 0:
        changes.append(at)
        at = int(came_from[at])
    return tuple(reversed(changes))

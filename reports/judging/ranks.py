"""The exact rank test of two small sides: what one interrupted run among a few cannot upset.

Source: H. B. Mann and D. R. Whitney, Ann. Math. Stat. 18 (1947), whose recurrence counts the orders
in which a side wins so many pairs.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST: Final = 50  # values a side; the newest are taken, and more would tell nothing new


def rank_p(old: Sequence[float], new: Sequence[float]) -> float:
    """Return the chance, two-sided, of orders as uneven as this one if nothing changed.

    Ties count half for each side, and what is left over counts for no difference.
    """
    before, after = old[-_MOST:], new[-_MOST:]
    pairs = len(before) * len(after)
    won = sum((b > a) + 0.5 * (b == a) for a in before for b in after)
    uneven = math.floor(max(won, pairs - won))
    counts = _orders(len(before), len(after))
    tail = sum(counts[uneven:])
    return min(1.0, 2 * tail / math.comb(len(before) + len(after), len(after)))


@functools.lru_cache(maxsize=256)
def _orders(one: int, other: int) -> tuple[int, ...]:
    """Return in how many orders of two sides one of them wins 0, 1, 2, ... pairs.

    These are the coefficients of the Gaussian binomial: the product over i of
    (1 - x**(other + i)) / (1 - x**i).
    """
    size = one * other + 1
    counts = [1] + [0] * (size - 1)
    for i in range(1, one + 1):
        for at in range(size - 1, other + i - 1, -1):
            counts[at] -= counts[at - other - i]
        for at in range(i, size):
            counts[at] += counts[at - i]
    return tuple(counts)

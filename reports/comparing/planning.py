"""How many runs something takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_RUNS: Final = 2  # one run has no spread
MOST_RUNS: Final = 1_000  # who needs more than that needs a quieter machine


def least_runs(suffice: Callable[[int], bool]) -> int | None:
    """Return the fewest runs a side that suffice, or None where 1000 do not.

    Args:
        suffice: Says it of a number of runs; more runs never suffice less.
    """
    if not suffice(MOST_RUNS):
        return None
    low, high = LEAST_RUNS, MOST_RUNS
    while low < high:
        middle = (low + high) // 2
        if suffice(middle):
            high = middle
        else:
            low = middle + 1
    return low

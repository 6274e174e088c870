"""Which weakenings to try, in what order: bisection and delta debugging over constraints.

A history with fewer constraints is weaker, so what is asked here is monotone: once a set of
constraints allows an order, each part of it does. That makes the first bad moment a matter of
bisection, and one pass over the constraints enough to find a set of which none can go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")


def first_bad(candidates: Sequence[Item], is_bad: Callable[[Item], bool]) -> Item | None:
    """Return the first candidate that is bad, where all after a bad one are bad, too.

    The last one is taken to be bad if no other is; None where there is no candidate.
    """
    if not candidates:
        return None
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if is_bad(candidates[middle]):
            high = middle
        else:
            low = middle + 1
    return candidates[high]


def needed(
    items: Sequence[Item],
    still_bad: Callable[[Sequence[Item]], bool],
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> list[Item]:
    """Return items of which none can go: without any one of them it is bad no more.

    Args:
        items: Those that most likely can go come first; all of them together are bad.
        still_bad: Whether it is bad with these alone.
        stopped: Whether to give up; then more are returned than are needed.

    Source: Zeller & Hildebrandt 2002, ddmin, by complements: halves are left out first, then
    quarters, and so on. As what is asked is monotone, a subset never has to be tried alone.
    """
    kept = list(items)
    size = len(kept)
    while size:
        at = 0
        while at < len(kept):
            if stopped():
                return kept
            rest = kept[:at] + kept[at + size :]
            if still_bad(rest):
                kept = rest
            else:
                at += size
        size //= 2
    return kept

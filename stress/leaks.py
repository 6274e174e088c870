"""What grew from the first full-scale round to the last, and whether that is a leak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stress.run import Growth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The system keeps some stacks of ended threads and the allocator moves its blocks about: 3 to 20
# mappings come and go here. A scenario that leaks one per cycle leaks thousands.
MAPPINGS_SPARE: Final = 64


def growth_of(figures: Sequence[Mapping[str, int]]) -> Growth:
    """Return how much more the last round held than the first; nothing with fewer than two."""
    if not figures:
        return Growth()
    first, last = figures[0], figures[-1]
    return Growth(
        **{name: last[name] - first[name] for name in first.keys() & last.keys() & _FIELDS}
    )


def first_leak(figures: Sequence[Mapping[str, int]]) -> str:
    """Say what the run left behind, or "" if nothing.

    Threads are counted, not compared: when a round is over only the main thread may be left.
    """
    if not figures:
        return ""
    left = figures[-1]["threads"] - 1
    if left > 0:
        return (
            f"{left} threads still ran {len(figures)} rounds in, after everything was joined; a "
            "thread that is started and not joined looks like this, or one that nobody wakes"
        )
    grown = growth_of(figures)
    if grown.descriptors > 0:
        return _sentence(grown.descriptors, "descriptors", figures)
    if grown.mappings > MAPPINGS_SPARE:
        return _sentence(grown.mappings, "memory mappings", figures)
    return ""


_FIELDS: Final = frozenset({"threads", "descriptors", "mappings", "resident_bytes"})


def _sentence(count: int, what: str, figures: Sequence[Mapping[str, int]]) -> str:
    return (
        f"{count} more {what} after round {len(figures)} than after round 1; something opens "
        "and does not close"
    )

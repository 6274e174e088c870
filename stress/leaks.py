"""What a child held more at its end than at its beginning, and whether that is a leak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stress.run import Growth

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Figures = Mapping[str, int]

# The system keeps some stacks of ended threads and the allocator moves its blocks about: 3 to 20
# mappings come and go here. A scenario that leaks one per cycle leaks thousands.
MAPPINGS_SPARE: Final = 64


def growth_of(warm: Figures | None, rounds: Sequence[Figures]) -> Growth:
    """Return how much more the last round left than the baseline; nothing without a round.

    The baseline of threads is the small round before the first: libraries start their own threads
    there, and a full-scale round has to end all of its own. Everything else may be opened lazily
    at full scale, once, so its baseline is the first full-scale round; with only one of those it
    is the small round too.

    Args:
        warm: The census after the small round.
        rounds: The census after each full-scale round.
    """
    if warm is None or not rounds:
        return Growth()
    base, last = (rounds[0] if len(rounds) > 1 else warm), rounds[-1]
    return Growth(
        threads=last["threads"] - warm["threads"],
        descriptors=last["descriptors"] - base["descriptors"],
        mappings=last["mappings"] - base["mappings"],
        resident_bytes=last["resident_bytes"] - base["resident_bytes"],
    )


def leak_in(growth: Growth) -> str:
    """Say what the run left behind, or "" if nothing that counts."""
    if growth.threads > 0:
        return (
            f"{growth.threads} threads more than before the first round still ran after the last; "
            "a thread that is started and not joined looks like this, or one that nobody wakes"
        )
    if growth.descriptors > 0:
        return _sentence(growth.descriptors, "descriptors")
    if growth.mappings > MAPPINGS_SPARE:
        return _sentence(growth.mappings, "memory mappings")
    return ""


def _sentence(count: int, what: str) -> str:
    return f"{count} more {what} at the end than at the beginning; something opens and never closes"

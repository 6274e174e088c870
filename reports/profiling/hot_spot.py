"""What a profile says: the hottest places of one target, by one cost, and how far that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProfileKind(StrEnum):
    """The cost that is looked for; the value is what records and the command line call it."""

    CPU = "cpu"
    WAIT = "wait"
    MEMORY = "memory"

    @property
    def unit(self) -> str:
        """Return the unit of every amount of this kind: seconds or bytes."""
        match self:
            case ProfileKind.CPU | ProfileKind.WAIT:
                return "s"
            case ProfileKind.MEMORY:
                return "B"


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpot:
    """What one function costs.

    Attributes:
        place: The function, as "pkg/file.py:12 name"; the line is that of its `def`.
        amount: Seconds or bytes of its own, those of library functions that it called included.
        count: Samples that met it, waits, or blocks of memory.
        including: CPU: seconds with all that it called. None for the other kinds.
        longest: Waiting: seconds of its longest single wait. None for the other kinds.
        kept: Memory: bytes that were still there after the call. None for the other kinds.
        details: What makes up the amount, largest first: a line, a library function, who held the
            lock, who gave it up.
    """

    place: str
    amount: float
    count: int
    including: float | None = None
    longest: float | None = None
    kept: float | None = None
    details: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One target's costs of one kind, the hottest place first.

    Attributes:
        total: CPU: seconds of the process by its clock. Waiting: seconds of all threads together.
            Memory: the most bytes that were there at once.
        calls: How often the target was called; amounts of seconds are those of all calls.
        wall_s: How long that took, in seconds.
        notes: What the reader should know before believing it.
    """

    kind: ProfileKind
    target: str
    total: float
    calls: int
    wall_s: float
    spots: tuple[HotSpot, ...]
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Return how many samples, waits or blocks the places have together."""
        return sum(spot.count for spot in self.spots)

    def share(self, spot: HotSpot) -> float:
        """Return a place's part of the total, 0 to 1."""
        return spot.amount / self.total if self.total else 0.0

"""How a search stands, and what all searches go by."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOK_UP: Final = 127  # tries between two looks at the clock: some 0.1 ms of a plain model
CONFIGURATION_BYTES: Final = 260  # one remembered, and its frame, as tracemalloc counts them


class Outcome(Enum):
    """How a search stands."""

    RUNNING = auto()
    FOUND = auto()
    NONE = auto()


class Search(Protocol):
    """A search for an order of one part, which runs a slice at a time.

    Attributes:
        configurations: How many were visited.
    """

    configurations: int

    @property
    def size_bytes(self) -> int:
        """About how much memory it holds."""

    def run(self, tries: int, deadline_s: float) -> Outcome:
        """Go on for so many tries, or until `time.monotonic()` says so."""

    def order(self) -> list[int]:
        """Return the order that was found, as indices into the operations of the part."""

    def dead_ends(self) -> Sequence[tuple[list[int], Any, list[int]]]:
        """Return the longest orders, each with its state and those that are refused there."""

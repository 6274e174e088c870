"""Random numbers for one thread, cheap to begin: `random.Random` takes 600 words of state."""

from __future__ import annotations

import math
import zlib
from typing import Final

_MULTIPLIER: Final = 6_364_136_223_846_793_005
_INCREMENT: Final = 1_442_695_040_888_963_407
_MASK: Final = (1 << 64) - 1


class Chance:
    """A stream of random numbers that follows from what it is made of. Belongs to its thread.

    Source: Knuth's 64-bit linear congruential generator (MMIX), upper bits only; enough for
    choosing where to sleep, and not for statistics.
    """

    __slots__ = ("_state",)

    def __init__(self, *made_of: object) -> None:
        text = repr(made_of).encode()
        self._state = zlib.crc32(text) << 32 | zlib.adler32(text)
        self._next()

    def _next(self) -> int:
        self._state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return self._state >> 11

    def share(self) -> float:
        """Return a number from 0 to below 1."""
        return self._next() / (1 << 53)

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to below `limit`."""
        return self._next() % limit

    def duration_s(self, longest_s: float, *, orders: float = 2.0) -> float:
        """Return a duration up to the longest: each order of size below it is as likely."""
        return longest_s * math.pow(10.0, -orders * self.share())

    def gap(self, share: float) -> int:
        """Return how many come up to the next one that is chosen, each by this chance.

        One draw a gap in place of one for each that comes: the geometric distribution.
        """
        if share >= 1.0:
            return 1
        return 1 + int(math.log(1.0 - self.share()) / math.log(1.0 - share))

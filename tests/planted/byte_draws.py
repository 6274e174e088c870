"""A generator that reads its draws from bytes, so that a fuzzer decides what an example is."""

from __future__ import annotations

import random
from typing import Self


class ByteDraws(random.Random):
    """Reads what is drawn from an input, in the order of the draws; past its end all is zero."""

    def __new__(cls, _data: bytes) -> Self:
        """Make one; the base would seed itself with the bytes."""
        return super().__new__(cls)

    def __init__(self, data: bytes) -> None:
        super().__init__(0)
        self._data = data
        self._next = 0

    def getrandbits(self, count: int) -> int:
        """Return a number of that many bits."""
        size = -(-count // 8)
        taken = self._data[self._next : self._next + size]
        self._next += size
        return int.from_bytes(taken.ljust(size, b"\0"), "little") & ((1 << count) - 1)

    def random(self) -> float:
        """Return a number from 0 to below 1, of two bytes: a mutation of one shows."""
        return self.getrandbits(16) / (1 << 16)

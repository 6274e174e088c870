"""A plain generator for tests of targets: varies the inputs it is told to keep."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

FRESH_SHARE: Final = 0.1  # of inputs that are random bytes; the others vary a kept one
MOST_CHANGES: Final = 4  # made to one input at a time, 1 most often
TELLING: Final = bytes((0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255))


class Generator:
    """Makes inputs from the ones it keeps. Not for use by several threads."""

    def __init__(self, seed: int, *, max_bytes: int) -> None:
        self._random = random.Random(seed)  # reproducible, not secret
        self._max_bytes = max_bytes
        self._pool: list[bytes] = []
        self._changes: tuple[Callable[[bytearray], None], ...] = (
            self._set_byte, self._flip_bit, self._set_telling, self._insert, self._delete,
            self._repeat, self._splice, self._append,
        )  # fmt: skip

    @property
    def kept(self) -> int:
        """How many inputs are kept."""
        return len(self._pool)

    def keep(self, data: bytes) -> None:
        """Vary `data`, too, from now on."""
        self._pool.append(data[: self._max_bytes])

    def make(self) -> bytes:
        """Return the next input."""
        rng = self._random
        if not self._pool or rng.random() < FRESH_SHARE:
            # Short ones as often as long ones.
            return rng.randbytes(rng.randint(0, 1 << rng.randrange(self._max_bytes.bit_length())))[
                : self._max_bytes
            ]
        data = bytearray(self._parent())
        for _ in range(min(rng.randint(1, MOST_CHANGES), rng.randint(1, MOST_CHANGES))):
            rng.choice(self._changes)(data)
        return bytes(data[: self._max_bytes])

    def _parent(self) -> bytes:
        # The newest half as often as all the rest: what was just reached leads on.
        rng, size = self._random, len(self._pool)
        first = size // 2 if rng.random() < 0.5 else 0  # a half
        return self._pool[rng.randrange(first, size)]

    def _place(self, data: bytearray) -> int:
        return self._random.randrange(len(data) + 1)

    def _set_byte(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] = self._random.randrange(256)

    def _flip_bit(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)

    def _set_telling(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] = self._random.choice(TELLING)

    def _insert(self, data: bytearray) -> None:
        at = self._place(data)
        data[at:at] = self._random.randbytes(self._random.randint(1, 4))

    def _delete(self, data: bytearray) -> None:
        at = self._place(data)
        del data[at : at + self._random.randint(1, 4)]

    def _repeat(self, data: bytearray) -> None:
        start = self._place(data)
        piece = data[start : start + self._random.randint(1, 16)]
        at = self._place(data)
        data[at:at] = piece

    def _splice(self, data: bytearray) -> None:
        other = self._random.choice(self._pool)
        data[self._place(data) :] = other[self._random.randrange(len(other) + 1) :]

    def _append(self, data: bytearray) -> None:
        data += self._random.randbytes(self._random.randint(1, 16))

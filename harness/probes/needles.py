"""What a secret looks like in memory, held masked until the moment of a search.

A scanner that keeps the secret in clear finds itself. The scanned place is always another process,
but a scanner may be scanned in turn (a test of a test), and a core file of it may be kept. So a
needle lies in memory only XORed with a mask of its own; `in_clear` lends it for one search and
wipes it afterwards.

A secret of n bytes is cut into pieces of 8, and the pieces are searched one by one: a freed block
loses its first bytes to the allocator's free list, and code that handles keys in words leaves
words. Pieces that lie beside each other in memory are joined into one hit again.
"""

import base64
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from harness.probes.errors import PlainNeedleError

PIECE_BYTES: Final = 8  # 2**-64 per address: no false alarm in any memory that exists
LEAST_BYTES: Final = 8


class Form(StrEnum):
    """In which writing a secret lies in memory."""

    RAW = "raw bytes"
    REVERSED = "raw bytes, last one first"
    HEX = "hexadecimal digits"
    HEX_UPPER = "upper-case hexadecimal digits"
    BASE64 = "base64"
    INT_BIG = "digits of a Python int, read big-endian"
    INT_LITTLE = "digits of a Python int, read little-endian"
    CONTROL = "the control value of the probed child"


_PLAIN: Final = frozenset({Form.RAW, Form.REVERSED, Form.CONTROL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Needle:
    """One piece of one writing of the secret, masked.

    `offset` is where the piece begins in that writing, which is `whole` bytes long. `name` says
    which secret it is where there are several.
    """

    form: Form
    offset: int
    whole: int
    masked: bytes = field(repr=False)
    mask: bytes = field(repr=False)
    name: str = ""

    @property
    def size_bytes(self) -> int:
        """Length of the piece."""
        return len(self.masked)


class Needles:
    """All the writings of one secret that a scan looks for. Immutable; safe to share."""

    __slots__ = ("_needles",)

    def __init__(self, needles: tuple[Needle, ...]) -> None:
        self._needles = needles

    @classmethod
    def of(
        cls,
        secret: bytes | bytearray | memoryview,
        *,
        forms: tuple[Form, ...] = (),
        name: str = "",
    ) -> Self:
        """Return the needles of `secret` in the given forms, by default in all but CONTROL.

        Args:
            name: What hits call the secret, where a scan looks for several joined by `|`.

        Raises:
            PlainNeedleError: Too short, or a piece of it is one repeated byte.
        """
        clear = bytearray(secret)
        try:
            _check(clear)
            wanted = forms or tuple(form for form in Form if form is not Form.CONTROL)
            return cls(
                tuple(
                    needle for form in wanted for needle in _cut(form, _written(clear, form), name)
                )
            )
        finally:
            clear[:] = bytes(len(clear))

    def __or__(self, other: "Needles") -> "Needles":
        return Needles(self._needles + other._needles)

    def __iter__(self) -> Iterator[Needle]:
        return iter(self._needles)

    def __len__(self) -> int:
        return len(self._needles)

    def __repr__(self) -> str:
        return f"<Needles: {len(self._needles)} masked pieces>"

    @property
    def longest_bytes(self) -> int:
        """Length of the longest piece: by so much must two chunks overlap."""
        return max(needle.size_bytes for needle in self._needles)

    @contextmanager
    def in_clear(self) -> Iterator[tuple[tuple[Needle, bytearray], ...]]:
        """Lend every needle with its bytes in clear; they are wiped when the block ends."""
        opened = tuple((needle, _xor(needle.masked, needle.mask)) for needle in self._needles)
        try:
            yield opened
        finally:
            for _, clear in opened:
                clear[:] = bytes(len(clear))


def _check(clear: bytearray) -> None:
    if len(clear) < LEAST_BYTES:
        raise PlainNeedleError(len(clear), f"shorter than {LEAST_BYTES} bytes")
    for offset in _offsets(len(clear), PIECE_BYTES):
        if len(set(clear[offset : offset + PIECE_BYTES])) == 1:
            raise PlainNeedleError(len(clear), f"the piece at {offset} is one byte repeated")


def _written(clear: bytearray, form: Form) -> bytearray:
    match form:
        case Form.RAW | Form.CONTROL:
            written = clear
        case Form.REVERSED:
            written = clear[::-1]
        case Form.HEX:
            written = bytearray(clear.hex(), "ascii")
        case Form.HEX_UPPER:
            written = bytearray(clear.hex().upper(), "ascii")
        case Form.BASE64:
            # Without the last group: padding and the next bytes of a longer message differ there.
            written = bytearray(base64.b64encode(clear[: len(clear) // 3 * 3]))
        case Form.INT_BIG:
            written = _digits(int.from_bytes(clear, "big"))
        case Form.INT_LITTLE:
            written = _digits(int.from_bytes(clear, "little"))
    return written


def _digits(number: int) -> bytearray:
    """Return `number` as CPython stores it: digits of 30 bits in native words, lowest first."""
    bits, width = sys.int_info.bits_per_digit, sys.int_info.sizeof_digit
    words = bytearray()
    while number:
        words += (number & ((1 << bits) - 1)).to_bytes(width, sys.byteorder)
        number >>= bits
    return words


def _cut(form: Form, written: bytearray, name: str) -> Iterator[Needle]:
    # A byte of the secret is two hex digits: a piece keeps its information, not its length.
    size = PIECE_BYTES if form in _PLAIN else 2 * PIECE_BYTES
    for offset in _offsets(len(written), size):
        piece = written[offset : offset + size]
        mask = os.urandom(len(piece))
        masked = bytes(_xor(piece, mask))
        yield Needle(
            form=form, offset=offset, whole=len(written), masked=masked, mask=mask, name=name
        )


def _offsets(length: int, size: int) -> Iterator[int]:
    """Yield where pieces of `size` begin so that they cover `length`; the last may overlap."""
    yield from range(0, length - size + 1, size)
    if length % size and length > size:
        yield length - size
    elif length < size:
        yield 0


def _xor(left: bytes | bytearray, right: bytes) -> bytearray:
    return bytearray(a ^ b for a, b in zip(left, right, strict=True))

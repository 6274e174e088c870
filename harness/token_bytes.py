"""Bytes of a token: numbers, texts and numbered fields, read back with every length checked.

A field is a tag, a length and that many bytes. A tag below `OPTIONAL` has to be understood, one
from there on may be left out by who does not know it: so a later version can say more without
making its tokens unreadable, and where it must be understood an older one says so.
"""

from __future__ import annotations

import zlib
from typing import Final

OPTIONAL: Final = 128
MAX_FIELDS: Final = 64
_PLAIN: Final = 0
_DEFLATED: Final = 1
_MAX_SHIFT: Final = 63  # a number has at most 64 bits
# What most tokens say, the most frequent last: a first occurrence costs two bytes then.
_WORDS: Final = (
    b"ThreadPoolExecutor-0_0 notify_all Semaphore SimpleQueue Condition RLock Event worker "
    b"consumer producer list dict wait notify is_set put get sleep time join started run begin "
    b"target opaque release __init__ blocks on ends body call acquire Lock Thread value read write "
    b"add"
)


class DamagedError(Exception):
    """These bytes are no fields; never seen by a user."""


class Writer:
    """Collects numbers, texts and fields."""

    __slots__ = ("out",)

    def __init__(self) -> None:
        self.out = bytearray()

    def number(self, value: int) -> Writer:
        """Add a number from 0: seven bits a byte, the lowest first."""
        while value > 0x7F:  # noqa: PLR2004  # seven bits
            self.out.append(value & 0x7F | 0x80)
            value >>= 7
        self.out.append(value)
        return self

    def raw(self, data: bytes) -> Writer:
        """Add bytes as they are."""
        self.out += data
        return self

    def field(self, tag: int, content: Writer) -> Writer:
        """Add a field."""
        self.out.append(tag)
        return self.number(len(content.out)).raw(bytes(content.out))


class Reader:
    """Reads what a Writer wrote."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def number(self) -> int:
        """Return the next number.

        Raises:
            DamagedError: There is none, or not in its shortest form.
        """
        value = shift = 0
        while True:
            byte = self.raw(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004  # the last one
                if shift and not byte:
                    raise DamagedError
                return value
            shift += 7
            if shift > _MAX_SHIFT:
                raise DamagedError

    def raw(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            DamagedError: There are not so many.
        """
        if size > self.left:
            raise DamagedError
        self._at += size
        return self._data[self._at - size : self._at]

    def fields(self) -> dict[int, Reader]:
        """Return all fields by tag.

        Raises:
            DamagedError: One is cut off, out of order, or there twice.
        """
        found: dict[int, Reader] = {}
        before = 0
        while self.left:
            tag = self.raw(1)[0]
            if tag <= before or len(found) >= MAX_FIELDS:
                raise DamagedError
            before = tag
            found[tag] = Reader(self.raw(self.number()))
        return found


def pack(data: bytes) -> bytes:
    """Return bytes that `unpack` takes: compressed where that is shorter."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, zdict=_WORDS)
    squeezed = squeezer.compress(data) + squeezer.flush()
    if len(squeezed) < len(data):
        return bytes([_DEFLATED]) + squeezed
    return bytes([_PLAIN]) + data


def unpack(packed: bytes, limit_bytes: int) -> bytes:
    """Return what was packed.

    Raises:
        DamagedError: It is none, or longer than `limit_bytes`.
    """
    if not packed or packed[0] not in (_PLAIN, _DEFLATED) or len(packed) > limit_bytes:
        raise DamagedError
    if packed[0] == _PLAIN:
        return packed[1:]
    unpacker = zlib.decompressobj(-15, zdict=_WORDS)
    try:
        data = unpacker.decompress(packed[1:], limit_bytes)
    except zlib.error as error:
        raise DamagedError from error
    if not unpacker.eof or unpacker.unused_data or unpacker.unconsumed_tail:
        raise DamagedError
    return data

"""A corpus as one piece of bytes, for a journey between machines.

One piece, since a cluster takes seconds for a mapping of thousands of small values and a tenth of
one for the same bytes in one. No names travel: a name is the hash of its content, and whoever
unpacks makes it anew, so that a hostile blob cannot choose where it is written.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from fuzz.cluster.errors import CorpusBlobError
from fuzz.fuzz_target import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC: Final = b"hfc1"
MOST_BYTES: Final = 1 << 30  # of the unpacked inputs: a damaged blob must not fill the memory
_LENGTH: Final = struct.Struct("<I")


def pack(inputs: Iterable[bytes]) -> bytes:
    """Return the inputs as one piece, the same for the same inputs in any order."""
    body = b"".join(_LENGTH.pack(len(one)) + one for one in sorted(set(inputs)))
    return MAGIC + zlib.compress(body, 6)


def unpack(blob: bytes) -> list[bytes]:
    """Return the inputs of a blob.

    Raises:
        CorpusBlobError: It is no blob, or a damaged one.
    """
    if not blob.startswith(MAGIC):
        raise CorpusBlobError(f"it begins with {blob[:4]!r}, not with {MAGIC!r}")
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(blob[len(MAGIC) :], MOST_BYTES)
    except zlib.error as error:
        raise CorpusBlobError(str(error)) from error
    if not unpacker.eof:
        raise CorpusBlobError("it is cut off, or unpacks to more than 1 GiB")
    return _inputs(body)


def _inputs(body: bytes) -> list[bytes]:
    inputs: list[bytes] = []
    at = 0
    while at < len(body):
        if at + _LENGTH.size > len(body):
            raise CorpusBlobError("a length is cut off")
        (length,) = _LENGTH.unpack_from(body, at)
        at += _LENGTH.size
        if length > MAX_BYTES or at + length > len(body):
            raise CorpusBlobError(f"an input of {length} bytes at {at} of {len(body)}")
        inputs.append(body[at : at + length])
        at += length
    return inputs

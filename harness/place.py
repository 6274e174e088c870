"""Where an exploration stopped, as a text with which a later one goes on.

For a strategy that draws, the number of executions that were run: the next one draws from another
stream of the same seed, so it makes other schedules and is reproducible itself. For a search, that
number and the parts of the tree that are left.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.strategies.subtree import Subtree

if TYPE_CHECKING:
    from collections.abc import Sequence

WANTS: Final = "what an earlier exploration of the same body printed to go on with, or None"
MAX_BYTES: Final = 1 << 24  # of the unpacked text: a damaged one must not fill the memory
_SEPARATOR: Final = "."


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of the exploration to go on with.

    Attributes:
        earlier: Executions that were run.
        parts: What of a tree is left; None for a strategy that draws.
        cut: The bound of the search left schedules out.
    """

    earlier: int
    parts: tuple[Subtree, ...] | None = None
    cut: bool = False

    def __str__(self) -> str:
        if self.parts is None:
            return str(self.earlier)
        plain = [int(self.cut), *([part.root, *part.choices] for part in self.parts)]
        packed = zlib.compress(json.dumps(plain, separators=(",", ":")).encode(), 9)
        text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
        return f"{self.earlier}{_SEPARATOR}{text}"


def read_place(text: object) -> Place:
    """Return what a text says.

    Raises:
        ArgumentError: It is none, or it is damaged.
    """
    if not isinstance(text, str):
        raise ArgumentError("resume", text, WANTS)
    number, separator, rest = text.strip().partition(_SEPARATOR)
    if not (number.isascii() and number.isdigit() and len(number) < 16):  # noqa: PLR2004  # digits of an int64
        raise ArgumentError("resume", text, WANTS)
    if not separator:
        return Place(int(number))
    try:
        cut, *parts = _unpacked(rest)
        return Place(int(number), tuple(_part(part) for part in parts), cut=bool(cut))
    except (ValueError, TypeError, zlib.error, binascii.Error) as error:
        raise ArgumentError("resume", text, f"{WANTS} (this one is damaged)") from error


def divide_place(text: str, into: int) -> tuple[str, ...]:
    """Return up to `into` places that together are what the `.resume` of an exploration says.

    Explorations that go on from each of them, in whichever process, run together what one would
    run that goes on from `text`: what of a tree is left is dealt out among them. A strategy that
    draws has no tree; its place comes back alone.

    Args:
        text: The `.resume` of an `Exploration`.
        into: The most places to return.

    Raises:
        ArgumentError: `text` is no such place, or `into` is below 1.
    """
    place = read_place(text)
    if type(into) is not int or into < 1:
        raise ArgumentError("into", into, "a number of places, from 1")
    if not place.parts:
        return (text,)
    dealt = (place.parts[first::into] for first in range(min(into, len(place.parts))))
    return tuple(str(Place(place.earlier, parts, cut=place.cut)) for parts in dealt)


def join_places(places: Sequence[str]) -> str:
    """Return the place that is all of `places`, as `divide_place` made them; "" of none.

    Raises:
        ArgumentError: One is no place, or a place of another kind than the others.
    """
    read = [read_place(text) for text in places]
    if len(read) < 2:  # noqa: PLR2004  # nothing to join
        return "".join(places)
    if any(place.parts is None for place in read):
        raise ArgumentError("places", places, "places of one search")
    parts = tuple(part for place in read for part in place.parts or ())
    earlier = max(place.earlier for place in read)
    return str(Place(earlier, parts, cut=any(place.cut for place in read)))


def _unpacked(text: str) -> list[Any]:
    packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(packed, MAX_BYTES)
    if not unpacker.eof:
        raise ValueError("cut off")
    found = json.loads(plain)
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _part(numbers: Any) -> Subtree:  # noqa: ANN401  # from outside
    root, *choices = numbers
    if not all(type(number) is int and number >= 0 for number in numbers) or root > len(choices):
        raise ValueError("no part of a tree")
    return Subtree(root, tuple(choices))


def stream_seed(seed: int, *, earlier: int = 0, worker: int = 0, workers: int = 1) -> int:
    """Return the seed of one of the streams that a seed stands for.

    The first stream of one worker is the seed itself; others have nothing in common with it, as
    far as a hash can tell.
    """
    if not earlier and workers == 1:
        return seed
    name = f"{seed}/{earlier}/{worker}/{workers}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")

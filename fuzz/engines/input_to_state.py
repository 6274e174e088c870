"""From what a program compared to inputs that pass the comparison.

Where one operand stands in the input, in one of the encodings that programs read, the other is put
in its place in the same encoding: input-to-state correspondence (Aschermann and others, "REDQUEEN:
Fuzzing with Input-to-State Correspondence", NDSS 2019).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fuzz.engines.edges_compares import Operand, Pair

    Encoding = Callable[[Operand], bytes | None]

MOST_PLACES: Final = 8  # where an operand stands in the input; a single byte stands everywhere
MOST_CANDIDATES: Final = 256  # of one input
MOST_SWAPS: Final = 128
_NEAR: Final = (0, 1, -1)  # beside a bound as well as at it


def candidates(data: bytes, pairs: Iterable[Pair], *, max_bytes: int) -> list[bytes]:
    """Return variations of `data` that pass comparisons it did not pass, each once."""
    found: dict[bytes, None] = {}
    for left, right in pairs:
        for old, new in ((left, right), (right, left)):
            for made in _variations(data, old, new):
                if len(made) <= max_bytes and made != data:
                    found[made] = None
        if len(found) >= MOST_CANDIDATES:
            break
    return list(found)[:MOST_CANDIDATES]


def words(pairs: Iterable[Pair]) -> Iterator[bytes]:
    """Yield operands as pieces of inputs."""
    for pair in pairs:
        for operand in pair:
            if isinstance(operand, bytes | str):
                text = _utf8(operand) or b""
                if 1 < len(text) <= 64:  # noqa: PLR2004  # as long as harvested constants
                    yield text


def swaps(data: bytes, pairs: Iterable[Pair]) -> list[tuple[bytes, bytes]]:
    """Return what stands in `data` with what it is compared with, each in one encoding."""
    found: dict[tuple[bytes, bytes], None] = {}
    for left, right in pairs:
        for old, new in ((left, right), (right, left)):
            for one, other in _encoded(old, new):
                if one in data and one != other:
                    found[one, other] = None
        if len(found) >= MOST_SWAPS:
            break
    return list(found)


def _encoded(old: Operand, new: Operand) -> Iterator[tuple[bytes, bytes]]:
    if isinstance(old, int) and isinstance(new, int):
        both = [(encoding(old), encoding(new)) for encoding in _INTEGERS]
    elif isinstance(old, bytes | str) and isinstance(new, bytes | str):
        both = [(_utf8(old), _utf8(new))]
    else:
        return
    yield from ((one, other) for one, other in both if one and other is not None)


def _variations(data: bytes, old: Operand, new: Operand) -> Iterator[bytes]:
    if isinstance(old, int) and isinstance(new, int):
        if old == len(data) and 0 <= new <= len(data) + 256:
            # A check of the length: cut, or go on with what is there.
            for size in (new, new + 1):
                yield (data + bytes(max(size - len(data), 0)))[:size]
        for near in _NEAR:
            for encoding in _INTEGERS:
                yield from _replaced(data, encoding(old), encoding(new + near))
    elif isinstance(old, bytes | str) and isinstance(new, bytes | str):
        one, other = _utf8(old), _utf8(new)
        yield from _replaced(data, one, other)
        if one == b"" and other is not None:
            yield other + data
            yield data + other
        if one is not None and other is not None and len(one) > len(other) > 0:
            # A long value was looked at for a short one: at its start, or at its end.
            yield from _replaced(data, one[: len(other)], other)
            yield from _replaced(data, one[-len(other) :], other)


def _replaced(data: bytes, old: bytes | None, new: bytes | None) -> Iterator[bytes]:
    """Yield `data` with one place of `old` replaced by `new`, for the first few places."""
    if not old or new is None:
        return
    at = data.find(old)
    for _ in range(MOST_PLACES):
        if at < 0:
            return
        yield data[:at] + new + data[at + len(old) :]
        at = data.find(old, at + 1)


def _utf8(value: Operand) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return value if isinstance(value, bytes) else None


def _fixed(width: int, *, big: bool) -> Encoding:
    def encoding(value: Operand) -> bytes | None:
        assert isinstance(value, int)
        try:
            return value.to_bytes(width, "big" if big else "little", signed=value < 0)
        except OverflowError:
            return None

    return encoding


def _decimal(value: Operand) -> bytes:
    return str(value).encode()


_INTEGERS: Final[tuple[Encoding, ...]] = (
    _fixed(1, big=True),
    *[_fixed(width, big=big) for width in (2, 3, 4, 8) for big in (False, True)],
    _decimal,
)

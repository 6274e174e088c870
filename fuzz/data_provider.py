"""Reads typed values from an input: numbers, text, choices.

The names are those of Atheris's provider, so that a target written for it needs no change, and so
that a reader knows them. The bytes mean something else here: numbers and choices are read from the
front, in the order of the calls, so that a mutation of one value leaves those before it alone; what
is missing at the end is zeros. An input that another tool found is therefore not one of ours; a
target that takes `atheris.FuzzedDataProvider` gets the real one.
"""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

_DOUBLE: Final = struct.Struct("<d")
_LAST_CODE_POINT: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)
_SPREAD: Final = 64  # bits of a number that stands for a place between two floats


class FuzzedDataProvider:
    """A position in an input; every method reads on from it. Past the end every byte is 0.

    Used by one thread; made anew for each execution.
    """

    __slots__ = ("_data", "_next")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next = 0

    def remaining_bytes(self) -> int:
        """Return how many bytes were not read."""
        return max(len(self._data) - self._next, 0)

    def buffer(self) -> bytes:
        """Return what was not read, and leave it there."""
        return self._data[self._next :]

    def ConsumeBytes(self, count: int) -> bytes:  # noqa: N802  # Atheris's name, here and below
        """Return the next `count` bytes, fewer at the end."""
        taken = self._data[self._next : self._next + _count(count)]
        self._next += len(taken)
        return taken

    def ConsumeUInt(self, count: int) -> int:  # noqa: N802
        """Return a number from 0 of `count` bytes."""
        return int.from_bytes(self._padded(_count(count)), "little")

    def ConsumeInt(self, count: int) -> int:  # noqa: N802
        """Return a number of `count` bytes, negative as often as not."""
        return int.from_bytes(self._padded(_count(count)), "little", signed=True)

    def ConsumeIntInRange(self, low: int, high: int) -> int:  # noqa: N802
        """Return a number from `low` to `high`, both included.

        Raises:
            ValueError: `low` is above `high`.
        """
        if low > high:
            raise ValueError(f"low takes a number up to high ({high}), got {low}")
        span = high - low
        return low + int.from_bytes(self._padded((span.bit_length() + 7) // 8), "little") % (
            span + 1
        )

    def ConsumeIntList(self, count: int, size: int) -> list[int]:  # noqa: N802
        """Return `count` numbers of `size` bytes."""
        return [self.ConsumeInt(size) for _ in range(_count(count))]

    def ConsumeIntListInRange(self, count: int, low: int, high: int) -> list[int]:  # noqa: N802
        """Return `count` numbers from `low` to `high`."""
        return [self.ConsumeIntInRange(low, high) for _ in range(_count(count))]

    def ConsumeBool(self) -> bool:  # noqa: N802
        """Return the lowest bit of the next byte."""
        return bool(self._padded(1)[0] & 1)

    def ConsumeProbability(self) -> float:  # noqa: N802
        """Return a number from 0 to 1, both included."""
        return self._place()

    def ConsumeFloat(self) -> float:  # noqa: N802
        """Return any float, infinities and NaN among them."""
        number: float = _DOUBLE.unpack(self._padded(_DOUBLE.size))[0]
        return number

    def ConsumeRegularFloat(self) -> float:  # noqa: N802
        """Return a finite float."""
        number = self.ConsumeFloat()
        return number if math.isfinite(number) else 0.0

    def ConsumeFloatInRange(self, low: float, high: float) -> float:  # noqa: N802
        """Return a float from `low` to `high`."""
        place = self._place()
        return low * (1.0 - place) + high * place

    def ConsumeFloatList(self, count: int) -> list[float]:  # noqa: N802
        """Return `count` floats of any kind."""
        return [self.ConsumeFloat() for _ in range(_count(count))]

    def ConsumeRegularFloatList(self, count: int) -> list[float]:  # noqa: N802
        """Return `count` finite floats."""
        return [self.ConsumeRegularFloat() for _ in range(_count(count))]

    def ConsumeProbabilityList(self, count: int) -> list[float]:  # noqa: N802
        """Return `count` numbers from 0 to 1."""
        return [self._place() for _ in range(_count(count))]

    def ConsumeFloatListInRange(self, count: int, low: float, high: float) -> list[float]:  # noqa: N802
        """Return `count` floats from `low` to `high`."""
        return [self.ConsumeFloatInRange(low, high) for _ in range(_count(count))]

    def ConsumeUnicode(self, count: int) -> str:  # noqa: N802
        """Return a text of up to `count` characters, lone surrogates among them.

        A byte below 128 is itself; a byte above says that three bytes make one character.
        """
        letters: list[str] = []
        while len(letters) < _count(count) and self.remaining_bytes():
            byte = self._padded(1)[0]
            if byte < 0x80:  # noqa: PLR2004  # ASCII
                letters.append(chr(byte))
                continue
            code = int.from_bytes(self._padded(3), "little") % (_LAST_CODE_POINT + 1)
            letters.append(chr(code))
        return "".join(letters)

    def ConsumeUnicodeNoSurrogates(self, count: int) -> str:  # noqa: N802
        """Return a text of up to `count` characters that every encoding of Unicode can hold."""
        text = self.ConsumeUnicode(count)
        return "".join("?" if ord(letter) in _SURROGATES else letter for letter in text)

    def ConsumeString(self, count: int) -> str:  # noqa: N802
        """Return a text of up to `count` characters."""
        return self.ConsumeUnicode(count)

    def PickValueInList(self, values: Sequence[T]) -> T:  # noqa: N802
        """Return one of `values`.

        Raises:
            ValueError: There are none.
        """
        if not values:
            raise ValueError("values takes at least one value, got none")
        return values[self.ConsumeIntInRange(0, len(values) - 1)]

    def _padded(self, count: int) -> bytes:
        """Return the next bytes, zeros past the end."""
        taken = self._data[self._next : self._next + count]
        self._next += count
        return taken if len(taken) == count else taken + bytes(count - len(taken))

    def _place(self) -> float:
        return int.from_bytes(self._padded(_SPREAD // 8), "little") / ((1 << _SPREAD) - 1)


def _count(count: int) -> int:
    if count < 0:
        raise ValueError(f"count takes a number from 0, got {count}")
    return count

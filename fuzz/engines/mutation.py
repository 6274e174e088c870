"""Makes inputs of other inputs; knows nothing of what they mean.

The changes are those that have stood the test in M. Zalewski's afl-fuzz ("Binary fuzzing
strategies: what works, what doesn't", 2014) and in libFuzzer: bits, bytes, telling values,
arithmetic on integers of either byte order, blocks, words of a dictionary, numbers written in
ASCII, splices of two inputs; some at a time ("havoc").
"""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Change = Callable[[bytearray], None]
    Swap = tuple[bytes, bytes]

MOST_DOUBLINGS: Final = 4  # up to 16 changes at a time, 1 most often
LONGEST_BLOCK: Final = 32
LARGEST_STEP: Final = 35  # of arithmetic, as in afl-fuzz
TELLING: Final = bytes((0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255))
PRINTABLE: Final = bytes(range(32, 127)) + b"\t\n\r    \n"  # white space separates words
TELLING_WIDE: Final = tuple(
    number + around
    for power in (7, 8, 15, 16, 31, 32, 63)
    for number in (1 << power, -(1 << power))
    for around in (-1, 0, 1)
)
MOST_WORDS: Final = 4_000
RECENT_WORDS: Final = 256  # the words met last are tried as often as all others
_WIDTHS: Final = (2, 4, 8)
_DIGITS: Final = re.compile(rb"\d{1,20}")


class Mutator:
    """Changes inputs. The same seed makes the same changes. Not for use by several threads.

    Args:
        words: Pieces that inputs are likely to hold.
    """

    def __init__(self, seed: int, *, max_bytes: int, words: Iterable[bytes] = ()) -> None:
        self._random = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._chance = self._random.random
        self._max_bytes = max_bytes
        self._words: dict[bytes, None] = {}
        self._word_list: list[bytes] = []
        plain: tuple[Change, ...] = (
            self._flip_bit, self._set_byte, self._set_byte, self._set_telling, self._step_byte,
            self._step_integer, self._set_integer, self._insert_random, self._insert_random,
            self._delete, self._delete, self._repeat, self._overwrite, self._fill, self._shuffle,
            self._append, self._change_number,
        )  # fmt: skip
        self._plain = plain
        self._with_words = (*plain, *[self._insert_word, self._overwrite_word] * 2)
        self._changes = plain
        self.learn(words)

    def learn(self, words: Iterable[bytes]) -> None:
        """Use more words from now on; the first MOST_WORDS are kept."""
        for word in words:
            if 0 < len(word) <= self._max_bytes and word not in self._words:
                if len(self._words) >= MOST_WORDS:
                    break
                self._words[word] = None
                self._word_list.append(word)
        if self._word_list:
            self._changes = self._with_words

    @property
    def words(self) -> int:
        """How many words there are."""
        return len(self._word_list)

    def below(self, limit: int) -> int:
        """Return a number from 0 to below `limit`; five times faster than `randrange`."""
        return int(self._chance() * limit)

    def chance(self) -> float:
        """Return a number from 0 to below 1."""
        return self._chance()

    def fresh(self) -> bytes:
        """Return random bytes; short ones as often as long ones."""
        longest = 1 << self.below(self._max_bytes.bit_length())
        return self._random.randbytes(min(self.below(longest + 1), self._max_bytes))

    def changed(self, data: bytes, other: bytes, swaps: Sequence[Swap] = ()) -> bytes:
        """Return a variation of `data`.

        Args:
            other: Now and then a piece of it is used.
            swaps: What may stand for what: operands of comparisons.
        """
        new = bytearray(data)
        changes = self._changes
        if swaps and self._chance() < 0.3:  # noqa: PLR2004  # a third
            for _ in range(1 + self.below(3)):
                self._swap(new, swaps[self.below(len(swaps))])
            if self._chance() < 0.5:  # noqa: PLR2004  # a half
                return bytes(new[: self._max_bytes])
        if self._chance() < 0.1:  # noqa: PLR2004  # a tenth
            self._splice(new, other)
        else:
            changes[int(self._chance() * len(changes))](new)
        if self._chance() < 0.5:  # noqa: PLR2004  # a half
            for _ in range((1 << self.below(MOST_DOUBLINGS + 1)) - 1):
                changes[int(self._chance() * len(changes))](new)
        return bytes(new[: self._max_bytes])

    # -- bytes ------------------------------------------------------------------------------------

    def _flip_bit(self, data: bytearray) -> None:
        if data:
            data[self.below(len(data))] ^= 1 << self.below(8)

    def _set_byte(self, data: bytearray) -> None:
        if data:
            data[self.below(len(data))] = self._byte(data)

    def _byte(self, data: bytearray) -> int:
        """Return any byte; in a text more often one of a text."""
        if self._chance() < 0.5 and data.isascii():  # noqa: PLR2004  # a half
            return PRINTABLE[self.below(len(PRINTABLE))]
        return self.below(256)

    def _set_telling(self, data: bytearray) -> None:
        if data:
            data[self.below(len(data))] = TELLING[self.below(len(TELLING))]

    def _step_byte(self, data: bytearray) -> None:
        if data:
            at = self.below(len(data))
            data[at] = (data[at] + self._step()) % 256

    # -- integers ---------------------------------------------------------------------------------

    def _step_integer(self, data: bytearray) -> None:
        self._integer(data, lambda old: old + self._step())

    def _set_integer(self, data: bytearray) -> None:
        self._integer(data, lambda _: TELLING_WIDE[self.below(len(TELLING_WIDE))])

    def _integer(self, data: bytearray, change: Callable[[int], int]) -> None:
        width = _WIDTHS[self.below(len(_WIDTHS))]
        if len(data) < width:
            return
        at = self.below(len(data) - width + 1)
        order = "little" if self._chance() < 0.5 else "big"  # noqa: PLR2004  # a half
        new = change(int.from_bytes(data[at : at + width], order))  # type: ignore[arg-type]  # mypy sees a str
        data[at : at + width] = (new % (1 << 8 * width)).to_bytes(width, order)  # type: ignore[arg-type]  # as above

    def _step(self) -> int:
        step = 1 + self.below(LARGEST_STEP)
        return step if self._chance() < 0.5 else -step  # noqa: PLR2004  # a half

    def _change_number(self, data: bytearray) -> None:
        """Change a number that is written in digits."""
        found = list(_DIGITS.finditer(data))
        if not found:
            return
        one = found[self.below(len(found))]
        old = int(one[0])
        ways = (old + self._step(), old * 2, old // 2, 0, -old, 1 << self.below(65), old * 10 + 9)
        data[one.start() : one.end()] = str(ways[self.below(len(ways))]).encode()

    # -- blocks -----------------------------------------------------------------------------------

    def _insert_random(self, data: bytearray) -> None:
        at = self.below(len(data) + 1)
        data[at:at] = bytes(self._byte(data) for _ in range(1 + self.below(4)))

    def _append(self, data: bytearray) -> None:
        data += self._random.randbytes(1 + self.below(16))

    def _delete(self, data: bytearray) -> None:
        at, length = self._block(data)
        del data[at : at + length]

    def _repeat(self, data: bytearray) -> None:
        start, length = self._block(data)
        at = self.below(len(data) + 1)
        data[at:at] = data[start : start + length]

    def _overwrite(self, data: bytearray) -> None:
        start, length = self._block(data)
        piece = data[start : start + length]
        at = self.below(len(data) - len(piece) + 1)
        data[at : at + len(piece)] = piece

    def _fill(self, data: bytearray) -> None:
        at, length = self._block(data)
        length = len(data[at : at + length])
        data[at : at + length] = TELLING[self.below(len(TELLING))].to_bytes(1, "big") * length

    def _shuffle(self, data: bytearray) -> None:
        at, length = self._block(data)
        piece = data[at : at + min(length, 8)]
        self._random.shuffle(piece)
        data[at : at + len(piece)] = piece

    def _block(self, data: bytearray) -> tuple[int, int]:
        """Return where a block begins and how long it is; short ones more often."""
        longest = min(LONGEST_BLOCK, len(data))
        return self.below(len(data) + 1), 1 + self.below(1 + self.below(longest + 1))

    # -- pieces of elsewhere ----------------------------------------------------------------------

    def _splice(self, data: bytearray, other: bytes) -> None:
        if self._chance() < 0.5:  # noqa: PLR2004  # a half
            data[self.below(len(data) + 1) :] = other[self.below(len(other) + 1) :]
            return
        start = self.below(len(other) + 1)
        piece = other[start : start + 1 + self.below(LONGEST_BLOCK)]
        at = self.below(len(data) + 1)
        data[at : at + len(piece) * self.below(2)] = piece  # over what stands there, or before it

    def _insert_word(self, data: bytearray) -> None:
        at = self.below(len(data) + 1)
        data[at:at] = self._word()

    def _overwrite_word(self, data: bytearray) -> None:
        word = self._word()
        at = self.below(max(len(data) - len(word), 0) + 1)
        data[at : at + len(word)] = word

    def _word(self) -> bytes:
        words = self._word_list
        first = max(len(words) - RECENT_WORDS, 0) if self._chance() < 0.5 else 0  # noqa: PLR2004  # a half
        return words[first + self.below(len(words) - first)]

    def _swap(self, data: bytearray, swap: Swap) -> None:
        old, new = swap
        at = data.find(old) if old else self.below(len(data) + 1)
        if at >= 0:
            data[at : at + len(old)] = new

"""Makes a failing input smaller: what is left out, lowered and sorted until nothing more can be.

Delta debugging (Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE
TSE 28(2), 2002): leave out ever smaller pieces, ever again. It ends with an input of which no
single byte can be left out. To that come passes that know how inputs are built: a count before what
it counts, numbers of several bytes, records in any order.

An input is simpler if its key is smaller: fewer bytes, then smaller ones, unless the caller knows
better. Only a simpler input is ever taken, so it ends, and what has been reduced is not reduced
again. Whatever the predicate says is taken for true: it has to be "the same finding", since with
"any crash" the result is the simplest crash there is, which may be another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Key = Callable[[bytes], Any]
    Order = Literal["big", "little"]

# Names the passes: an input that was reduced by other rules may be tried again.
RULES: Final = "ddmin 1"
ALIGNED: Final = (8, 4, 2)  # sizes of the records and numbers that inputs are built of
MOST_SWAPS: Final = 512  # bytes up to which a pass of squared cost is tried
NUMBERS: Final = (2, 4, 8)
COUNTED_HEAD: Final = 3  # a controlled input: the count, then salt and order; see controlled_run


def shortlex(data: bytes) -> tuple[int, bytes]:
    """Return the order of inputs: shorter first, then smaller bytes first."""
    return len(data), data


class Reduction:
    """One input on its way down. Used by one thread.

    Args:
        data: An input that fails.
        fails: Whether an input shows the same finding. It may raise, to end the reduction: `best`
            is then what was reached.
        key: What is simpler; asked of failing inputs alone if it is not `shortlex`, since it may
            cost as much as a run.
        counted: The first byte counts the operations that begin behind the head; they go first.

    Attributes:
        best: The simplest input so far.
    """

    def __init__(
        self,
        data: bytes,
        fails: Callable[[bytes], bool],
        *,
        key: Key = shortlex,
        counted: bool = False,
    ) -> None:
        self.best = data
        self._fails = fails
        self._key = key
        self._best_key = key(data)
        self._counted = counted
        self._tried = {data}

    def run(self) -> bytes:
        """Reduce until a whole round of passes changes nothing; return the result."""
        passes = [
            self._shorten,
            self._leave_out,
            self._leave_out_aligned,
            self._leave_out_counted,
            self._zero_blocks,
            self._lower,
            self._lower_numbers,
            self._sort,
        ]
        if self._counted:
            passes.insert(0, self._leave_out_operations)
        while True:
            before = self.best
            for one in passes:
                one()
            if self.best == before:
                return self.best

    def _take(self, candidate: bytes) -> bool:
        """Make `candidate` the best if it is simpler and fails in the same way."""
        if candidate in self._tried:
            return False
        if self._key is shortlex and shortlex(candidate) >= self._best_key:
            return False
        self._tried.add(candidate)
        if not self._fails(candidate):
            return False
        key = self._key(candidate)
        if key >= self._best_key:
            return False
        self.best, self._best_key = candidate, key
        return True

    def _shorten(self) -> None:
        """Cut off the end, as much as goes: many inputs have a tail that nobody reads."""
        size = 0
        while size < len(self.best):
            if self._take(self.best[:size]):
                return
            size = size * 2 or 1

    def _leave_out(self) -> None:
        """Leave out pieces of half the input, a quarter, and so on down to single bytes.

        This is ddmin's "reduce to complement". Its other half, trying a piece alone, finds nothing
        that this does not find one piece later.
        """
        size = max(len(self.best) // 2, 1)
        while True:
            changed = self._leave_out_pieces(size, step=size)
            if size > 1:
                size //= 2
            elif not changed:
                return

    def _leave_out_aligned(self) -> None:
        for size in ALIGNED:
            self._leave_out_pieces(size, step=1)

    def _leave_out_pieces(self, size: int, *, step: int) -> bool:
        """Leave out pieces of one size, the last ones first: what stands before keeps its place."""
        changed = False
        position = (len(self.best) - 1) // step * step
        while position >= 0:
            best = self.best
            if self._take(best[:position] + best[position + size :]):
                changed = True
                position = min(position, (len(self.best) - 1) // step * step)
            else:
                position -= step
        return changed

    def _leave_out_operations(self) -> None:
        """Leave out operations of a controlled input, all at first, with their count."""
        size = self.best[0] if self.best else 0
        while size:
            at = COUNTED_HEAD
            while at + size <= COUNTED_HEAD + (self.best[0] if self.best else 0):
                if not self._leave_out_with_count(0, at, size):
                    at += size
            size //= 2

    def _leave_out_counted(self) -> None:
        """Leave out a part of what a byte counts, and lower the byte by as much."""
        if len(self.best) > MOST_SWAPS:
            return
        for counter in range(len(self.best)):
            if counter >= len(self.best):
                return
            self._leave_out_behind(counter)

    def _leave_out_behind(self, counter: int) -> None:
        size = self.best[counter]
        if counter + 1 + size > len(self.best):
            return  # it counts nothing that is there
        while size:
            at = counter + 1
            while (
                counter < len(self.best) and at + size <= counter + 1 + self.best[counter]
            ):  # shrinks as it goes
                if not self._leave_out_with_count(counter, at, size):
                    at += size
            size //= 2

    def _leave_out_with_count(self, counter: int, at: int, size: int) -> bool:
        best = self.best
        if size > best[counter] or at + size > len(best):
            return False
        lowered = bytes((best[counter] - size,))
        return self._take(best[:counter] + lowered + best[counter + 1 : at] + best[at + size :])

    def _zero_blocks(self) -> None:
        size = len(self.best) // 2
        while size > 1:
            for position in range(0, len(self.best), size):
                best = self.best
                piece = best[position : position + size]
                self._take(best[:position] + bytes(len(piece)) + best[position + size :])
            size //= 2

    def _lower(self) -> None:
        """Lower each byte: to zero, else by halves, else by one, as long as it goes."""
        for position in range(len(self.best)):
            for lower in self._lower_values(position):
                if self._put(position, bytes((lower,))):
                    break

    def _lower_values(self, position: int) -> Iterator[int]:
        """Yield zero; then halve what is left between, and yield one less than where that ends."""
        yield 0
        low = 0
        while position < len(self.best) and self.best[position] - low > 1:
            middle = (low + self.best[position]) // 2
            if not self._put(position, bytes((middle,))):
                low = middle
        yield max(self.best[position] - 1, 0) if position < len(self.best) else 0

    def _lower_numbers(self) -> None:
        """Lower numbers of several bytes by halves, in both orders of their bytes."""
        for size in NUMBERS:
            for position in range(len(self.best) - size + 1):
                self._lower_number(position, size, "big")
                self._lower_number(position, size, "little")

    def _lower_number(self, position: int, size: int, order: Order) -> None:
        low = 0
        number = int.from_bytes(self.best[position : position + size], order)
        while number - low > 1:
            middle = (low + number) // 2
            if self._put(position, middle.to_bytes(size, order)):
                number = middle
            else:
                low = middle

    def _sort(self) -> None:
        """Swap neighbours so that small bytes, and small records, come first."""
        if len(self.best) > MOST_SWAPS:
            return
        for size in (1, *reversed(ALIGNED)):
            self._sort_pieces(size)

    def _sort_pieces(self, size: int) -> None:
        """Let each piece sink as far as it goes: insertion sort, with a run for each swap."""
        for start in range(size, len(self.best) - size + 1, size):
            position = start
            while position >= size:
                best = self.best
                left, right = position - size, position + size
                if best[position:right] >= best[left:position]:
                    break
                swapped = best[:left] + best[position:right] + best[left:position] + best[right:]
                if not self._take(swapped):
                    break
                position -= size

    def _put(self, position: int, piece: bytes) -> bool:
        best = self.best
        return self._take(best[:position] + piece + best[position + len(piece) :])

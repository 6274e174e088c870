"""What the workers of one exploration share: what is whose, and when to stop.

A few numbers in a mapped file. Each worker opens it by itself, and changes it under a lock of the
file; it reads the numbers that stop it without one.

Which failure is told does not depend on who is faster. Executions have an order, that of a round in
which each worker makes one in turn; parts of a tree have theirs. A worker that fails says so at
once, and whoever stands before that place in the order goes on up to it.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.strategies.subtree import Subtree

_NUMBERS: Final = "=QQQQ"  # executions left, next part, first failure, stop
NOBODY: Final = 2**64 - 1  # no failure: every place stands before it
CLAIM: Final = 8  # executions that a worker of a search takes at once: a lock costs some 2 us


class Board:
    """The shared numbers. One process may use it at a time, between calls; see `_locked`."""

    __slots__ = ("_file", "_map", "_numbers")

    def __init__(self, path: Path, *, executions: int | None = None) -> None:
        """Open it; with `executions`, make it."""
        if executions is not None:
            path.write_bytes(struct.pack(_NUMBERS, executions, 0, NOBODY, 0))
        self._file = path.open("r+b", buffering=0)
        self._map = mmap.mmap(self._file.fileno(), struct.calcsize(_NUMBERS))
        # Each number is stored whole: `struct.pack_into` would clear all of them first, and who
        # reads without the lock would see a failure at place 0.
        self._numbers = memoryview(self._map).cast("Q")

    def close(self) -> None:
        """Give the mapping back."""
        self._numbers.release()
        self._map.close()
        self._file.close()

    def claim(self, wanted: int) -> int:
        """Take up to so many of the executions that are left; return how many."""
        with self._locked() as (left, part, failure, stop):
            taken = min(left, wanted)
            self._write(left - taken, part, failure, stop)
        return taken

    def give_back(self, executions: int) -> None:
        """Leave claimed executions to others."""
        with self._locked() as (left, part, failure, stop):
            self._write(left + executions, part, failure, stop)

    def next_part(self, parts: int) -> int | None:
        """Return the number of the next part that nobody has; None when all are taken."""
        with self._locked() as (left, part, failure, stop):
            if part >= min(parts, failure) or stop:
                return None
            self._write(left, part + 1, failure, stop)
        return part

    def parts_taken(self) -> int:
        """Return how many parts somebody has."""
        return self._read()[1]

    def fail(self, place: int) -> None:
        """Note a failure at a place of the order; the first one counts."""
        with self._locked() as (left, part, failure, stop):
            self._write(left, part, min(failure, place), stop)

    def before_failure(self, place: int) -> bool:
        """Say whether an execution at this place is still wanted."""
        _, _, failure, stop = self._read()
        return place < failure and not stop

    def stop(self) -> None:
        """Let every worker end after the execution that it is in."""
        with self._locked() as (left, part, failure, _):
            self._write(left, part, failure, 1)

    def _read(self) -> tuple[int, int, int, int]:
        left, part, failure, stop = self._numbers
        return left, part, failure, stop

    def _write(self, *numbers: int) -> None:
        for index, number in enumerate(numbers):
            self._numbers[index] = number

    @contextmanager
    def _locked(self) -> Iterator[tuple[int, int, int, int]]:
        # A lock of the file ends with the process that holds it, however that dies.
        descriptor = self._file.fileno()
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  # Windows only

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)
            try:
                yield self._read()
            finally:
                os.lseek(descriptor, 0, os.SEEK_SET)
                msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
            return
        import fcntl  # noqa: PLC0415  # POSIX only

        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield self._read()
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)


class DrawnStint:
    """The executions of one worker that draws: each worker has a number of its own.

    Args:
        worker: Its number, from 0, of so many `workers`.
    """

    __slots__ = ("_board", "_worker", "_workers")

    def __init__(self, board: Board, worker: int, workers: int) -> None:
        self._board = board
        self._worker = worker
        self._workers = workers

    def allows(self, execution: int) -> bool:
        """Say whether execution number 0, 1, 2, ... of this worker is wanted."""
        return self._board.before_failure(self.place(execution))

    def failed(self, execution: int) -> None:
        """Tell the others that this one failed."""
        self._board.fail(self.place(execution))

    def place(self, execution: int) -> int:
        """Return where it stands among the executions of all workers."""
        return execution * self._workers + self._worker

    def end(self, executions: int) -> None:
        """Nothing was taken that others could want."""


class SearchStint:
    """The parts and executions that one worker of a search takes; it takes what is there.

    Also the `Parts` of its search.
    """

    __slots__ = ("_board", "_claimed", "_granted", "_parts", "part")

    def __init__(self, board: Board, parts: Sequence[Subtree]) -> None:
        self._board = board
        self._parts = parts
        self._claimed = 0  # executions that may still be run
        self._granted = 0  # in all
        self.part = 0  # that it searches now

    def take(self) -> Subtree | None:
        """Return the next part; None when all are taken, or what comes is not wanted."""
        number = self._board.next_part(len(self._parts))
        if number is None:
            return None
        self.part = number
        return self._parts[number]

    def left(self) -> list[Subtree]:
        """Return nothing: the parts that nobody has taken are everybody's."""
        return []

    def allows(self, execution: int) -> bool:  # noqa: ARG002  # as the other stint
        """Say whether one more execution is wanted, and count it."""
        if not self._board.before_failure(self.part):
            return False
        if not self._claimed:
            self._claimed = self._board.claim(CLAIM)
            self._granted += self._claimed
        if not self._claimed:
            return False
        self._claimed -= 1
        return True

    def failed(self, execution: int) -> None:  # noqa: ARG002  # as the other stint
        """Tell the others that this part has failed."""
        self._board.fail(self.part)

    def place(self, execution: int) -> int:  # noqa: ARG002  # as the other stint
        """Return where the current part stands among all."""
        return self.part

    def end(self, executions: int) -> None:
        """Leave what was claimed and not run to the others.

        Args:
            executions: That were run.
        """
        if self._granted > executions:
            self._board.give_back(self._granted - executions)

"""Bytes to a sequence of calls on one secret stream, with system calls that fail in between.

The model is the plain bytes that wait. A call that fails has left the stream as it was; whatever
was written comes out once, in its order, and what was taken as a whole is whole.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Final

from fuzz.byte_reader import ByteReader
from fuzz.fuzz_target import Target
from secmem.memory import EmptySecret, SecretClosed, SecretFactory, SecretStream, SystemCallFailed
from secmem.memory.system_calls import default_system_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from fuzz.fuzz_target import Run
    from secmem.memory.protection import MemoryProtection

CHUNK_BYTES: Final = 4 * 4096  # of the stream: writes around it cross a border between chunks
SIZES: Final = (0, 1, 2, 7, 64, 4095, 4096, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1)
MOST_CALLS: Final = 24
MOST_BYTES: Final = 8 * CHUNK_BYTES


class StreamMismatchError(AssertionError):
    """The stream did something else than the plain bytes would."""


class FailingCalls:
    """The page layer's real calls, of which one kind fails once when it is told to."""

    def __init__(self) -> None:
        self._real: Any = default_system_calls()
        self.page_size = self._real.page_size
        self._left = 0  # changes of protection until one fails; 0: none will

    def fail(self, nth: int) -> None:
        """Let the nth next change of protection that opens a page fail; 0: none."""
        self._left = nth

    def protect(self, address: int, size: int, protection: MemoryProtection) -> None:
        """Change a protection, or fail as the system would."""
        if self._due(protection):
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), "protect")
        self._real.protect(address, size, protection)

    def protector(
        self, address: int, size: int, protection: MemoryProtection
    ) -> Callable[[], int | None]:
        """Return a change of protection that is ready to be made."""
        ready = self._real.protector(address, size, protection)

        def change() -> int | None:
            if self._left == 1 and protection.name == "READ_ONLY":
                return 1  # the page layer asks again through `protect`, for the reason
            self._due(protection)
            changed: int | None = ready()
            return changed

        return change

    def _due(self, protection: MemoryProtection) -> bool:
        # Closing a page may not fail here: a page that stays open is another story.
        if not self._left or protection.name != "READ_ONLY":
            return False
        self._left -= 1
        return not self._left

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # the real one's own
        return getattr(self._real, name)


class _Program:
    """One run of the calls that an input stands for."""

    def __init__(self, data: bytes, make: Callable[[SecretFactory], SecretStream]) -> None:
        self._reader = ByteReader(data)
        self._calls = FailingCalls()
        self._stream = make(SecretFactory(calls=self._calls))
        self._waits = b""
        self._written = 0
        self._closed = False
        self.features: set[int] = set()

    def run(self) -> None:
        """Make the calls, and look after each whether as much waits as should."""
        try:
            for _ in range(MOST_CALLS):
                if not self._reader.left:
                    break
                self._step()
                if len(self._stream) != len(self._waits):
                    raise StreamMismatchError(
                        f"{len(self._stream)} bytes wait where {len(self._waits)} should"
                    )
            self._drain()
        finally:
            self._calls.fail(0)
            self._stream.close()

    def _step(self) -> None:
        call = self._reader.below(len(CALLS))
        outcome = CALLS[call](self)
        self._calls.fail(0)
        self.features.add(call * 8 + outcome)

    def write(self) -> int:
        """Append bytes that tell their place."""
        size = min(SIZES[self._reader.below(len(SIZES))], MOST_BYTES - self._written)
        content = bytes((self._written + number) % 251 for number in range(size))
        buffer = bytearray(content)
        if self._closed:
            return self._refused(lambda: self._stream.write(buffer))
        self._stream.write(buffer)
        if any(buffer):
            raise StreamMismatchError("a write left the caller's bytes")
        self._waits += content
        self._written += size
        return 1

    def read(self) -> int:
        """Take bytes from the front."""
        size = SIZES[self._reader.below(len(SIZES))]
        if self._closed:
            return self._refused(lambda: self._stream.read(size))
        self._take(bytes(self._stream.read(size)), self._waits[:size])
        return 2

    def read_where_a_page_stays_shut(self) -> int:
        """Take bytes from the front while a page cannot be opened."""
        nth, size = 1 + self._reader.below(3), SIZES[self._reader.below(len(SIZES))]
        if self._closed:
            return 0
        self._calls.fail(nth)
        try:
            taken = bytes(self._stream.read(size))
        except SystemCallFailed:
            return 3  # and whatever waited waits still
        self._take(taken, self._waits[:size])
        return 4

    def flush(self) -> int:
        """Take everything as one secret."""
        if self._closed:
            return self._refused(self._stream.flush)
        try:
            whole = self._stream.flush()
        except EmptySecret:
            if self._waits:
                raise StreamMismatchError("nothing was flushed where bytes wait") from None
            return 5
        with whole, whole.access() as view:
            self._take(bytes(view), self._waits)
        return 6

    def close(self) -> int:
        """Close; twice is once."""
        self._stream.close()
        self._closed = True
        self._waits = b""
        return 7

    def _drain(self) -> None:
        if not self._closed:
            self._take(bytes(self._stream.read()), self._waits)

    def _take(self, taken: bytes, wanted: bytes) -> None:
        if taken != wanted:
            raise StreamMismatchError(
                f"{len(taken)} bytes came out where {len(wanted)} others were to come"
            )
        self._waits = self._waits[len(wanted) :]

    def _refused(self, call: Callable[[], object]) -> int:
        try:
            call()
        except SecretClosed:
            return 0
        raise StreamMismatchError("a closed stream took a call")


CALLS: Final[tuple[Callable[[_Program], int], ...]] = (
    _Program.write, _Program.read, _Program.read_where_a_page_stays_shut, _Program.flush,
    _Program.write, _Program.close,
)  # fmt: skip


def stream_run(make: Callable[[SecretFactory], SecretStream] = SecretStream) -> Run:
    """Return the `run` of this target for streams of another make."""

    def run(data: bytes) -> Collection[int]:
        program = _Program(data, make)
        program.run()
        return program.features

    return run


SECRET_STREAMS: Final = Target(
    name="secret_streams",
    run=stream_run(),
    what="writes, reads, failing reads, flushes and closes of a stream; no byte lost or moved",
    instrument=("secmem.memory.stream",),
    compares=False,
    seeds=(bytes((0, 3, 0, 4, 2, 0, 3, 1, 9)), bytes((0, 9, 1, 7, 1, 2, 3, 0, 3, 5, 1, 1))),
    max_bytes=64,
)

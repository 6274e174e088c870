"""What a child process says: a JSON object a line, each waited for no longer than is said.

The end is told apart from silence in three ways that look alike from afar. A channel that is closed
has ended. A child that is dead has ended as well, although a forked copy of it holds the channel
open, perhaps for ever; but only once nothing is left in the channel, since on a crowded machine a
child may be long dead before anybody reads its last words. And as long as the child lives, nothing
in the channel is silence, however long: the caller judges that.

So the thread that judges is the one that reads: whatever was said before a limit had passed is
taken before the limit is looked at. A thread that reads for it could be late. Only a system that
cannot wait for pipes needs one.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import sys
import threading
import time
from typing import IO, TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import subprocess

LINE_BYTES: Final = 1 << 24  # the story of a long schedule has some hundred thousand
LAST_WORDS_S: Final = 10.0  # for a reading thread to hand on what a dead child had said
_CHUNK: Final = 1 << 16  # what a pipe holds, on most systems


class Chunks(Protocol):
    """Where the bytes come from."""

    def next(self, timeout_s: float) -> bytes | None:
        """Return what has come; None if nothing came in time, b"" at the end."""

    def close(self) -> None:
        """Let the channel go."""


class PolledChunks:
    """Bytes of a pipe that the system waits for. Belongs to one thread."""

    _process: subprocess.Popen[bytes]
    _channel: IO[bytes]
    _poll: Any  # select.poll's, which not every system has

    def __init__(self, process: subprocess.Popen[bytes], channel: IO[bytes]) -> None:
        if sys.platform == "win32":
            raise NotImplementedError  # pipes cannot be polled there
        self._process = process
        self._channel = channel
        self._poll = select.poll()
        self._poll.register(channel, select.POLLIN)

    def next(self, timeout_s: float) -> bytes | None:
        """Return what has come; None if nothing came in time, b"" at the end."""
        if not self._poll.poll(max(timeout_s, 0.0) * 1_000):
            # First the death, then the look: what it said before its death lies in the channel now.
            if self._process.poll() is None:
                return None
            if not self._poll.poll(0):
                return b""
        return os.read(self._channel.fileno(), _CHUNK)

    def close(self) -> None:
        """Let the channel go."""
        self._channel.close()


class ThreadedChunks:
    """Bytes of a channel that a thread of its own waits for. Belongs to one thread."""

    def __init__(self, process: subprocess.Popen[bytes], channel: IO[bytes]) -> None:
        self._process = process
        self._gone_s: float | None = None
        self._chunks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(channel,), daemon=True).start()

    def next(self, timeout_s: float) -> bytes | None:
        """Return what has come; None if nothing came in time, b"" at the end."""
        with contextlib.suppress(queue.Empty):
            return self._chunks.get(timeout=max(timeout_s, 0.0))
        if self._process.poll() is None:
            return None
        if self._gone_s is None:
            self._gone_s = time.monotonic()
        return b"" if time.monotonic() > self._gone_s + LAST_WORDS_S else None

    def close(self) -> None:
        """Leave the channel to the thread, which closes it at its end."""

    def _read(self, channel: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError), channel:  # closed under us
            while some := os.read(channel.fileno(), _CHUNK):
                self._chunks.put(some)
        self._chunks.put(b"")


class ChildLines:
    """The lines of one child, from its standard output. Belongs to one thread.

    What is no JSON object is passed over: a line that the child's death cut short, or the words of
    a subject that found the descriptor.

    Attributes:
        ended: Nothing more will come: the channel is closed, or the child dead and all it said was
            returned.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], *, chunks: type[Chunks] | None = None
    ) -> None:
        """Listen to a child that was started with a pipe.

        Args:
            chunks: How to wait for bytes; as the system can when None.
        """
        if process.stdout is None:
            raise ValueError("process takes a child with stdout=PIPE, got one without")
        ways: Any = chunks or (ThreadedChunks if sys.platform == "win32" else PolledChunks)
        self._chunks: Chunks = ways(process, process.stdout)
        self._pending = bytearray()
        self._lines: list[bytes] = []  # whole and not returned, the newest first
        self.ended = False

    def next(self, timeout_s: float) -> dict[str, Any] | None:
        """Return the next object; None when none came in time, or `ended`."""
        until_s = time.monotonic() + timeout_s
        passed_over = 0
        while True:
            while self._lines:
                if (found := _object_in(self._lines.pop())) is not None:
                    return found
            left_s = until_s - time.monotonic()
            # A line whose beginning was there in time is read to its end; noise is not.
            if self.ended or (left_s <= 0 and passed_over > LINE_BYTES):
                return None
            some = self._chunks.next(left_s)
            if some is not None:
                passed_over += len(some)
                self._take(some)
            elif left_s <= 0:
                return None

    def close(self) -> None:
        """Let the channel go."""
        with contextlib.suppress(OSError, ValueError):
            self._chunks.close()

    def _take(self, some: bytes) -> None:
        self.ended = not some
        *lines, rest = some.split(b"\n")
        if lines:
            self._lines = [*reversed(lines[1:]), bytes(self._pending) + lines[0]]
            self._pending = bytearray()
        self._pending += rest
        if len(self._pending) > LINE_BYTES:
            self._pending.clear()  # no line of ours; its rest is no object either


def _object_in(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None

"""What a child prints, kept in bounded memory: its first words, its last, and how much was between.

The child writes into a pipe that is always emptied, never into a file: so one that prints without
end neither blocks nor fills the disk.
"""

from __future__ import annotations

import threading
from typing import IO, Final

FIRST_BYTES: Final = 4_000  # warnings at import, the banner of what it uses
LAST_BYTES: Final = 16_000  # a fatal error with the stacks of some dozen threads
READ_BYTES: Final = 65_536  # what a pipe holds


class BoundedOutput:
    """Reads a pipe to its end in a thread of its own. Safe to ask from another thread.

    Attributes:
        total_bytes: Read so far.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        self.total_bytes = 0
        self._first = bytearray()
        self._last = bytearray()
        self._lock = threading.Lock()
        self._pipe = pipe
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def text(self, *, settle_s: float = 0.0) -> str:
        """Return what was printed; what was left out in the middle is said.

        Args:
            settle_s: How long to wait for the end of the output, which a forked copy of the child
                may hold open.
        """
        self._thread.join(settle_s)
        with self._lock:
            left_out = self.total_bytes - len(self._first) - len(self._last)
            between = (
                f"\n... {left_out:,} of {self.total_bytes:,} bytes left out ...\n".encode()
                if left_out
                else b""
            )
            whole = bytes(self._first) + between + bytes(self._last)
        return whole.decode("utf-8", errors="replace").strip()

    @property
    def dropped_bytes(self) -> int:
        """How much was read and not kept."""
        with self._lock:
            return self.total_bytes - len(self._first) - len(self._last)

    def close(self, *, settle_s: float) -> None:
        """Wait for the end; a reader whose pipe somebody still holds is left to end by itself."""
        self._thread.join(settle_s)

    def _read(self) -> None:
        with self._pipe:
            while data := self._pipe.read1(READ_BYTES):  # type: ignore[attr-defined]  # a BufferedReader
                with self._lock:
                    self._take(data)

    def _take(self, data: bytes) -> None:
        self.total_bytes += len(data)
        room = FIRST_BYTES - len(self._first)
        self._first += data[:room]
        self._last += data[room:] if room > 0 else data
        if len(self._last) > LAST_BYTES:
            del self._last[:-LAST_BYTES]

"""What processes of ours print: kept in a file that never grows far; its end is what counts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES: Final = 1 << 20  # the file is cut when it is longer; looked at 20 times a second
TAIL_BYTES: Final = 6_000


class BoundedOutput:
    """One file, which others append to; used by the parent alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._earlier = b""

    @property
    def size(self) -> int:
        """Bytes in the file now."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def bound(self) -> None:
        """Cut the file if it is too long; what it ended with is remembered."""
        if self.size <= MOST_BYTES:
            return
        self._earlier = self._end_of_file()
        os.truncate(self.path, 0)  # writers append: their next word is the first

    def tail(self) -> str:
        """Return the last of what was printed."""
        data = self._end_of_file()
        if len(data) < TAIL_BYTES:
            data = (self._earlier + data)[-TAIL_BYTES:]
        return data.decode("utf-8", "replace").strip()

    def since(self, start: int) -> str:
        """Return what the file holds from byte `start` on."""
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(MOST_BYTES).decode("utf-8", "replace").strip()
        except OSError:
            return ""

    def _end_of_file(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - TAIL_BYTES))
                return file.read(TAIL_BYTES)
        except OSError:
            return b""

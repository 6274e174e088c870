"""How much a child's folder for temporary files has come to."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

LOOK_S: Final = 0.25  # a disk takes some 500 MB in that time
SHARE: Final = 0.1  # of our time at most: many files take long to count
BLOCK_BYTES: Final = 512  # the unit of st_blocks, whatever the file system's own is


class DiskWatch:
    """Measures a folder now and then. Belongs to one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._next_s = 0.0
        self._bytes = 0

    def look(self) -> int:
        """Return the size in bytes, as last measured."""
        began_s = time.monotonic()
        if began_s >= self._next_s:
            self._bytes = folder_bytes(self._folder)
            ended_s = time.monotonic()
            self._next_s = ended_s + max(LOOK_S, (ended_s - began_s) / SHARE)
        return self._bytes


def folder_bytes(folder: Path) -> int:
    """Return what the files below a folder take on the disk; holes in them take nothing."""
    total = 0
    for root, folders, names in os.walk(folder):  # goes past what vanishes meanwhile
        for name in (*folders, *names):
            try:
                found = os.lstat(os.path.join(root, name))  # noqa: PTH118  # many, and often
            except OSError:
                continue
            total += getattr(found, "st_blocks", -(-found.st_size // BLOCK_BYTES)) * BLOCK_BYTES
    return total

"""One process at a time, for as long as a block takes; the lock dies with the process."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Keep others out of the block that lock the same file; the file is neither read nor changed.

    Where the system or its file system has no such lock, the block runs all the same: nothing that
    is done in it may be more than a nuisance when two do it at once.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl  # noqa: PLC0415  # POSIX only

    descriptor = os.open(file, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:  # a network file system without locks
            yield
            return
        yield  # closing the descriptor gives the lock back
    finally:
        os.close(descriptor)

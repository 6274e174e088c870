"""What keeps a process of ours from outliving its parent, and its target from taking the machine.

Everything here is best effort: what a system does not have is left out, and the parent's own watch
is there besides.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Final

_SET_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
_SET_SUBREAPER: Final = 36  # PR_SET_CHILD_SUBREAPER
FILE_BYTES: Final = 1 << 30  # of one file; an input has 64 KiB at most, and no use for more
# The parent ends a worker by its resident memory, 20 times a second. One allocation of many times
# that is refused at once, as a MemoryError with its place.
HEADROOM: Final = 4


def die_with(parent: int) -> None:
    """End this process when `parent` ends, and at once if it has ended already.

    On Linux the thread of the parent that started us counts.
    """
    if sys.platform == "linux":
        _prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of whatever loses its own below us, so that it can be ended with us."""
    _prctl(_SET_SUBREAPER, 1)


def limit(memory_bytes: int) -> None:
    """Keep one allocation and one file within bounds; no core files."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # not on Windows

    wanted = [(resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, FILE_BYTES)]
    if sys.platform == "linux":  # elsewhere it bounds other things
        wanted.append((resource.RLIMIT_DATA, HEADROOM * memory_bytes))
    for what, most in wanted:
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)  # noqa: PLW2901  # ours may not be above the system's
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, hard))


def count_threads() -> int:
    """Return how many threads this process has, native ones included where that is known."""
    try:
        native = len(os.listdir("/proc/self/task"))  # noqa: PTH208  # in a child: no need of Path
    except OSError:
        native = 1
    return max(native, threading.active_count())


def _prctl(option: int, value: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415  # heavy, and of use on Linux alone

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)

"""Where every Python thread of a stuck process stands, asked from outside.

The process has armed itself beforehand with `arm`; asking sends it a signal, and faulthandler
writes the stacks without the interpreter's help, so a process whose threads all hang answers too.
"""

import faulthandler
import os
import signal
import sys
import time
from typing import IO, Final

from harness.probes.errors import NotAvailableHereError

ANSWER_LIMIT_S: Final = 2.0  # an answer takes about a millisecond; the rest is for a loaded machine
_QUIET_S: Final = 0.05
_POLL_S: Final = 0.005


def arm(output: IO[str] | IO[bytes]) -> None:
    """Let this process answer the asking signal by writing all its stacks to `output`.

    `output` is a real file that stays open as long as the process may be asked.

    Raises:
        NotAvailableHereError: A system without user signals (Windows).
    """
    _need_signals()
    if sys.platform != "win32":
        faulthandler.register(signal.SIGUSR1, file=output, all_threads=True)


def stacks_of(pid: int, output: IO[bytes], *, limit_s: float = ANSWER_LIMIT_S) -> str:
    """Ask the armed process `pid` for its stacks; "" if it does not answer within `limit_s`.

    Args:
        output: The file it was armed with, open for reading here; only what is new is returned.

    Raises:
        NotAvailableHereError: A system without user signals (Windows).
        ProcessLookupError: No such process.
    """
    return wait_for_stacks(pid, output, start=output.seek(0, os.SEEK_END), limit_s=limit_s)


def wait_for_stacks(
    pid: int, output: IO[bytes], *, start: int, limit_s: float = ANSWER_LIMIT_S
) -> str:
    """Ask `pid`, and return what it wrote to `output` from byte `start` on once it is quiet."""
    _need_signals()
    if sys.platform != "win32":
        os.kill(pid, signal.SIGUSR1)
    ends = time.monotonic() + limit_s
    size, changed = start, time.monotonic()
    # faulthandler marks no end of its report, so the end is where it stops growing.
    while time.monotonic() < ends and not (size > start and time.monotonic() - changed > _QUIET_S):
        time.sleep(_POLL_S)
        now = os.fstat(output.fileno()).st_size
        if now != size:
            size, changed = now, time.monotonic()
    output.seek(start)
    return output.read(size - start).decode("utf-8", errors="replace").strip()


def _need_signals() -> None:
    if not hasattr(signal, "SIGUSR1"):
        raise NotAvailableHereError("asking a process for its stacks", "SIGUSR1", sys.platform)

"""Holding another process still while it is looked at."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Final

from harness.probes.child_processes import state_of
from harness.probes.errors import ForeignMemoryError

STOP_LIMIT_S: Final = 2.0  # it takes as long as its threads need to leave the kernel
_POLL_S: Final = 0.001


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process for the block; it goes on afterwards on every path.

    Raises:
        ForeignMemoryError: It is gone, or belongs to somebody else.
    """
    if sys.platform == "win32":
        raise ForeignMemoryError(pid, "SIGSTOP", "this system cannot stop a process")
    else:  # so that the types of this system's signals are known
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError as error:
            raise ForeignMemoryError(pid, "SIGSTOP", error.strerror or str(error)) from error
        try:
            _wait_until_stopped(pid)
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _wait_until_stopped(pid: int) -> None:
    ends_s = time.monotonic() + STOP_LIMIT_S
    while time.monotonic() < ends_s:
        state = state_of(pid)
        if state is None or state[1] in "TtZX":
            return
        time.sleep(_POLL_S)

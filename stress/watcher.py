"""A thread of the child that answers its parent, and ends the child when the parent is gone.

It is a thread of the system alone, which `threading` does not list: a scenario that counts its
threads finds its own.
"""

from __future__ import annotations

import _thread
import os
import shutil
import signal
import sys
from typing import TYPE_CHECKING, Final

from stress.lock_owners import report_of_this_process

if TYPE_CHECKING:
    from stress.channel import Channel

ASK_OWNERS: Final = b"o"
THREADS: Final = 1  # of the system, beside those that `threading` knows


def start_watcher(descriptor: int, channel: Channel, *, folder: str) -> None:
    """Answer what comes on `descriptor` for as long as the process lives.

    At the end of it, which is the end of the parent, even by `kill -9`, the process and whatever
    it started end as well.

    Args:
        folder: Removed in that case, since nobody else will.
    """

    def watch() -> None:
        while True:
            try:
                asked = os.read(descriptor, 1)
            except OSError:
                asked = b""
            if not asked:
                _end_all(folder)
            if asked == ASK_OWNERS:
                channel.tell("owners", text=_report())

    _thread.start_new_thread(watch, ())


def _report() -> str:
    try:
        return report_of_this_process()
    except Exception as error:  # noqa: BLE001  # a help, in a process whose state nobody knows
        return f"(nobody can tell: {type(error).__name__}: {error})"


def _end_all(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if sys.platform != "win32":
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)

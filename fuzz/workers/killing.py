"""Ends processes with what they have started, also what outlived them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import subprocess


def end_whole(process: subprocess.Popen[bytes]) -> None:
    """End a child that leads a session of its own, and whatever it has started; collect it.

    One that has died by itself may have left others: they have no parent by which they could be
    found, but the group is theirs still.
    """
    with contextlib.suppress(psutil.Error):
        for one in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
    end_group(process.pid)
    if process.poll() is None:
        process.kill()
    process.wait()


def kill_group(pid: int, seen: psutil.Process | None) -> None:
    """Kill a process, the group it leads, and what it has started, as far as that can be seen."""
    with contextlib.suppress(psutil.Error):
        if seen is not None and not seen.is_running():
            return  # the number may be another's by now
    end_group(pid)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            os.kill(pid, signal.SIGTERM)
        else:
            os.kill(pid, signal.SIGKILL)


def end_group(pid: int) -> None:
    """Kill whoever is in the group that a process led, also after its own end."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)

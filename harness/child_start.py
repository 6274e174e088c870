"""Starts a child process: forked with all that is in memory, or spawned with a job alone."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from harness.errors import ArgumentError, UncontrolledError

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN: Final = Path(__file__).with_name("spawned_child.py")
# Windows ends a process with the code of the exception that nobody handled.
NT_ERROR: Final = 0xC0000000
NT_NAMES: Final = {
    0xC0000005: "access violation",
    0xC00000FD: "stack overflow",
    0xC0000374: "heap corruption",
    0xC0000409: "fast fail",
}


class Start(StrEnum):
    """How a child comes to be."""

    FORK = "fork"
    SPAWN = "spawn"


def choose_start(wanted: str | None, target: object) -> Start:
    """Return how a child for `target` is started here.

    Raises:
        ArgumentError: `wanted` is no way to start, or a function is to be spawned.
        UncontrolledError: A function is the target, and this system cannot fork.
    """
    if wanted not in (None, *Start):
        raise ArgumentError("start", wanted, f"None, {' or '.join(Start)}")
    by_name = isinstance(target, str)
    if wanted == Start.SPAWN and not by_name:
        raise ArgumentError("target", target, '"package.module:function" where it is spawned')
    if wanted != Start.SPAWN and hasattr(os, "fork"):
        return Start.FORK
    if not by_name or wanted == Start.FORK:
        raise UncontrolledError(
            "a function in a forked child",
            sys.platform,
            'This system cannot fork: give the target as "package.module:function".',
        )
    return Start.SPAWN


class Child(Protocol):
    """A process that was started here and is reaped here."""

    pid: int

    def status(self) -> int | None:
        """Return the exit status, below 0 for a signal; None while it runs."""

    def kill(self) -> None:
        """End it with what it started, and reap it; nothing where it has ended."""


def fork(live: Callable[[], None]) -> Child:
    """Return a forked child that calls `live`, which never returns."""
    if sys.platform == "win32":
        raise NotImplementedError
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # Python warns of forks beside threads. The child runs the engine alone: of the other
        # threads' locks it could wait for those of the body, and its watchdog would tell.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        live()
    return ForkedChild(pid)


class ForkedChild:
    """A child by `os.fork`."""

    __slots__ = ("_status", "pid")

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def status(self) -> int | None:
        """Return the exit status, below 0 for a signal; None while it runs."""
        if self._status is None and sys.platform != "win32":
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def kill(self) -> None:
        """End it with what it started, and reap it."""
        if sys.platform == "win32":
            return
        kill_group(self.pid)
        if self._status is None:
            # Not yet in a group of its own, if it was started a moment ago.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def spawn(job: object, folder: Path) -> Child:
    """Return a child in a fresh interpreter that runs the pickled `job`.

    Raises:
        ArgumentError: The job holds something that cannot be pickled.
    """
    try:
        data = pickle.dumps(sys.path) + pickle.dumps(job)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ArgumentError("strategy", job, f"what can be sent to a process ({error})") from error
    (folder / "job").write_bytes(data)
    own_group = 0 if hasattr(os, "setpgid") else -1
    return SpawnedChild(
        subprocess.Popen(  # noqa: S603  # our own file, by the interpreter that runs
            [sys.executable, str(MAIN), str(folder)],
            stdin=subprocess.DEVNULL,
            process_group=own_group if own_group >= 0 else None,
        )
    )


class SpawnedChild:
    """A child by `subprocess.Popen`."""

    __slots__ = ("_process", "pid")

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid

    def status(self) -> int | None:
        """Return the exit status, below 0 for a signal; None while it runs."""
        return self._process.poll()

    def kill(self) -> None:
        """End it with what it started, and reap it."""
        kill_group(self.pid)
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def kill_group(pid: int) -> None:
    """End whatever is left in the process group that a child led."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def death_of(status: int) -> str:
    """Return what killed a process, in words; empty if it left by itself."""
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            return f"signal {-status}"
        return f"{name} ({signal.strsignal(-status) or name})"
    if sys.platform == "win32" and status >= NT_ERROR:
        return f"{NT_NAMES.get(status, 'exception')} (0x{status:08X})"
    return ""

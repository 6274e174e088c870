"""One command in a process group of its own, with an end, a bounded output and its bill.

A benchmark's command may start helpers, hang, or print for ever. All of its processes are one
group; when it is over, whatever is left of the group is killed. Of its output only the end is kept.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_TAIL_BYTES: Final = 16 * 1024  # two screens of a traceback, and no flood
_SHOWN_LINES: Final = 30
_POLL_S: Final = 0.02  # unnoticed beside runs of seconds
_GRACE_S: Final = 2.0  # pytest writes its summary in that time when it is asked to end
_CHUNK: Final = 8192
_KIB: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended.

    Attributes:
        code: Its exit code, negative for a signal; None when it was stopped for taking too long.
        tail: The end of what it printed.
        max_rss_bytes: The most memory it held, without its helpers, or None where not told.
        cpu_s: CPU seconds of it and of what it waited for, or None where not told.
    """

    command: str
    code: int | None
    tail: str
    elapsed_s: float
    max_rss_bytes: int | None = None
    cpu_s: float | None = None

    @property
    def ending(self) -> str:
        """Return in words how it ended."""
        if self.code is None:
            return f"was stopped after {self.elapsed_s:.0f} s (--timeout gives it more)"
        if self.code < 0:
            with contextlib.suppress(ValueError):
                return f"was ended by {signal.Signals(-self.code).name}"
        return f"exited with {self.code}"


def run_child(  # noqa: PLR0913  # what a process is started with
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    cpus: frozenset[int] = frozenset(),
    on_start: Callable[[int], None] = lambda _pid: None,
) -> Ended:
    """Run a command to its end, and leave nothing of it behind.

    Args:
        folder: Its working directory.
        environment: All of its variables.
        cpus: The processors it may use; empty for all.
        on_start: Told its process id.

    Raises:
        OSError: It cannot be started.
        KeyboardInterrupt: Ctrl-C; the command was ended first.
    """
    began = time.monotonic()
    with _on(cpus):
        child = subprocess.Popen(  # noqa: S603  # what the caller asked to run
            list(command),
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=sys.platform != "win32",
        )
    tail, bill = _Tail(child.stdout), _Bill()
    try:
        on_start(child.pid)
        code = _wait(child, began + timeout_s, bill)
    except BaseException:
        _stop(child)
        raise
    finally:
        _end_group(child.pid)
        text = tail.finish()
    return Ended(
        command=shlex.join(command),
        code=code,
        tail=text,
        elapsed_s=time.monotonic() - began,
        max_rss_bytes=bill.max_rss_bytes,
        cpu_s=bill.cpu_s,
    )


@dataclass(slots=True)
class _Bill:
    """What a command has used so far."""

    max_rss_bytes: int | None = None
    cpu_s: float | None = None


def _wait(child: subprocess.Popen[bytes], until: float, bill: _Bill) -> int | None:
    while not _is_over(child, bill):
        if time.monotonic() > until:
            _stop(child)
            return None
        time.sleep(_POLL_S)
    return child.returncode


def _is_over(child: subprocess.Popen[bytes], bill: _Bill) -> bool:
    if sys.platform == "win32":
        return child.poll() is not None
    if sys.platform == "linux":
        bill.max_rss_bytes = _high_water(child.pid) or bill.max_rss_bytes
    pid, status, usage = os.wait4(child.pid, os.WNOHANG)
    if pid == 0:
        return False
    child.returncode = os.waitstatus_to_exitcode(status)  # it was reaped here, not by Popen
    bill.cpu_s = usage.ru_utime + usage.ru_stime
    if sys.platform == "darwin":
        bill.max_rss_bytes = usage.ru_maxrss
    return True


def _high_water(pid: int) -> int | None:
    """Return the most memory a process has held since it became this program.

    Linux's ru_maxrss is no use: a child inherits it from whoever started it, so that a small
    program started by a large one seems large.
    """
    try:
        with open(f"/proc/{pid}/status", "rb") as file:  # noqa: PTH123  # 50 times a second
            lines = file.read().splitlines()
    except OSError:
        return None
    kib = next((line.split()[1] for line in lines if line.startswith(b"VmHWM:")), None)
    return None if kib is None else int(kib) * _KIB


def _stop(child: subprocess.Popen[bytes]) -> None:
    """End a child: asked first, then killed."""
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        _signal_group(child.pid, signal.SIGTERM)
    try:
        child.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            child.kill()
        child.wait()


def _end_group(pid: int) -> None:
    """Kill what a command left behind; its group lives as long as one of it does."""
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    if sys.platform == "win32":
        os.kill(pid, number)
    else:
        os.killpg(pid, number)


@contextlib.contextmanager
def _on(cpus: frozenset[int]) -> Iterator[None]:
    """Start a child on these processors: it inherits them from the thread that starts it."""
    if not cpus or sys.platform in {"win32", "darwin"}:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class _Tail:
    """The end of a stream, read by a thread so that a full pipe never stops the writer."""

    __slots__ = ("_held", "_reader", "_stream")

    def __init__(self, stream: IO[bytes] | None) -> None:
        assert stream is not None, "the output is a pipe"
        self._stream = stream
        self._held = bytearray()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def finish(self) -> str:
        """Return the last lines; a process outside the group may still hold the pipe open."""
        self._reader.join(_GRACE_S)
        text = bytes(self._held[-_TAIL_BYTES:]).decode(errors="replace")
        if not self._reader.is_alive():
            self._stream.close()
        return "\n".join(text.splitlines()[-_SHOWN_LINES:]).strip()

    def _read(self) -> None:
        descriptor = self._stream.fileno()
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(descriptor, _CHUNK):
                self._held += chunk
                if len(self._held) > 2 * _TAIL_BYTES:
                    del self._held[:-_TAIL_BYTES]

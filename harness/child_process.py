"""A forked child that runs one job, sends messages while it does, and may die of it."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import pickle
import select
import signal
import struct
import sys
import time
import traceback
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from harness import journal as journal_module
from harness.errors import HarnessError, StuckExecutionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.journal import Journal

_LENGTH: Final = struct.Struct("<I")
MAX_MESSAGE_BYTES: Final = 64 * 1024 * 1024  # above the longest trace that is kept
POLL_S: Final = 0.5
SILENT_S: Final = 20.0  # the child's own watchdog reports after 4 s and gives up after 8
LAST_WORDS_S: Final = 5.0  # for a child that was interrupted


class ChildFailedError(HarnessError):
    """An isolated child could not do its job; `report` is what it said."""

    def __init__(self, report: str) -> None:
        super().__init__(report)
        self.report = report

    def __str__(self) -> str:
        return f"the isolated child failed: {self.report}"


@dataclass(slots=True)
class Outcome:
    """What came back from a child.

    Attributes:
        result: What the job returned; None if it did not get so far.
        notes: The messages that it sent on the way.
        signal: What killed it, or 0.
        status: Its exit status, if it left by itself.
    """

    result: Any = None
    error: BaseException | None = None
    notes: list[Any] = field(default_factory=list)
    signal: int = 0
    status: int = 0
    interrupted: bool = False


def run_in_child(
    job: Callable[[Callable[[Any], None]], Any],
    journal: Journal,
    *,
    memory_bytes: int | None = None,
) -> Outcome:
    """Fork, run `job(send)` in the child, and wait for it.

    Args:
        job: Gets a function that sends a note to the parent at once, so that notes survive what
            kills the child. What it returns has to be picklable.
        journal: Filled by the child's executions; tells a busy child from a stuck one.
        memory_bytes: Address space of the child; None leaves it as it is.

    Raises:
        StuckExecutionError: The child made no step for too long, and was killed.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # The child only runs the engine, which has no locks of the other threads' to wait for.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if not pid:
        os.close(reading)
        _live(job, writing, journal, memory_bytes)
    os.close(writing)
    try:
        return _attend(pid, reading, journal)
    finally:
        os.close(reading)


def _live(
    job: Callable[[Callable[[Any], None]], Any],
    writing: int,
    journal: Journal,
    memory_bytes: int | None,
) -> None:
    """Be the child. Never returns: the parent's cleaning up is not ours to do."""
    status = 1
    try:
        _settle_in(memory_bytes)
        journal_module.active = journal
        try:
            message = ("result", job(lambda note: _send(writing, ("note", note))))
        except BaseException as error:  # noqa: BLE001  # all of it is the parent's to judge
            message = ("error", _portable(error))
        _send(writing, message)
        status = 0
    except BaseException:  # noqa: BLE001  # nothing may return into the parent's code
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _settle_in(memory_bytes: int | None) -> None:
    import resource  # noqa: PLC0415  # POSIX only, as fork is

    faulthandler.disable()  # a crash is a finding here, not a report on the terminal
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL):
        signal.signal(number, signal.SIG_DFL)


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    except Exception:  # noqa: BLE001  # a foreign class may do anything there
        return ChildFailedError("".join(traceback.format_exception(error)).strip())
    return error


def _send(writing: int, message: object) -> None:
    data = pickle.dumps(message)
    data = _LENGTH.pack(len(data)) + data
    while data:
        data = data[os.write(writing, data) :]


def _attend(pid: int, reading: int, journal: Journal) -> Outcome:
    """Read what the child says until it ends; kill one that stands still."""
    outcome = Outcome()
    try:
        _listen(pid, reading, journal, outcome)
    except BaseException:
        _reap(pid, kill=True)
        raise
    status = _reap(pid, kill=False)
    outcome.signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    outcome.status = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0
    return outcome


def _listen(pid: int, reading: int, journal: Journal, outcome: Outcome) -> None:
    """Take the child's messages until it closes its end."""
    buffer = bytearray()
    last, since_s = journal.progress(), time.monotonic()
    while True:
        try:
            ready, _, _ = select.select([reading], [], [], POLL_S)
            chunk = os.read(reading, 1 << 16) if ready else None
        except KeyboardInterrupt:
            _interrupt(pid, outcome)
            since_s = time.monotonic() + LAST_WORDS_S - SILENT_S
            continue
        if chunk == b"":
            return
        if chunk:
            buffer += chunk
            _take_messages(buffer, outcome)
        now = journal.progress()
        if chunk or (now != last and not outcome.interrupted):
            last, since_s = now, time.monotonic()
        elif time.monotonic() - since_s > SILENT_S:
            raise StuckExecutionError(SILENT_S, "(in the isolated child)")


def _interrupt(pid: int, outcome: Outcome) -> None:
    """Pass Ctrl-C on once; the child's own handler makes it send what it has."""
    if not outcome.interrupted:
        outcome.interrupted = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)


def _take_messages(buffer: bytearray, outcome: Outcome) -> None:
    while len(buffer) >= _LENGTH.size:
        (length,) = _LENGTH.unpack_from(buffer)
        if length > MAX_MESSAGE_BYTES:
            raise ChildFailedError(f"it sent a message of {length} bytes")
        if len(buffer) < _LENGTH.size + length:
            return
        message = bytes(buffer[_LENGTH.size : _LENGTH.size + length])
        del buffer[: _LENGTH.size + length]
        kind, value = pickle.loads(message)  # noqa: S301  # from our own child, over our own pipe
        if kind == "note":
            outcome.notes.append(value)
        elif kind == "result":
            outcome.result = value
        else:
            outcome.error = value


def _reap(pid: int, *, kill: bool) -> int:
    if kill:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while True:
        try:
            return os.waitpid(pid, 0)[1]
        except KeyboardInterrupt:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

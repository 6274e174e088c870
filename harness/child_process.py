"""A child process that runs one job, sends messages while it does, and may die of it.

Parent and child talk through files of one folder, which outlive what kills the child: messages that
the child appends, the journal of the running execution, and the last words of the interpreter.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import pickle
import signal
import struct
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness import journal as journal_module
from harness.child_start import Child, Start, death_of, fork, spawn
from harness.errors import HarnessError, StuckExecutionError
from harness.journal import Journal
from harness.last_words import read_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    Send = Callable[[Any], None]
    Job = Callable[[Send], Any]
    Progress = Callable[[int, float], None]

_LENGTH: Final = struct.Struct("<I")
FIRST_LOOK_S: Final = 0.0005  # a crash shows within a millisecond; then looks become rarer
LOOK_S: Final = 0.02
PROGRESS_S: Final = 0.25
SILENT_S: Final = 20.0  # the child's own watchdog reports after 4 s and gives up after 8
START_S: Final = 120.0  # until the first execution: a spawned child imports the target first
LAST_WORDS_S: Final = 5.0  # for a child that was interrupted, or told to write its stack
PR_SET_PDEATHSIG: Final = 1  # Linux, <sys/prctl.h>


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
        death: What killed it, in words; empty if it left by itself.
        stack: The lines that it was in when it was killed, innermost last.
        status: Its exit status, if it left by itself.
    """

    result: Any = None
    error: BaseException | None = None
    notes: list[Any] = field(default_factory=list)
    death: str = ""
    stack: tuple[str, ...] = ()
    status: int = 0
    done: bool = False
    interrupted: bool = False


class Exchange:
    """The folder through which a parent and its child talk; its journal is open."""

    __slots__ = ("_own", "_read", "folder", "journal")

    def __init__(self, folder: Path | None = None) -> None:
        """Open a child's folder; None makes a new one, which `close` removes."""
        self._own = None
        if folder is None:
            self._own = tempfile.TemporaryDirectory(prefix="holdfast-", ignore_cleanup_errors=True)
            folder = Path(self._own.name)
        self.folder = folder
        self.journal = Journal(folder / "journal")
        self._read = 0

    @property
    def messages(self) -> Path:
        """The file that the child appends to."""
        return self.folder / "messages"

    @property
    def words(self) -> Path:
        """The file that the interpreter's last words go to."""
        return self.folder / "words"

    def clear(self) -> None:
        """Forget what the last child left here."""
        self.messages.write_bytes(b"")
        self.words.write_bytes(b"")
        self.journal.clear()
        self._read = 0

    def take(self, outcome: Outcome) -> bool:
        """Read what the child has said since; say if there was anything."""
        with self.messages.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        start = 0
        while len(data) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, start)
            end = start + _LENGTH.size + length
            if end > len(data):
                break  # still being written, or cut off by what killed the child
            _file_message(data[start + _LENGTH.size : end], outcome)
            start = end
        self._read += start
        return start > 0

    def close(self) -> None:
        """Remove what was made here."""
        self.journal.close()
        if self._own is not None:
            self._own.cleanup()


def _file_message(message: bytes, outcome: Outcome) -> None:
    kind, value = pickle.loads(message)  # noqa: S301  # from our own child, in our own folder
    if kind == "note":
        outcome.notes.append(value)
    elif kind == "result":
        outcome.result, outcome.done = value, True
    else:
        outcome.error, outcome.done = value, True


def run_in_child(
    job: Job,
    exchange: Exchange,
    *,
    start: Start,
    memory_bytes: int | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Run `job(send)` in a child, and wait for its end; it is reaped on every path.

    Args:
        job: Gets a function that sends a note to the parent at once, so that notes survive what
            kills the child. What it returns has to be picklable; so has the job, to be spawned.
        memory_bytes: Address space of the child; None leaves it as it is.

    Raises:
        StuckExecutionError: The child made no step for too long, and was killed.
    """
    exchange.clear()
    limited = partial(_limited, job, memory_bytes)
    match start:
        case Start.FORK:
            child = fork(partial(live, limited, exchange))
        case Start.SPAWN:
            child = spawn(limited, exchange.folder)
    try:
        return _Attendance(child, exchange, progress).wait()
    finally:
        child.kill()


# -- the child ---------------------------------------------------------------------------------


def live(job: Job, exchange: Exchange) -> None:
    """Be the child. Never returns: the parent's cleaning up is not ours to do."""
    status = 1
    try:
        _settle_in(exchange)
        journal_module.active = exchange.journal
        with exchange.messages.open("ab", buffering=0) as messages:
            send = partial(_send, messages.fileno())
            try:
                message = _packed("result", job(lambda note: send(_packed("note", note))))
            except BaseException as error:  # noqa: BLE001  # all of it is the parent's to judge
                message = _packed("error", _portable(error))
            send(message)
        status = 0
    except BaseException:  # noqa: BLE001  # nothing may return into the parent's code
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _settle_in(exchange: Exchange) -> None:
    """Make the child one that may crash: alone in its group, without a core, with last words."""
    words = exchange.words.open("ab", buffering=0)
    faulthandler.enable(words, all_threads=False)
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # POSIX only

    with contextlib.suppress(PermissionError):
        # Ctrl-C goes to the parent alone, which passes it on once; and whatever the body starts
        # is ended with the group.
        os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        # A parent that is killed takes the child with it.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _limited(job: Job, memory_bytes: int | None, send: Send) -> Any:  # noqa: ANN401  # the job's
    """Run a job with a limit to its address space."""
    if memory_bytes is not None and sys.platform != "win32":
        import resource  # noqa: PLC0415  # POSIX only

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    return job(send)


def _portable(error: BaseException) -> BaseException:
    """Return an error that can be sent, with the child's lines if they are not the user's fault."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    except Exception:  # noqa: BLE001  # a foreign class may do anything there
        return ChildFailedError("".join(traceback.format_exception(error)).strip())
    if not isinstance(error, HarnessError | KeyboardInterrupt):
        error.add_note("".join(traceback.format_exception(error)).strip())
    return error


def _packed(kind: str, value: object) -> bytes:
    data = pickle.dumps((kind, value))
    return _LENGTH.pack(len(data)) + data


def _send(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


# -- the parent --------------------------------------------------------------------------------


class _Attendance:
    """One child, from its start to its end."""

    def __init__(self, child: Child, exchange: Exchange, progress: Progress | None) -> None:
        self._child = child
        self._exchange = exchange
        self._journal = exchange.journal
        self._progress = progress
        self._outcome = Outcome()
        self._started_s = time.monotonic()
        self._alive_s = self._started_s
        self._told_s = self._started_s
        self._seen = self._journal.progress()

    def wait(self) -> Outcome:
        delay_s = FIRST_LOOK_S
        while True:
            try:
                status = self._child.status()
                self._look(ended=status is not None)
                if status is not None:
                    return self._judge(status)
                time.sleep(delay_s)
                delay_s = min(delay_s * 1.5, LOOK_S)
            except KeyboardInterrupt:
                self._pass_on()

    def _look(self, *, ended: bool) -> None:
        """Take messages, and see whether the child is alive."""
        heard = self._exchange.take(self._outcome)
        seen, now_s = self._journal.progress(), time.monotonic()
        if heard or seen != self._seen:
            self._seen, self._alive_s = seen, now_s
        if self._progress is not None and now_s - self._told_s >= PROGRESS_S:
            self._told_s = now_s
            self._progress(seen[0], now_s - self._started_s)
        limit_s = SILENT_S if seen[0] else START_S
        if self._outcome.interrupted:
            limit_s = LAST_WORDS_S
        if not ended and now_s - self._alive_s > limit_s:
            raise StuckExecutionError(limit_s, self._ask_for_stack())

    def _pass_on(self) -> None:
        """Pass Ctrl-C on once; the child's own handler makes it send what it has."""
        if self._outcome.interrupted:
            raise KeyboardInterrupt
        self._outcome.interrupted = True
        self._alive_s = time.monotonic()
        with contextlib.suppress(ProcessLookupError, OSError):
            os.kill(self._child.pid, signal.SIGINT)

    def _ask_for_stack(self) -> str:
        """Let faulthandler tell where a stuck child stands, which ends it."""
        if sys.platform == "win32":
            return "(in the isolated child)"
        os.kill(self._child.pid, signal.SIGABRT)
        give_up_s = time.monotonic() + LAST_WORDS_S
        while self._child.status() is None and time.monotonic() < give_up_s:
            time.sleep(LOOK_S)
        stack = read_stack(self._exchange.words.read_text("utf-8", "replace"))
        return "\n".join(f"  {line}" for line in stack) or "(in the isolated child)"

    def _judge(self, status: int) -> Outcome:
        outcome = self._outcome
        # What comes after the result is the interpreter's end, and none of the body's business.
        outcome.death = "" if outcome.done else death_of(status)
        outcome.status = status
        if outcome.death:
            outcome.stack = read_stack(self._exchange.words.read_text("utf-8", "replace"))
        return outcome

"""One target in a child that may die: runs single inputs, and tells what each of them did.

For everything that has to judge an input by itself: triage, minimising, regression tests, coverage.
The parent never imports the target.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, Self

import psutil

from fuzz.errors import BrokenTargetError
from fuzz.triaging.crash import Crash, CrashKind, crash_from_json, crash_of_death
from fuzz.workers.deaths import signal_name
from fuzz.workers.killing import end_whole
from harness.probes import NotAvailableHereError, stacks_of
from harness.probes.child_lines import ChildLines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.target_facts import TargetFacts

CHILD: Final = Path(__file__).with_name("contained_child.py")
MIB: Final = 1024 * 1024
MEMORY_BYTES: Final = 1024 * MIB
START_S: Final = 90.0  # a heavy import takes 7 s on a quiet machine
EXPLAIN_S: Final = 60.0  # shrinking a long schedule
END_S: Final = 10.0  # from the end of a channel to the end of its process, on a crowded machine
LOOK_S: Final = 0.05  # how often the memory is looked at
# At a hang: what stays of the stack is where it hangs. A loop that spends 9 of 10 moments in one of
# its calls looks 20 times like a hang in that call with a chance of 0.9**20, or 12%.
LOOKS: Final = 20
BETWEEN_LOOKS_S: Final = 0.007  # some turns of a loop, and a report takes a tenth of a millisecond
LAST_WORDS_BYTES: Final = 6_000
MOST_WORDS_BYTES: Final = 8 * MIB  # of what a target prints, before it is thrown away


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one input did.

    Attributes:
        crash: None if it did not fail.
        undecided: It met a bound before it could be judged.
    """

    crash: Crash | None
    undecided: bool
    elapsed_s: float


class _EndedError(Exception):
    """The runner is no more."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class ContainedTarget:
    """A target in a child process. Used by one thread, as a context manager or with `close`.

    Args:
        facts: What is known of the target.
        hang_s: Seconds after which an input counts as hanging; the target's own when None.
        memory_bytes: Resident memory at which an input is ended.
        coverage: Settings of `coverage.Coverage`, to measure with it.

    Raises:
        BrokenTargetError: The target cannot be imported.
    """

    def __init__(
        self,
        facts: TargetFacts,
        *,
        hang_s: float | None = None,
        memory_bytes: int = MEMORY_BYTES,
        coverage: dict[str, Any] | None = None,
    ) -> None:
        self.facts = facts
        self.shape = "bytes"
        self.executions = 0
        self._hang_s = facts.hang_s if hang_s is None else hang_s
        self._memory_bytes = memory_bytes
        self._coverage = coverage
        self._words: IO[bytes] = tempfile.TemporaryFile(mode="a+b")  # noqa: SIM115  # see close
        self._process: subprocess.Popen[bytes] | None = None
        self._runner = 0
        self._number = 0
        self._touched = False  # the runner has run an input
        self._words_from = 0
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def run(self, data: bytes, *, fresh: bool = True) -> Judged:
        """Run one input.

        Args:
            fresh: In a process that has run no other input: costs a fork, and nothing that an
                earlier input has left can make it fail or pass.

        Raises:
            BrokenTargetError: The target cannot be imported any more.
        """
        if fresh and self._touched:
            self._renew()
        self._touched = True
        self.executions += 1
        began_s = time.monotonic()
        try:
            answer = self._ask("run", data, limit_s=self._hang_s)
        except _EndedError as ended:
            crash = self._death(CrashKind.SIGNAL, data, code=ended.code)
            return Judged(crash=crash, undecided=False, elapsed_s=time.monotonic() - began_s)
        elapsed_s = time.monotonic() - began_s
        if isinstance(answer, CrashKind):
            crash = self._death(answer, data, code=None)
            return Judged(crash=crash, undecided=False, elapsed_s=elapsed_s)
        told = answer["crash"]
        return Judged(
            crash=None if told is None else crash_from_json(told, data),
            undecided=answer["undecided"],
            elapsed_s=elapsed_s,
        )

    def story(self, data: bytes) -> str:
        """Return the whole story that a target's `explain` tells; "" if it has none."""
        return self._told("story", data)

    def describe(self, data: bytes) -> str:
        """Return what the bytes mean, in words; "" if the target does not say."""
        return self._told("describe", data)

    def save_coverage(self) -> bool:
        """Let the runner write down what it reached; False if it has died meanwhile."""
        try:
            return isinstance(self._ask("save", b"", limit_s=EXPLAIN_S), dict)
        except _EndedError:
            return False

    def renew(self) -> None:
        """Go on with a process that no input has touched."""
        if self._touched:
            self._renew()

    @contextlib.contextmanager
    def limited(self, hang_s: float | None) -> Iterator[None]:
        """Let inputs hang for `hang_s` seconds at most, inside the block; None: as before."""
        before = self._hang_s
        self._hang_s = before if hang_s is None else hang_s
        try:
            yield
        finally:
            self._hang_s = before

    def abandon(self) -> None:
        """Give up what runs; a new child is started when one is needed.

        After an exception such as Ctrl-C in the middle of a call, which leaves an answer unread.
        """
        process, self._process = self._process, None
        if process is not None:
            _end(process)
            self._lines.close()

    def close(self) -> None:
        """End the child and whatever it has started."""
        self.abandon()
        self._words.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def _told(self, what: str, data: bytes) -> str:
        self._touched = True
        try:
            answer = self._ask(what, data, limit_s=EXPLAIN_S + self._hang_s)
        except _EndedError:
            return ""
        return answer["told"] if isinstance(answer, dict) else ""

    def _renew(self) -> None:
        with contextlib.suppress(_EndedError):
            self._ask("leave", b"", limit_s=self._hang_s)
        self._touched = False

    def _ask(self, what: str, data: bytes, *, limit_s: float) -> dict[str, Any] | CrashKind:
        """Send a request and return its answer, or which limit ended it.

        Raises:
            _EndedError: The runner ended.
            BrokenTargetError: No new one could be started.
        """
        if self._process is None:
            self._start()
        self._number += 1
        self._words_from = self._trim_words()
        self._send({"do": what, "number": self._number, "data": data.hex()})
        until_s = time.monotonic() + START_S
        running = False
        while True:
            line = self._line(until_s)
            if isinstance(line, CrashKind):
                if not running:
                    self._stop()
                    raise BrokenTargetError(self.facts.name, "its process does not answer")
                self._end_runner()
                return line
            if "began" in line:
                running = True
                until_s = time.monotonic() + limit_s
            elif "ready" in line:
                self._runner = line["ready"]
            elif "ended" in line:
                if running:
                    raise _EndedError(line["ended"])
                if "gone" in line:
                    raise BrokenTargetError(self.facts.name, self._why_broken(line))
            else:
                return line

    def _send(self, request: dict[str, Any]) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the end of it is read from the other pipe
            process.stdin.write(json.dumps(request).encode() + b"\n")
            process.stdin.flush()

    def _line(self, until_s: float) -> dict[str, Any] | CrashKind:
        """Return the next line of the child, or the limit that it is over."""
        while True:
            line = self._lines.next(LOOK_S)
            if line is not None:
                return line
            if self._lines.ended:
                return {"ended": self._stop(), "gone": True}
            over = self._over(until_s)
            if over is not None:
                return over

    def _over(self, until_s: float) -> CrashKind | None:
        self._trim_words()
        with contextlib.suppress(psutil.Error):
            if self._runner and psutil.Process(self._runner).memory_info().rss > self._memory_bytes:
                return CrashKind.MEMORY
        return CrashKind.HANG if time.monotonic() > until_s else None

    def _start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603  # our interpreter, our file
            [sys.executable, "-P", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            # Hashes of text steer sets: the same input must do the same in every process.
            env={**os.environ, "PYTHONHASHSEED": "0"},
            start_new_session=os.name == "posix",
        )
        self._runner, self._touched = 0, False
        self._lines = ChildLines(self._process)
        self._words_from = self._trim_words()
        self._send(
            {
                "path": sys.path,
                "place": self.facts.place,
                "controlled": self.facts.controlled,
                "instrument": self.facts.instrument,
                "coverage": self._coverage,
                "parent": os.getpid(),
                "memory_bytes": self._memory_bytes,
            }
        )
        line = self._line(time.monotonic() + START_S)
        if isinstance(line, dict) and "shape" in line:
            self.shape = line["shape"]
            return
        self._stop()
        raise BrokenTargetError(self.facts.name, self._why_broken(line))

    def _why_broken(self, line: dict[str, Any] | CrashKind) -> str:
        if isinstance(line, CrashKind):
            return f"its import took more than {START_S:g} s"
        if "broken" in line:
            return str(line["broken"])
        words = self._last_words() or "no words"
        return f"its import ended the process with status {line.get('ended')}; {words}"

    def _end_runner(self) -> None:
        """Take what can be learned from a runner that is over a limit, then end it."""
        with contextlib.suppress(NotAvailableHereError, ProcessLookupError):
            if sys.platform != "win32":
                for _ in range(LOOKS - 1):
                    os.kill(self._runner, signal.SIGUSR1)
                    time.sleep(BETWEEN_LOOKS_S)
            stacks_of(self._runner, self._words, limit_s=1.0)
        if self._process is not None and self._runner in {0, self._process.pid}:
            self._stop()
            return
        with contextlib.suppress(psutil.Error):
            for one in psutil.Process(self._runner).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    one.kill()
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._runner, signal.SIGKILL)
        if isinstance(self._line(time.monotonic() + START_S), CrashKind):
            self._stop()

    def _stop(self) -> int | None:
        """End the whole child; return the status with which it had ended by itself."""
        process, self._process = self._process, None
        if process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Its channel closes a moment before its end, and late on a crowded machine.
            process.wait(END_S if self._lines.ended else 0.0)
        code = process.returncode
        _end(process)
        self._lines.close()
        return code

    def _death(self, kind: CrashKind, data: bytes, *, code: int | None) -> Crash:
        words = self._last_words(MOST_WORDS_BYTES if kind is CrashKind.HANG else LAST_WORDS_BYTES)
        match kind:
            case CrashKind.HANG:
                message = f"an input still ran after {self._hang_s:g} s"
            case CrashKind.MEMORY:
                message = f"over {self._memory_bytes // MIB} MiB resident"
            case _ if code is not None and code < 0:
                message = f"{signal_name(-code)} ended the process"
            case _:
                kind, message = CrashKind.EXIT, f"the process left with exit code {code}"
        return crash_of_death(kind, code, message=message, words=words, data=data)

    def _last_words(self, most: int = LAST_WORDS_BYTES) -> str:
        size = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(self._words_from, size - most))
        return self._words.read().decode("utf-8", errors="replace").strip()

    def _trim_words(self) -> int:
        """Throw away what a target has printed by the megabyte; return where the words end."""
        size = self._words.seek(0, os.SEEK_END)
        if size <= MOST_WORDS_BYTES:
            return size
        self._words.truncate(0)
        self._words_from = 0
        return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    end_whole(process)
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()

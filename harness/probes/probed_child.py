"""A child process that runs one named function and waits at checkpoints while we look at it.

Spawned, never forked: a forked child would inherit whatever copies of the key its parent holds.
Every wait has a limit, and leaving the `with` block ends and reaps the child on every path.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from harness.probes.child_main import CONTROL_BYTES, GO_ON
from harness.probes.errors import ChildLostError, ChildStuckError, NotAvailableHereError
from harness.probes.needles import Form, Needles
from harness.probes.stuck import wait_for_stacks

DEFAULT_LIMIT_S: Final = 30.0  # a start takes 0.1 s; on a machine 100 times slower it still ends
_LAST_WORDS_BYTES: Final = 4_000
_MAIN: Final = Path(__file__).with_name("child_main.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where the child waits: its name, and what the function said beside it."""

    name: str
    data: Mapping[str, object] = field(default_factory=dict)


class ProbedChild:
    """A spawned child that runs `module:function(probe, **arguments)`. Not safe to share.

    The function gets a `Probe` (see child_main.py): `key_into(buffer)`, `checkpoint(name, **data)`
    and `in_worker(job)`. Owned by its `with` block: the process is gone when the block ends.
    """

    __slots__ = ("_control", "_deadline_s", "_key", "_output", "_process", "_target", "_unread")

    def __init__(
        self,
        target: str,
        *,
        key: bytes | bytearray | memoryview = b"",
        arguments: Mapping[str, object] | None = None,
        time_limit_s: float = DEFAULT_LIMIT_S,
    ) -> None:
        _check(target, time_limit_s)
        self._target = target
        self._key = key
        self._control = os.urandom(CONTROL_BYTES)
        self._deadline_s = time_limit_s
        self._unread = b""
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # closed by _reap, with the child
        job = {"target": target, "path": sys.path, "arguments": dict(arguments or {})}
        self._process = subprocess.Popen(  # noqa: S603  # our interpreter, our file
            [sys.executable, "-P", str(_MAIN), json.dumps(job)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            bufsize=0,
        )

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    @property
    def control(self) -> Needles:
        """The value the child keeps on purpose, which every honest scan of it finds."""
        return Needles.of(self._control, forms=(Form.CONTROL,))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reap()

    def next_checkpoint(self) -> Checkpoint | None:
        """Let the child run to its next checkpoint; None when its function has returned.

        Raises:
            ChildLostError: It ended otherwise: a signal, an exception, an exit.
            ChildStuckError: The time limit passed.
        """
        while True:
            report = self._next_report()
            match report["kind"]:
                case "control":
                    self._answer(self._control)
                case "key":
                    self._answer(self._key_of(int(str(report["size"]))))
                case "checkpoint":
                    data = report["data"]
                    assert isinstance(data, dict)
                    return Checkpoint(name=str(report["name"]), data=data)
                case _:
                    return None

    def resume(self) -> None:
        """Let the child leave the checkpoint it waits at."""
        self._answer(GO_ON)

    def _key_of(self, size: int) -> bytes:
        if size != len(self._key):
            raise ValueError(
                f"{self._target} asked for a key of {size} bytes, the probe was given "
                f"one of {len(self._key)}; make its buffer that long"
            )
        return bytes(self._key)

    def _answer(self, raw: bytes) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(raw)
        except BrokenPipeError:
            raise self._lost() from None

    def _next_report(self) -> dict[str, object]:
        while b"\n" not in self._unread:
            self._unread += self._read_some()
        line, _, self._unread = self._unread.partition(b"\n")
        report = json.loads(line)
        assert isinstance(report, dict)
        return report

    def _read_some(self) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            started = time.monotonic()
            ready = waiting.select(self._deadline_s)
            self._deadline_s = max(0.0, self._deadline_s - (time.monotonic() - started))
        if not ready and self._process.poll() is not None:
            raise self._lost()  # a forked copy of it holds the channel open
        if not ready:
            raise self._stuck(time.monotonic() - started)
        some = os.read(self._process.stdout.fileno(), 65_536)
        if not some:
            raise self._lost()
        return some

    def _lost(self) -> ChildLostError:
        try:
            code = self._process.wait(timeout=max(1.0, self._deadline_s))
        except subprocess.TimeoutExpired:
            return ChildLostError(self._target, "closed its channel", self._last_words())
        ending = (
            f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        )
        return ChildLostError(self._target, ending, self._last_words())

    def _stuck(self, waited_s: float) -> ChildStuckError:
        before = self._output.seek(0, os.SEEK_END)
        stacks = wait_for_stacks(self.pid, self._output, start=before)
        return ChildStuckError(self._target, waited_s, stacks)

    def _last_words(self) -> str:
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - _LAST_WORDS_BYTES))
        return self._output.read().decode("utf-8", errors="replace").strip()

    def _reap(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for end in (self._process.stdin, self._process.stdout, self._output):
            assert end is not None
            end.close()


def _check(target: str, time_limit_s: float) -> None:
    if os.name != "posix":
        raise NotAvailableHereError("a probed child", "POSIX pipes", sys.platform)
    module, _, name = target.partition(":")
    if not (module and name):
        raise ValueError(f"target takes 'module:function', got {target!r}")
    if not time_limit_s > 0:
        raise ValueError(f"time_limit_s takes a number of seconds above 0, got {time_limit_s!r}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

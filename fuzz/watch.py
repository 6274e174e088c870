"""The parent of one child: starts it, limits it, watches it, and tells how it ended.

A fresh interpreter is spawned, never forked, in a session of its own, so that Ctrl-C reaches us
alone. Its figures come from the black box, its findings as lines on a pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import psutil

from fuzz.black_box import BlackBox, Flight
from fuzz.campaign_run import MIB, Engine
from harness.probes import NotAvailableHereError, stacks_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.fuzz_target import Target

Report = dict[str, Any]

LOOK_S: Final = 0.05  # how often the box and the memory are looked at
START_S: Final = 60.0  # an interpreter, its imports and Atheris take 1 s on a quiet machine
END_S: Final = 10.0  # from the end of the budget to the end of the process
LAST_WORDS_BYTES: Final = 6_000
_HERE: Final = Path(__file__).resolve().parent
_PROGRAMS: Final = {Engine.ATHERIS: _HERE / "atheris_child.py", Engine.PLAIN: _HERE / "child.py"}
_STATUS: Final = re.compile(rb"cov: (\d+) ft: (\d+) corp: (\d+)/")


class Ended(StrEnum):
    """How a child ended."""

    DONE = "its budget ended"
    DIED = "it ended without a report"
    HUNG = "an input took too long"
    MEMORY = "it went over its memory limit"
    SILENT = "it neither ran an input nor ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildEnd:
    """What became of a child.

    Attributes:
        code: Its exit status, negative for a signal; None if we ended it.
        words: The end of what it printed, or the stacks of a child that hung.
        flight: The last state of its black box.
        began: It ran its target.
    """

    ended: Ended
    code: int | None
    words: str
    flight: Flight
    began: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a campaign shows while it runs."""

    flight: Flight
    coverage: int | None = None
    engine_features: int | None = None
    corpus: int | None = None


class Child:
    """One child from its start to its end. Used once, by one thread, as a context manager."""

    def __init__(self, job: dict[str, Any], target: Target, engine: Engine, folder: Path) -> None:
        self._target = target
        self._seconds = job["seconds"]
        self._memory_bytes = job["memory_bytes"]
        job_file = folder / f"job-{os.getpid()}.json"
        box_file = folder / f"box-{os.getpid()}"
        self._files = (job_file, box_file)
        self.box = BlackBox(box_file, create=True)
        job = {**job, "file": str(job_file), "box": str(box_file), "path": sys.path}
        job_file.write_text(json.dumps(job), "utf-8")
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed in __exit__
        self._reports: queue.SimpleQueue[Report | None] = queue.SimpleQueue()
        self._status = Status(flight=Flight())
        self._read_to = 0
        self._process = self._spawn(_PROGRAMS[engine], job_file)
        self._began = False
        self._done = False

    def __enter__(self) -> Child:  # noqa: PYI034  # final in effect
        return self

    def __exit__(self, *_exc: object) -> None:
        _reap(self._process)
        self.box.close()
        self._words.close()
        for file in self._files:
            file.unlink(missing_ok=True)

    @property
    def status(self) -> Status:
        """What the box and libFuzzer's own lines say."""
        return self._status

    def watch(
        self, take: Callable[[Report], object], progress: Callable[[Status], object]
    ) -> ChildEnd:
        """Watch until the child ends, or end it.

        Args:
            take: Gets every report of the child.
            progress: Gets the status some twenty times a second.
        """
        seen = psutil.Process(self._process.pid)
        until_s = time.monotonic() + START_S
        while True:
            try:
                report = self._reports.get(timeout=LOOK_S)
            except queue.Empty:
                self._look()
                progress(self._status)
                ended = self._over(seen, until_s)
                if ended is not None:
                    return self._end(ended)
                continue
            if report is None:
                return self._ended()
            until_s = self._take(report, until_s)
            take(report)

    def _take(self, report: Report, until_s: float) -> float:
        """Return until when the child has to end, now that it has reported."""
        now_s = time.monotonic()
        match report["report"]:
            case "ready":
                self._began = True
                return float("inf") if self._seconds is None else now_s + self._seconds + END_S
            case "done":
                self._done = True
                return now_s + END_S
            case _:
                # Explaining a finding takes time that no budget foresees.
                return until_s + END_S

    def _look(self) -> None:
        self._words.seek(self._read_to)
        text = self._words.read()
        found = _STATUS.findall(text)
        # A line may be cut in two: read the last 200 bytes again the next time.
        self._read_to = max(self._read_to, self._read_to + len(text) - 200)
        old, flight = self._status, self.box.read()
        edges, features, corpus = old.coverage, old.engine_features, old.corpus
        if found:
            covered, features, corpus = (int(number) for number in found[-1])
            # libFuzzer counts the target's own features among what is covered; code is the rest.
            edges = max(covered - flight.counters, edges or 0)
        self._status = Status(
            flight=flight, coverage=edges, engine_features=features, corpus=corpus
        )

    def _over(self, seen: psutil.Process, until_s: float) -> Ended | None:
        """Return which limit the child is over, if it is over one."""
        with contextlib.suppress(psutil.Error):
            if seen.memory_info().rss > self._memory_bytes:
                return Ended.MEMORY
        if self._began and self._status.flight.busy_s > self._target.hang_s:
            return Ended.HUNG
        if time.monotonic() > until_s and not self._status.flight.busy_s:
            return Ended.SILENT
        return None

    def _end(self, ended: Ended) -> ChildEnd:
        """Take what can be learned from a child that runs still, then end it."""
        words = self._last_words()
        if ended is not Ended.MEMORY:
            with contextlib.suppress(NotAvailableHereError, ProcessLookupError):
                words = stacks_of(self._process.pid, self._words)
        _reap(self._process)
        self._look()
        return self._told(ended, None, words)

    def _ended(self) -> ChildEnd:
        """Tell how a child ended whose channel is closed."""
        try:
            code = self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            return self._end(Ended.SILENT)
        self._look()
        whole = self._done and code == 0
        return self._told(Ended.DONE if whole else Ended.DIED, code, self._last_words())

    def _told(self, ended: Ended, code: int | None, words: str) -> ChildEnd:
        return ChildEnd(
            ended=ended, code=code, words=words, flight=self._status.flight, began=self._began
        )

    def _last_words(self) -> str:
        size = self._words.seek(0, os.SEEK_END)
        self._words.seek(max(0, size - LAST_WORDS_BYTES))
        return self._words.read().decode("utf-8", errors="replace").strip()

    def _spawn(self, program: Path, job_file: Path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(  # noqa: S603  # our interpreter, our file
            [sys.executable, "-P", str(program), str(job_file)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._words,
            # Hashes of text steer sets: the same input must do the same in every process.
            env={**os.environ, "PYTHONHASHSEED": "0"},
            start_new_session=os.name == "posix",
        )
        threading.Thread(target=self._read, args=(process.stdout,), daemon=True).start()
        return process

    def _read(self, stdout: IO[bytes]) -> None:
        """Turn the child's lines into reports; a thread, since not every system polls pipes."""
        with stdout:
            for line in stdout:
                with contextlib.suppress(ValueError):  # a line cut short by the child's death
                    self._reports.put(json.loads(line))
        self._reports.put(None)


def _reap(process: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started, and collect it."""
    with contextlib.suppress(psutil.Error):
        for one in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
    if process.poll() is None:
        process.kill()
    process.wait()


def describe_end(end: ChildEnd, *, hang_s: float, memory_bytes: int) -> str:
    """Return in words what became of a child that did not end well."""
    match end.ended:
        case Ended.HUNG:
            return f"an input still ran after {hang_s:g} s"
        case Ended.MEMORY:
            return (
                f"over {memory_bytes // MIB} MiB resident; the input that ran may have done it, "
                "or only have come last"
            )
        case Ended.DIED if end.code is not None and end.code < 0:
            return f"{signal_name(-end.code)} ended the process"
        case Ended.DIED:
            return f"the process left with exit code {end.code}"
        case Ended.DONE | Ended.SILENT:
            return str(end.ended)


def signal_name(number: int) -> str:
    """Return a signal's name, such as SIGSEGV."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

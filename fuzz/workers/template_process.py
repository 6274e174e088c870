"""The parent's side of a template: starts one, gives it orders, hears how its workers end."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from fuzz.workers.bounded_output import BoundedOutput
from fuzz.workers.deaths import signal_name
from fuzz.workers.journal import JournalReader
from fuzz.workers.killing import kill_group

if TYPE_CHECKING:
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.journal import Report

PROGRAM: Final = Path(__file__).with_name("template.py")
STACKS_S: Final = 0.5  # for a hanging process to write its stacks: about a millisecond of work
CLOSE_S: Final = 2.0  # for a template to end its workers and itself
MIB: Final = 1024 * 1024


class TemplateProcess:
    """One template. Used by one thread; on Linux it ends with that thread.

    Attributes:
        forks: It forks a worker for each order; None as long as it imports. False: it takes a
            single order and becomes that worker.
        broken: Why the target could not be imported; "" if it could, or is being.
    """

    def __init__(self, facts: TargetFacts, engine: str, *, folder: Path, serial: int) -> None:
        stem = folder / f"template-{os.getpid()}-{serial}"
        self._files = [stem.with_name(stem.name + end) for end in (".setup", ".events", ".output")]
        setup, events, output = self._files
        fields = {
            "facts": facts.to_json(), "engine": engine, "path": sys.path,
            "events": str(events.resolve()), "parent": os.getpid(),
        }  # fmt: skip
        setup.write_text(json.dumps(fields), "utf-8")
        self._events = JournalReader(events)
        self._output = BoundedOutput(output)
        self.forks: bool | None = None
        self.broken = ""
        self._started_s = time.monotonic()
        self._armed = False  # it answers the signal that asks for stacks, which else would kill it
        self._asked_s = 0.0
        self._asked_at = 0
        self._why_killed = ""
        with output.open("ab") as words:
            self.process = _spawn(setup, words.fileno())
        self._seen = psutil.Process(self.process.pid)

    def order(self, number: int, job: Path) -> None:
        """Order a worker. A template that has died does not hear it."""
        line = json.dumps({"order": number, "job": str(job.resolve())}) + "\n"
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.write(line.encode())

    def events(self) -> list[Report]:
        """Return what it has told since the last time."""
        told = self._events.read()
        for event in told:
            if event["report"] == "armed":
                self._armed = True
            elif event["report"] == "ready":
                self.forks = event["forks"]
            elif event["report"] == "broken":
                self.broken = event["words"]
        self._output.bound()
        return told

    @property
    def code(self) -> int | None:
        """Its exit status; None while it lives."""
        return self.process.poll()

    def watch_import(self, limit_s: float, memory_bytes: int) -> None:
        """End it if the import takes too long or too much; `broken` then says so."""
        now_s = time.monotonic()
        if self.forks is not None or self._why_killed:
            return
        if self._asked_s:
            if now_s > self._asked_s + STACKS_S:
                stacks = self._output.since(self._asked_at)
                self._give_up(f"its import took more than {limit_s:g} s; it was at\n{stacks}")
        elif now_s > self._started_s + limit_s and not self._armed:
            self._give_up(f"its import took more than {limit_s:g} s")
        elif now_s > self._started_s + limit_s:
            self._asked_s, self._asked_at = now_s, self._output.size
            ask_for_stacks(self.process.pid)
        elif resident_bytes(self._seen) > memory_bytes:
            self._give_up(f"its import took more than {memory_bytes // MIB} MiB of memory")

    def why_ended(self) -> str:
        """Return what became of it, for people."""
        tail = self._output.tail()
        if self._why_killed or self.broken:
            return self._why_killed or (f"{self.broken}\n{tail}" if tail else self.broken)
        how = describe_code(self.code)
        return f"{how}; its last words: {tail}" if tail else f"{how}, without a word"

    def close(self) -> None:
        """End it and all its workers; remove its files."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(CLOSE_S if self.forks else 0.0)
        except subprocess.TimeoutExpired:
            kill_group(self.process.pid, self._seen)
            self.process.wait()
        for path in self._files:
            path.unlink(missing_ok=True)

    def _give_up(self, why: str) -> None:
        self._why_killed = self.broken = why
        kill_group(self.process.pid, self._seen)


def _spawn(setup: Path, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # our interpreter, our file
        [sys.executable, "-P", str(PROGRAM), str(setup)],
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        bufsize=0,
        # Hashes of text steer sets: the same input must do the same in every process.
        env={**os.environ, "PYTHONHASHSEED": "0"},
        start_new_session=os.name == "posix",  # Ctrl-C is for the parent alone
    )


def ask_for_stacks(pid: int) -> None:
    """Have a process that is armed for it write the stacks of its threads."""
    if hasattr(signal, "SIGUSR1"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGUSR1)


def resident_bytes(seen: psutil.Process | None) -> int:
    """Return the resident memory of a process; 0 if it cannot be known."""
    if seen is None:
        return 0
    try:
        return int(seen.memory_info().rss)
    except psutil.Error:
        return 0


def describe_code(code: int | None) -> str:
    """Return in words how a process ended."""
    if code is None:
        return "it was ended"
    if code >= 0:
        return f"it left with exit code {code}"
    return f"{signal_name(-code)} ended it"


def remove_leftovers(folder: Path) -> None:
    """Remove the files of templates whose parent was killed."""
    for path in folder.glob("template-*-*.*"):
        pid = path.name.split("-")[1]
        if not (pid.isdigit() and psutil.pid_exists(int(pid))):
            path.unlink(missing_ok=True)

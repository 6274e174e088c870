"""The parent: spawns the child, limits it, watches it, and tells how it ended.

A fresh interpreter is spawned, never forked: a forked child would start with our threads' locks.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import psutil

from harness.probes import NotAvailableHereError, stacks_of
from stress.leaks import growth_of, leak_in
from stress.run import MIB, Budget, Ending, StressRun
from stress.scenarios import find_scenario
from stress.scenarios.catalogue import TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable

    from stress.scenarios import Scenario

MAIN: Final = Path(__file__).with_name("child.py")
LOOK_S: Final = 0.05  # how often memory is looked at
START_S: Final = (
    60.0  # an interpreter and its imports take 0.3 s; on a loaded machine 100 times that
)
END_S: Final = 10.0  # from "done" to the end of the process
BUSY_SHARE: Final = 0.05  # of one core: sleepers take nothing, a loop a share of a crowded machine
LAST_WORDS_BYTES: Final = 6_000


def run_scenario(
    name: str, budget: Budget | None = None, *, progress: Callable[[int], object] | None = None
) -> StressRun:
    """Run a scenario in a child process and return how it ended; never raises for the subject.

    Args:
        name: One of `scenario_names()`, or `module:NAME` of any Scenario.
        budget: Three rounds when None.
        progress: Called with the number of rounds done after each.

    Raises:
        UnknownScenarioError: There is no such scenario.
    """
    subject = find_scenario(name)
    return _Watch(name, subject, budget or Budget(), progress).run()


class _Watch:
    """One child from its start to its end. Used once, by one thread."""

    def __init__(
        self,
        name: str,
        subject: Scenario,
        budget: Budget,
        progress: Callable[[int], object] | None,
    ) -> None:
        self._name = name
        self._subject = subject
        self._budget = budget
        self._progress = progress
        self._hang_s = budget.hang_s or subject.hang_s
        self._reports: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._warm: dict[str, int] | None = None
        self._figures: list[dict[str, int]] = []
        self._failure = ""
        self._done = False
        self._resident_bytes = 0
        self._peak_bytes = 0
        self._cpu_s = 0.0

    def run(self) -> StressRun:
        began_s = time.monotonic()
        with tempfile.TemporaryFile() as words:
            let_through = _hold_interrupts()
            child = self._spawn(words)
            try:
                let_through()  # Ctrl-C that came meanwhile is raised here
                ending, message, stacks = self._watch(child, words)
            except KeyboardInterrupt:
                ending, message, stacks = Ending.INTERRUPTED, "Ctrl-C ended it early", ""
            finally:
                _reap(child)
        return StressRun(
            name=self._name,
            budget=self._budget,
            ending=ending,
            message=message,
            stacks=stacks,
            rounds=len(self._figures),
            operations=len(self._figures) * self._per_round(),
            elapsed_s=time.monotonic() - began_s,
            cpu_s=self._cpu_s,
            peak_bytes=self._peak_bytes,
            growth=growth_of(self._warm, self._figures),
        )

    def _per_round(self) -> int:
        scale = self._subject.stress_scale
        return scale.threads * scale.operations * scale.repeats

    def _spawn(self, words: IO[bytes]) -> subprocess.Popen[bytes]:
        budget = self._budget
        job = {
            "target": TARGETS.get(self._name, self._name),
            "path": sys.path,
            "rounds": budget.rounds,
            "seconds": budget.seconds,
            "seed": budget.seed,
            "memory_bytes": budget.memory_bytes,
            "hang_s": self._hang_s,
        }
        child = subprocess.Popen(  # noqa: S603  # our interpreter, our file
            [sys.executable, "-P", str(MAIN), json.dumps(job)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=words,
            # One arena for all threads: with one per thread the count of mappings tells nothing.
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
            # A group of its own, so that Ctrl-C reaches us alone and we end the child ourselves.
            start_new_session=os.name == "posix",
        )
        threading.Thread(target=self._read, args=(child.stdout,), daemon=True).start()
        return child

    def _read(self, stdout: IO[bytes]) -> None:
        """Turn the child's lines into reports; a thread, since not every system polls pipes."""
        with stdout:
            for line in stdout:
                with contextlib.suppress(ValueError):  # a line cut short by the child's death
                    self._reports.put(json.loads(line))
        self._reports.put(None)

    def _watch(self, child: subprocess.Popen[bytes], words: IO[bytes]) -> tuple[Ending, str, str]:
        seen = psutil.Process(child.pid)
        limit_s, doing = START_S, "start"
        until_s = time.monotonic() + limit_s
        while True:
            try:
                report = self._reports.get(timeout=LOOK_S)
            except queue.Empty:
                if self._look(seen) > self._budget.memory_bytes:
                    return self._over_memory()
                if time.monotonic() > until_s:
                    return self._stuck(child, seen, words, f"{doing} within {limit_s:g} s")
                continue
            if report is None:
                return self._ended(child, words)
            self._take(report)
            limit_s, doing = (END_S, "end") if self._done else (self._hang_s, self._doing())
            until_s = time.monotonic() + limit_s
            if self._look(seen) > self._budget.memory_bytes:
                return self._over_memory()

    def _doing(self) -> str:
        return f"finish round {len(self._figures) + 1}"

    def _take(self, report: dict[str, Any]) -> None:
        match report.pop("kind"):
            case "round":
                self._figures.append(report)
                if self._progress is not None:
                    self._progress(len(self._figures))
            case "warm":
                self._warm = report
            case "failed":
                self._failure = report["text"]
            case "done":
                self._done = True
            case _:
                pass  # "ready": the limits for a start give way to those for a round

    def _look(self, seen: psutil.Process) -> int:
        """Return the child's resident bytes, and remember the peak and its processor time."""
        with contextlib.suppress(psutil.Error):
            self._resident_bytes = seen.memory_info().rss
            times = seen.cpu_times()
            self._cpu_s = times.user + times.system
        self._peak_bytes = max(self._peak_bytes, self._resident_bytes)
        return self._resident_bytes

    def _over_memory(self) -> tuple[Ending, str, str]:
        message = (
            f"{self._resident_bytes // MIB} MiB resident while it had to {self._doing()}; the "
            f"limit is {self._budget.memory_bytes // MIB} MiB. Something grows without bound, or "
            "the scenario needs more: --memory-mib raises the limit."
        )
        return Ending.MEMORY, message, ""

    def _stuck(
        self, child: subprocess.Popen[bytes], seen: psutil.Process, words: IO[bytes], what: str
    ) -> tuple[Ending, str, str]:
        try:
            stacks = stacks_of(child.pid, words)
        except (NotAvailableHereError, ProcessLookupError) as error:
            stacks = f"(no stacks: {error})"
        self._look(seen)
        before_s, began_s = self._cpu_s, time.monotonic()
        time.sleep(LOOK_S * 10)
        self._look(seen)
        busy = (self._cpu_s - before_s) / (time.monotonic() - began_s)
        how = (
            "its threads are busy: a loop that never ends, a livelock"
            if busy > BUSY_SHARE
            else "its threads are asleep: a deadlock or a lost wake-up"
        )
        return Ending.HANG, f"it did not {what}, and {how}", stacks

    def _ended(self, child: subprocess.Popen[bytes], words: IO[bytes]) -> tuple[Ending, str, str]:
        """Tell a signal from an exit from a report, now that the child's channel is closed."""
        try:
            code = child.wait(END_S)
        except subprocess.TimeoutExpired:
            return self._stuck(child, psutil.Process(child.pid), words, "end")
        if code < 0:
            return Ending.SIGNAL, self._with_words(words, f"{_signal_name(-code)} in"), ""
        if self._failure:
            memory = "MemoryError" in self._failure.splitlines()[-1]
            return (Ending.MEMORY if memory else Ending.EXCEPTION), self._failure, ""
        if code or not self._done:
            text = f"exit code {code}, without a report, in"
            return Ending.EXIT, self._with_words(words, text), ""
        if leak := leak_in(growth_of(self._warm, self._figures)):
            return Ending.LEAK, leak, ""
        return Ending.PASSED, "", ""

    def _with_words(self, words: IO[bytes], text: str) -> str:
        size = words.seek(0, os.SEEK_END)
        words.seek(max(0, size - LAST_WORDS_BYTES))
        last = words.read().decode("utf-8", errors="replace").strip()
        return f"{text} round {len(self._figures) + 1}; its last words:\n{last or '(none)'}"


def _reap(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started, and collect it; nobody is left on any path."""
    with contextlib.suppress(psutil.Error):
        for process in psutil.Process(child.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                process.kill()
    if child.poll() is None:
        child.kill()
    child.wait()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _hold_interrupts() -> Callable[[], None]:
    """Keep Ctrl-C back until the returned function is called, which then raises it.

    By a handler and not by a mask: another thread of this process would take the signal, and the
    main thread would be interrupted all the same.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None  # Ctrl-C reaches the main thread only
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: came.append(number))

    def let_through() -> None:
        signal.signal(signal.SIGINT, before)
        if came:
            raise KeyboardInterrupt

    return let_through

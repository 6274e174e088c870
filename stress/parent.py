"""The parent: watches the child, and tells how it ended.

Nothing of the scenario's module is imported here: it may hang, leave or print for ever.
"""

from __future__ import annotations

import contextlib
import dataclasses
import re
import subprocess
import time
from typing import IO, TYPE_CHECKING, Any, Final

from harness.probes.child_lines import ChildLines
from stress.budget import MIB, Budget
from stress.chaos_kills import run_with_kills
from stress.disk_watch import DiskWatch
from stress.holdings import Holdings
from stress.interpreters import interpreter_at
from stress.interrupts import held_interrupts
from stress.leaks import growth_of, leak_in, slopes_of
from stress.patience import BUSY_SHARE, NOISY_LIMITS, Patience
from stress.run import Ending, Headway, StressRun
from stress.samples import Sampler
from stress.scenarios.catalogue import TARGETS, target_of
from stress.series import Series
from stress.signal_words import signal_words
from stress.spawning import SETTLE_S, Child
from stress.stuck import stacks_story
from stress.watcher import ASK_OWNERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOOK_S: Final = 0.05  # how often memory is looked at
SPAWN_S: Final = 60.0  # an interpreter and our own imports take 0.5 s; loaded, some 20
END_S: Final = 10.0  # from "done" to the end of the process
BUSY_S: Final = 2.0  # a stuck child is watched for work; a tick of its clock is 0.5 % of that
OWNERS_S: Final = 2.0  # the watcher answers in milliseconds, unless C code keeps the interpreter
OUT_OF_MEMORY: Final = re.compile(r"^MemoryError\b", re.MULTILINE)  # as a traceback ends


def run_scenario(
    name: str, budget: Budget | None = None, *, progress: Callable[[Headway], object] | None = None
) -> StressRun:
    """Run a scenario in a child process and return how it ended; never raises for the subject.

    Args:
        name: One that `scenario_targets()` knows, or `module:NAME` of any scenario.
        budget: Three rounds when None.
        progress: Told how far it is after each round.

    Raises:
        UnknownScenarioError: There is no such name. A module that cannot be imported is an ending.
        InterpreterError: The budget's interpreter is none, or not one to run in.
    """
    target, asked = target_of(name), budget or Budget()
    if asked.python is not None:
        interpreter_at(asked.python).check()
    if asked.chaos is not None and asked.chaos.kills:
        return run_with_kills(name, target, asked, asked.chaos, progress=progress)
    return _Watch(name, target, asked, progress).run()


def instrumented_by_default(target: str) -> tuple[str, ...]:
    """Return the package whose accesses noise disturbs where nobody says which."""
    top = target.partition(":")[0].partition(".")[0]
    return ("secmem",) if target in TARGETS.values() else (top,)


class _Watch:
    """One child from its start to its end. Used once, by one thread."""

    def __init__(
        self,
        name: str,
        target: str,
        budget: Budget,
        progress: Callable[[Headway], object] | None,
    ) -> None:
        self._run = StressRun(name=name, budget=budget, ending=Ending.INTERRUPTED)
        self._target = target
        self._budget = budget
        self._progress = progress
        self._began_s = time.monotonic()
        self._warm: Holdings | None = None
        self._rounds: Series[Holdings] = Series()
        self._operations = 0
        self._ready = False
        self._done = False
        self._hang_s = 0.0
        self._failure: tuple[Ending, str] | None = None
        self._new: Mapping[str, list[str]] = {}

    def run(self) -> StressRun:
        """Return what came of it."""
        with contextlib.ExitStack() as kept:
            with held_interrupts():  # Ctrl-C that comes meanwhile is raised at the end of this
                child = kept.enter_context(self._spawn())
                self._sampler = Sampler(child.process.pid)
            stacks = kept.enter_context(child.stacks.open("rb"))
            try:
                ending, message, shown = self._watch(child, stacks)
            except KeyboardInterrupt:
                ending, message, shown = Ending.INTERRUPTED, "Ctrl-C ended it early", ""
            with held_interrupts():
                child.end()
                return self._result(child, ending, message, shown)

    def _result(self, child: Child, ending: Ending, message: str, shown: str) -> StressRun:
        rounds = list(self._rounds)
        quiet = ending in (Ending.PASSED, Ending.INTERRUPTED)
        return dataclasses.replace(
            self._run,
            ending=ending,
            message=message,
            stacks=shown,
            output="" if quiet else child.output.text(settle_s=SETTLE_S),
            rounds=self._rounds.count,
            operations=self._operations,
            elapsed_s=time.monotonic() - self._began_s,
            cpu_s=self._sampler.cpu_s,
            peak_bytes=self._sampler.peak_bytes,
            printed_bytes=child.output.total_bytes,
            growth=growth_of(self._warm, rounds),
            slopes=slopes_of(rounds),
            samples=tuple(sample for _, sample in self._sampler.series),
        )

    def _spawn(self) -> Child:
        budget = self._budget
        job = {
            "target": self._target,
            "rounds": budget.rounds,
            "seconds": budget.seconds,
            "seed": budget.seed,
            "memory_bytes": budget.memory_bytes,
            "disk_bytes": budget.disk_bytes,
            "hang_s": budget.hang_s,
            "scale": budget.scale,
            "noise": None if budget.noise is None else budget.noise.to_json(),
            "chaos": None if budget.chaos is None else budget.chaos.to_json(),
            "instrument": list(budget.instrument or instrumented_by_default(self._target)),
            "foreign": budget.python is not None,
        }
        child = Child(job, python=budget.python)
        self._disk = DiskWatch(child.scratch)
        self._reports = ChildLines(child.process)
        return child

    # -- while it runs ---------------------------------------------------------------------------

    def _watch(self, child: Child, stacks: IO[bytes]) -> tuple[Ending, str, str]:
        noise = self._budget.noise
        patience = Patience(limits=NOISY_LIMITS if noise is not None and noise.instruments else 1)
        patience.renew(self._limit_s(), cpu_s=0.0)
        while True:
            report = self._reports.next(LOOK_S)
            if self._reports.ended and report is None:
                return self._ended(child, stacks)
            if report is not None:
                self._take(report)
                patience.renew(self._limit_s(), cpu_s=self._sampler.cpu_s)
            if over := self._over_limits():
                return over
            if report is None and patience.is_over(cpu_s=self._sampler.cpu_s):
                what = f"{self._doing()} within {self._limit_s():g} s"
                return self._stuck(child, stacks, what)

    def _limit_s(self) -> float:
        if self._done:
            return END_S
        if not self._run.interpreter:
            return SPAWN_S
        return self._hang_s if self._ready else self._budget.start_s

    def _doing(self) -> str:
        if self._done:
            return "end"
        return f"finish round {self._rounds.count + 1}" if self._ready else "start"

    def _take(self, report: dict[str, Any]) -> None:
        match report.pop("kind", None):
            case "begun":
                interpreter = report["interpreter"]
                self._run = dataclasses.replace(
                    self._run,
                    interpreter=interpreter["words"],
                    environment=interpreter["environment"],
                )
            case "ready":
                self._ready = True
                self._hang_s = report["hang_s"]
                self._run = dataclasses.replace(
                    self._run, threads=report["threads"], skipped=tuple(report["skipped"])
                )
            case "warm":
                self._warm = Holdings.from_json(report)
            case "round":
                self._take_round(report)
            case "failed":
                memory = OUT_OF_MEMORY.search(report["text"]) is not None
                self._failure = (Ending.MEMORY if memory else Ending.EXCEPTION), report["text"]
            case "left":
                words = f"exit code {report['code']} asked for in round {self._rounds.count + 1}"
                self._failure = Ending.EXIT, f"{words}:\n{report['text']}"
            case "broken":
                self._failure = Ending.BROKEN, report["text"]
            case "done":
                self._done = True
                self._new = report.get("new", {})
                self._run = dataclasses.replace(self._run, chaos=report.get("chaos", {}))
            case _:
                pass

    def _take_round(self, report: dict[str, Any]) -> None:
        held = Holdings.from_json(report)
        self._rounds.add(held)
        self._operations += report["operations"]
        if self._progress is not None:
            self._progress(
                Headway(
                    rounds=self._rounds.count,
                    operations=self._operations,
                    elapsed_s=time.monotonic() - self._began_s,
                    held=held,
                )
            )

    def _over_limits(self) -> tuple[Ending, str, str] | None:
        budget = self._budget
        resident = self._sampler.look(self._rounds.count)
        if resident > budget.memory_bytes:
            message = (
                f"{resident // MIB} MiB resident while it had to {self._doing()}; the limit is "
                f"{budget.memory_bytes // MIB} MiB. Something grows without bound, or the scenario "
                "needs more: --memory-mib raises the limit."
            )
            return Ending.MEMORY, message, ""
        written = self._disk.look()
        if written > budget.disk_bytes:
            message = (
                f"{written // MIB} MiB of temporary files while it had to {self._doing()}; the "
                f"limit is {budget.disk_bytes // MIB} MiB. They are removed. --disk-mib raises it."
            )
            return Ending.DISK, message, ""
        return None

    # -- when it ends ----------------------------------------------------------------------------

    def _stuck(self, child: Child, stacks: IO[bytes], what: str) -> tuple[Ending, str, str]:
        before_s, began_s = self._look_at_cpu(), time.monotonic()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(BUSY_S)
        busy = (self._look_at_cpu() - before_s) / (time.monotonic() - began_s)
        owners = self._owners(child)  # after that: to tell them takes the child some work
        how = (
            "its threads are busy: a loop that never ends, a livelock"
            if busy > BUSY_SHARE
            else "its threads are asleep: a deadlock or a lost wake-up"
        )
        shown = stacks_story(child.process.pid, stacks, owners)
        return Ending.HANG, f"it did not {what}, and {how}", shown

    def _look_at_cpu(self) -> float:
        self._sampler.look(self._rounds.count)
        return self._sampler.cpu_s

    def _owners(self, child: Child) -> str:
        """Ask the child's watcher who holds what; "" if it cannot answer."""
        if not child.ask(ASK_OWNERS):
            return ""
        until_s = time.monotonic() + OWNERS_S
        while (left_s := until_s - time.monotonic()) > 0:
            report = self._reports.next(left_s)
            if report is None:
                break
            if report.get("kind") == "owners":
                return str(report["text"])
        return ""

    def _ended(self, child: Child, stacks: IO[bytes]) -> tuple[Ending, str, str]:
        """Tell a signal from an exit from a report, now that the child has said all it will."""
        try:
            code = child.process.wait(END_S)
        except subprocess.TimeoutExpired:
            told = self._done or self._failure is not None
            return self._stuck(
                child, stacks, "end" if told else "keep its channel to us open, nor end"
            )
        if code < 0:
            return Ending.SIGNAL, f"{signal_words(-code)} {self._when()}", ""
        if self._failure is not None:
            return *self._failure, ""
        if code or not self._done:
            return Ending.EXIT, f"exit code {code}, without a report, {self._when()}", ""
        rounds = list(self._rounds)
        growth = growth_of(self._warm, rounds)
        leak = leak_in(growth, rounds, slopes_of(rounds))
        message = leak + self._names() if leak else _outlived(child)
        return (Ending.LEAK if message else Ending.PASSED), message, ""

    def _when(self) -> str:
        return f"in round {self._rounds.count + 1}" if self._ready else "while it was imported"

    def _names(self) -> str:
        """Name what is new, as far as it has names."""
        lines = [f"new {what}: {', '.join(names)}" for what, names in self._new.items() if names]
        return "".join(f"\n{line}" for line in lines)


def _outlived(child: Child) -> str:
    outliving = child.outliving()
    if not outliving:
        return ""
    return (
        f"{len(outliving)} processes that it started, directly or not, outlived it: "
        f"{', '.join(outliving)}. They were ended; wait for what is started."
    )

"""The parent of a process that is killed again and again.

One life after the other in the same folder: a process checks what the last one left, against all
that was acknowledged so far, then works until it is killed. Half of the kills come at a moment of
the clock, the other half at a call of the file system, between a write and its rename for instance,
where a moment of the clock hardly ever falls. The last process checks and does not work.

A kill is not a power cut: what was handed to the kernel is there afterwards, synced or not.
"""

from __future__ import annotations

import random
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.probes.child_lines import ChildLines
from stress.chaos import Chaos, Trouble
from stress.holdings import Holdings
from stress.run import Ending, Headway, StressRun
from stress.spawning import SETTLE_S, Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from stress.budget import Budget

KILL: Final[signal.Signals] = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has one way
LIVES_A_ROUND: Final = 5  # a round of a scenario takes about as long as five lives
LONGEST_LIFE_S: Final = 0.2  # a few dozen operations
MOST_CALLS: Final = 120  # of the file system before a kill at one of them
TERM_SHARE: Final = 0.25  # of kills that a program could hear: SIGTERM
LAST_LOOK_S: Final = 0.1  # at the channel of a dead child
END_S: Final = 20.0  # from the signal, or from the start to the work, to the end


@dataclass(slots=True)
class _Life:
    """What one child told."""

    checked: bool = False
    working: bool = False
    failure: str = ""
    broken: str = ""
    done: list[str] = field(default_factory=list)
    skipped: tuple[str, ...] = ()


def run_with_kills(
    name: str,
    target: str,
    budget: Budget,
    chaos: Chaos,
    *,
    progress: Callable[[Headway], object] | None = None,
) -> StressRun:
    """Run a durable scenario in a process that is killed, and return how it ended."""
    return _Kills(name, target, budget, chaos, progress).run()


class _Kills:
    """One run: many lives in one folder. Used once, by one thread."""

    def __init__(
        self,
        name: str,
        target: str,
        budget: Budget,
        chaos: Chaos,
        progress: Callable[[Headway], object] | None,
    ) -> None:
        self._name = name
        self._target = target
        self._budget = budget
        self._progress = progress
        # The small file system of a process goes with the process, and what is durable with it.
        self._without_disk = Trouble.DISK in chaos.kinds
        kinds = tuple(kind for kind in chaos.kinds if kind not in (Trouble.KILL, Trouble.DISK))
        self._chaos = Chaos(kinds=kinds, plan=chaos.plan)
        self._chance = random.Random(f"{budget.seed}:kill")  # noqa: S311  # chance that repeats
        self._began_s = time.monotonic()
        self._committed: set[str] = set()
        self._kills: list[str] = []
        self._skipped: tuple[str, ...] = ()
        self._printed = ""

    def run(self) -> StressRun:
        """Return what came of it."""
        with tempfile.TemporaryDirectory(prefix="holdfast-kills-") as folder:
            try:
                ending, message = self._lives(Path(folder))
            except KeyboardInterrupt:
                ending, message = Ending.INTERRUPTED, "Ctrl-C ended it early"
        skipped = self._skipped
        if self._without_disk:
            skipped += ("disk: a small file system of a process does not outlive its kill",)
        return StressRun(
            name=self._name,
            budget=self._budget,
            ending=ending,
            message=message,
            output=self._printed,
            rounds=len(self._kills),
            operations=len(self._committed),
            threads=1,
            elapsed_s=time.monotonic() - self._began_s,
            skipped=skipped,
            chaos=self._told(),
        )

    def _told(self) -> dict[str, str]:
        at_calls = sum(kill.startswith("at call") for kill in self._kills)
        terms = sum("SIGTERM" in kill for kill in self._kills)
        told = {
            "kill": f"{len(self._kills)} times, {at_calls} of them at a call of the file system, "
            f"{terms} by SIGTERM"
        }
        return told | {str(kind): "in every life" for kind in self._chaos.kinds}

    def _lives(self, folder: Path) -> tuple[Ending, str]:
        number = 0
        while self._has_budget(number):
            number += 1
            if found := self._live(folder, number):
                return found
            self._tell_progress()
        return self._live(folder, number + 1, works=False) or (Ending.PASSED, "")

    def _has_budget(self, done: int) -> bool:
        budget = self._budget
        lives = None if budget.rounds is None else budget.rounds * LIVES_A_ROUND
        elapsed_s = time.monotonic() - self._began_s
        if done == 0:
            return True
        return (lives is None or done < lives) and (
            budget.seconds is None or elapsed_s < budget.seconds
        )

    def _live(self, folder: Path, number: int, *, works: bool = True) -> tuple[Ending, str] | None:
        """Let one process live; return what is wrong with what it found or did, if anything."""
        plan = self._plan() if works else ""
        job = {
            "target": self._target,
            "seed": self._budget.seed,
            "memory_bytes": self._budget.memory_bytes,
            "disk_bytes": self._budget.disk_bytes,
            "chaos": self._chaos.to_json(),
            "life": {
                "number": number,
                "folder": str(folder),
                "committed": sorted(self._committed),
                "works": works,
                "plan": plan,
            },
        }
        with Child(job, python=self._budget.python) as child:
            lines = ChildLines(child.process)
            life = self._watch(child, lines, plan, works=works)
            ended = self._ending(child, life, lines, works=works)
            if ended is not None:
                self._printed = child.output.text(settle_s=SETTLE_S)
        self._committed.update(life.done)
        self._skipped = self._skipped or life.skipped
        return ended

    def _plan(self) -> str:
        """Return the plan of a kill at a call, or "" for one by the clock."""
        if self._chance.random() < 0.5:  # noqa: PLR2004  # the two kinds alike
            return ""
        return f"*: nth {self._chance.randint(1, MOST_CALLS)} kills {self._signal().name}"

    def _signal(self) -> signal.Signals:
        return signal.SIGTERM if self._chance.random() < TERM_SHARE else KILL

    def _watch(self, child: Child, lines: ChildLines, plan: str, *, works: bool) -> _Life:
        """Hear the child, and kill it when its time has come."""
        life = _Life()
        until_s = time.monotonic() + self._budget.start_s
        kill_at_s: float | None = None
        while time.monotonic() < until_s:
            now_s = time.monotonic()
            if kill_at_s is not None and now_s >= kill_at_s:
                chosen = self._signal()
                child.process.send_signal(chosen)
                self._kills.append(f"at a moment, by {chosen.name}")
                kill_at_s, until_s = None, now_s + END_S
            report = lines.next(min(until_s, kill_at_s or until_s) - now_s)
            if report is None and lines.ended:
                break
            if report is None:
                continue
            _take(life, report)
            if report.get("kind") == "working":
                until_s = time.monotonic() + END_S
                if not plan and works:
                    kill_at_s = time.monotonic() + self._chance.uniform(0.0, LONGEST_LIFE_S)
        if plan and life.working:
            self._kills.append(f"at call: {plan}")
        return life

    def _ending(
        self, child: Child, life: _Life, lines: ChildLines, *, works: bool
    ) -> tuple[Ending, str] | None:
        when = f"after {len(self._kills)} kills, the last of them {self._kills[-1:] or ['none']}"
        if not (life.broken or life.failure):
            try:
                child.process.wait(END_S if works else self._budget.start_s)
            except subprocess.TimeoutExpired:
                return Ending.HANG, f"it did not end within {END_S:g} s of its signal, {when}"
            _hear_out(life, lines)
        if life.broken:
            return Ending.BROKEN, life.broken
        if life.failure:
            return Ending.EXCEPTION, f"{when}:\n{life.failure}"
        code = child.process.returncode
        if not life.checked:
            return Ending.EXIT, f"it ended with {_code(code)} before it had checked, {when}"
        allowed = {-KILL, -signal.SIGTERM, 0} if works else {0}
        if code < 0 and code not in allowed:
            return Ending.SIGNAL, f"it ended with {_code(code)}, which nobody sent, {when}"
        return None

    def _tell_progress(self) -> None:
        if self._progress is None:
            return
        nothing = Holdings(threads=0, descriptors=0, mappings=0, resident_bytes=0)
        self._progress(
            Headway(
                rounds=len(self._kills),
                operations=len(self._committed),
                elapsed_s=time.monotonic() - self._began_s,
                held=nothing,
            )
        )


def _hear_out(life: _Life, lines: ChildLines) -> None:
    """Take all that a dead child has said: what it acknowledged counts, however late it is read."""
    while not lines.ended:
        if (report := lines.next(LAST_LOOK_S)) is not None:
            _take(life, report)


def _take(life: _Life, report: dict[str, Any]) -> None:
    match report.get("kind"):
        case "checked":
            life.checked = True
        case "working":
            life.working = True
            life.skipped = tuple(report["skipped"])
        case "did":
            life.done.append(report["what"])
        case "failed":
            life.failure = report["text"]
        case "broken":
            life.broken = report["text"]
        case _:
            pass


def _code(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"

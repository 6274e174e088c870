"""One campaign as values: how much was asked, what was found, how it ended."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.crash import Crash

MIB: Final = 1024 * 1024
DEFAULT_MEMORY_BYTES: Final = 1024 * MIB  # the targets here stay below 150 MiB
DEFAULT_SECONDS: Final = 10.0


class Engine(StrEnum):
    """What makes the inputs; the value is what people read wherever results are shown."""

    ATHERIS = "Atheris: guided by code coverage"
    PLAIN = "plain seeded generator: no coverage guidance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much one campaign may do and take.

    Attributes:
        seconds: From the first input on, restarts after crashes included; None: no limit.
        runs: Inputs, replays not counted; None: no limit.
        memory_bytes: Resident memory at which a child is ended.
    """

    seconds: float | None = DEFAULT_SECONDS
    runs: int | None = None
    memory_bytes: int = DEFAULT_MEMORY_BYTES

    def __post_init__(self) -> None:
        if self.seconds is None and self.runs is None:
            raise ValueError("a budget takes seconds, or runs, or both; it got neither")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds takes a number above 0, got {self.seconds!r}")
        if self.runs is not None and (type(self.runs) is not int or self.runs < 0):
            raise ValueError(f"runs takes a whole number from 0, got {self.runs!r}")
        if self.memory_bytes < MIB:
            raise ValueError(f"memory_bytes takes at least {MIB}, got {self.memory_bytes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A crash on disk: the finding, and the file that holds its input.

    Attributes:
        known: It was saved by an earlier campaign.
    """

    target: str
    crash: Crash
    path: Path
    known: bool

    @property
    def replay(self) -> str:
        """The command that runs it again."""
        return replay_command(self.target, self.path)


def replay_command(target: str, path: Path) -> str:
    """Return the command that runs one input again."""
    return f"holdfast fuzz run {shlex.quote(target)} --replay {shlex.quote(str(path))}"


class Verdict(StrEnum):
    """How a campaign ended."""

    CLEAN = "clean"
    FOUND = "found a failure"
    UNDECIDED = "undecided"
    INTERRUPTED = "was interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRun:
    """What came of one campaign.

    Attributes:
        executions: Inputs that were run, replays included.
        failures: Inputs that failed, of any finding.
        undecided: Inputs that could not be judged.
        found: Every finding, the known ones that still fail among them.
        replayed: Saved crashes that were run again first.
        fixed: Those of them that fail no more.
        corpus: Inputs kept on disk.
        features: Different features that the target told.
        coverage: Code edges that Atheris saw; None without it.
        elapsed_s: From the start of the first child to the end of the last.
        fuzzing_s: Time in which inputs ran, for the rate.
        trouble: What went wrong with the fuzzing itself; "" mostly.
    """

    target: str
    engine: Engine
    seed: int
    budget: Budget
    executions: int = 0
    failures: int = 0
    undecided: int = 0
    found: tuple[Found, ...] = ()
    replayed: int = 0
    fixed: int = 0
    corpus: int = 0
    features: int = 0
    coverage: int | None = None
    elapsed_s: float = 0.0
    fuzzing_s: float = 0.0
    trouble: str = ""
    interrupted: bool = False

    @property
    def rate(self) -> float:
        """Executions per second of fuzzing."""
        return self.executions / self.fuzzing_s if self.fuzzing_s > 0 else 0.0

    @property
    def verdict(self) -> Verdict:
        """How it ended; a run without one judged input is never clean."""
        if self.found:
            return Verdict.FOUND
        if self.interrupted:
            return Verdict.INTERRUPTED
        if self.trouble or self.undecided or not self.executions:
            return Verdict.UNDECIDED
        return Verdict.CLEAN

    @property
    def why_undecided(self) -> str:
        """What keeps the campaign from a verdict; "" if nothing does."""
        if self.trouble:
            return self.trouble
        if not self.executions:
            return "not one input was run; give it more time"
        if self.undecided:
            return f"{self.undecided} inputs met a bound of the target before they were judged"
        return ""

    @property
    def again(self) -> str:
        """The command that fuzzes in the same way."""
        words = ["holdfast fuzz run", shlex.quote(self.target), f"--seed {self.seed}"]
        words.append(f"--engine {self.engine.name.lower()}")
        if self.budget.seconds is not None:
            words.append(f"--time {self.budget.seconds:g}s")
        if self.budget.runs is not None:
            words.append(f"--runs {self.budget.runs}")
        return " ".join(words)

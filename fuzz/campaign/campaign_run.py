"""One campaign as values: how much was asked, what was found, how it ended."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.campaign.plateau import Outlook
    from fuzz.triaging.crash import Crash

MIB: Final = 1024 * 1024
DEFAULT_MEMORY_BYTES: Final = 1024 * MIB  # the targets here stay below 150 MiB
DEFAULT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much one campaign may do and take.

    Attributes:
        seconds: From the first input on, restarts after crashes included; None: no limit.
        runs: Inputs of all workers together, replays not counted; None: no limit.
        memory_bytes: Resident memory at which a worker is ended.
        stale_s: The campaign ends when nothing new came for so long; None: it does not.
    """

    seconds: float | None = DEFAULT_SECONDS
    runs: int | None = None
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    stale_s: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.runs is None and self.stale_s is None:
            raise ValueError("a budget takes seconds, runs or stale_s; it got none of them")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"seconds takes a number above 0, got {self.seconds!r}")
        if self.runs is not None and (type(self.runs) is not int or self.runs < 0):
            raise ValueError(f"runs takes a whole number from 0, got {self.runs!r}")
        if self.memory_bytes < MIB:
            raise ValueError(f"memory_bytes takes at least {MIB}, got {self.memory_bytes}")
        if self.stale_s is not None and not self.stale_s > 0:
            raise ValueError(f"stale_s takes a number above 0, got {self.stale_s!r}")

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


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
    """How a campaign came out."""

    CLEAN = "clean"
    FOUND = "found a failure"
    UNDECIDED = "undecided"
    INTERRUPTED = "was interrupted"


class Ending(StrEnum):
    """Why a campaign is not running; the value completes "it ended because"."""

    BUDGET = "its budget was used up"
    STALE = "nothing new came any more"
    INTERRUPTED = "it was interrupted"
    HOPELESS = "nearly every input ended its process at once"
    TROUBLE = "something was wrong with the fuzzing itself"
    PAUSED = "it was another target's turn"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRun:
    """What came of one campaign.

    Attributes:
        engines: The engine of each worker.
        executions: Inputs that were run, replays included.
        failures: Inputs that failed, of any finding.
        undecided: Inputs that could not be judged.
        found: Every finding, the known ones that still fail among them.
        replayed: Saved crashes that were run again first.
        fixed: Those of them that fail no more.
        corpus: Inputs kept on disk.
        features: Different features that the target told, at most seen by one worker.
        coverage: Code edges, at most seen by one worker; None where none counts them.
        elapsed_s: From the start of the first worker to the end of the last, sittings before a
            resume included.
        fuzzing_s: Time in which inputs ran, for the rate.
        restarts: Workers that were started in the place of one that ended early.
        quiet_s: How long nothing new has come.
        outlook: What more time may bring; None where no input ran.
        trouble: What went wrong with the fuzzing itself; "" mostly.
        notes: What somebody should know who reads the figures: a damaged entry, a killed worker.
        growth: Seconds, edges covered, features and inputs that showed something new, at each mark
            of the campaign's curve.
    """

    target: str
    engines: tuple[str, ...]
    seed: int
    budget: Budget
    ending: Ending = Ending.BUDGET
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
    restarts: int = 0
    quiet_s: float = 0.0
    outlook: Outlook | None = None
    trouble: str = ""
    notes: tuple[str, ...] = ()
    growth: tuple[tuple[float, int | None, int, int], ...] = ()

    @property
    def workers(self) -> int:
        """How many workers it had."""
        return len(self.engines)

    @property
    def interrupted(self) -> bool:
        """Whether somebody ended it."""
        return self.ending is Ending.INTERRUPTED

    @property
    def rate(self) -> float:
        """Executions per second of fuzzing."""
        return self.executions / self.fuzzing_s if self.fuzzing_s > 0 else 0.0

    @property
    def new(self) -> tuple[Found, ...]:
        """The findings that no earlier campaign has saved."""
        return tuple(found for found in self.found if not found.known)

    @property
    def verdict(self) -> Verdict:
        """How it came out; a run without one judged input is never clean."""
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
        kinds = sorted(set(self.engines))
        words.append(f"--engine {kinds[0] if len(kinds) == 1 else 'auto'}")
        words.append(f"--workers {self.workers}")
        if self.budget.seconds is not None:
            words.append(f"--time {self.budget.seconds:g}s")
        if self.budget.runs is not None:
            words.append(f"--runs {self.budget.runs}")
        return " ".join(words)

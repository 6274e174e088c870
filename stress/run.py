"""One stress run as a value: how it ended, what was measured."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from stress.leaks import Growth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stress.budget import Budget
    from stress.holdings import Holdings
    from stress.samples import Sample
    from stress.slopes import Slope


class Ending(StrEnum):
    """How a child ended; the value says it to people."""

    PASSED = "passed"
    EXCEPTION = "raised an exception"
    SIGNAL = "was killed by a signal"
    EXIT = "left by itself, with an exit code"
    HANG = "hung"
    LEAK = "left something behind"
    MEMORY = "went over its memory limit"
    DISK = "went over its disk limit"
    BROKEN = "could not be loaded"
    INTERRUPTED = "was interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Headway:
    """How far a run is, after one more round.

    Attributes:
        operations: Of all rounds together.
        held: By the child, at rest.
    """

    rounds: int
    operations: int
    elapsed_s: float
    held: Holdings


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRun:
    """What came of one scenario in one child process.

    Attributes:
        message: Empty when passed; else what happened, and why that may be.
        stacks: Where every thread of a stuck child stood, and who held which lock.
        output: What the child printed, its middle left out where it is long; kept of a failure.
        rounds: Full-scale rounds that were completed.
        operations: Of all threads in those rounds together, as far as the scenario counts them;
            else those that it was asked for.
        threads: That the scenario was asked for.
        elapsed_s: From the start of the child to its end.
        cpu_s: Processor time of the child.
        peak_bytes: Largest resident memory seen.
        printed_bytes: Output of the child, of which a part is kept.
        slopes: Growth per round of each resource, where there were rounds enough.
        samples: The child as seen from outside, at intervals.
        interpreter: That the child ran in.
        environment: Of that interpreter, where it is not this one.
        skipped: Parts of the noise or the chaos that this machine cannot make.
        chaos: What chaos did, in words, by its kind.
    """

    name: str
    budget: Budget
    ending: Ending
    message: str = ""
    stacks: str = ""
    output: str = ""
    rounds: int = 0
    operations: int = 0
    threads: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    printed_bytes: int = 0
    growth: Growth = field(default_factory=Growth)
    slopes: Mapping[str, Slope] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    interpreter: str = ""
    environment: Mapping[str, Any] | None = None
    skipped: tuple[str, ...] = ()
    chaos: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the run ended as it should."""
        return self.ending is Ending.PASSED

    @property
    def replay(self) -> str:
        """The command that runs it again; threads are real, so it need not fail again."""
        return f"holdfast stress run {shlex.quote(self.name)} {self.budget.words()}"

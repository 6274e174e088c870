"""One stress run as a value: how much was asked, how it ended, what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MIB: Final = 1024 * 1024
DEFAULT_ROUNDS: Final = 3  # R-SM-24 asks for three
DEFAULT_MEMORY_BYTES: Final = 1024 * MIB  # the scenarios here stay below 100 MiB


class Ending(StrEnum):
    """How a child ended; the value says it to people."""

    PASSED = "passed"
    EXCEPTION = "raised an exception"
    SIGNAL = "was killed by a signal"
    EXIT = "left by itself, with an exit code"
    HANG = "hung"
    LEAK = "left something behind"
    MEMORY = "went over its memory limit"
    INTERRUPTED = "was interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much one run may do and take.

    Attributes:
        rounds: Full-scale runs of the body; None: as many as `seconds` allow.
        seconds: Begins no further round after this time; None: no limit beside `rounds`.
        seed: Of the jitter: which interval the interpreter switches threads at, round by round.
        memory_bytes: Resident memory at which the child is ended.
        hang_s: Longest round; None: what the scenario says.
    """

    rounds: int | None = DEFAULT_ROUNDS
    seconds: float | None = None
    seed: int = 0
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    hang_s: float | None = None

    def __post_init__(self) -> None:
        if self.rounds is None and self.seconds is None:
            raise ValueError("a budget takes rounds, or seconds, or both; it got neither")
        if self.rounds is not None and self.rounds < 1:
            raise ValueError(f"rounds takes 1 or more, got {self.rounds}")
        for name, value in (("seconds", self.seconds), ("hang_s", self.hang_s)):
            if value is not None and not value > 0:
                raise ValueError(f"{name} takes a number of seconds above 0, got {value!r}")
        if self.memory_bytes < MIB:
            raise ValueError(f"memory_bytes takes at least {MIB}, got {self.memory_bytes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What the child held at its end more than at its beginning; see `stress.leaks`."""

    threads: int = 0
    descriptors: int = 0
    mappings: int = 0
    resident_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRun:
    """What came of one scenario in one child process.

    Attributes:
        message: Empty when passed; else what happened, and why that may be.
        stacks: Where every thread of a stuck child stood.
        rounds: Full-scale rounds that were completed.
        operations: Repetitions asked of all threads in those rounds together; a scenario that
            closes midway does fewer.
        elapsed_s: From the start of the child to its end.
        cpu_s: Processor time of the child.
        peak_bytes: Largest resident memory seen.
    """

    name: str
    budget: Budget
    ending: Ending
    message: str = ""
    stacks: str = ""
    rounds: int = 0
    operations: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    growth: Growth = Growth()

    @property
    def passed(self) -> bool:
        """Whether the run ended as it should."""
        return self.ending is Ending.PASSED

    @property
    def replay(self) -> str:
        """The command that runs it again; threads are real, so it need not fail again."""
        budget = self.budget
        words = ["holdfast stress run", self.name, f"--seed {budget.seed}"]
        if budget.rounds is not None:
            words.append(f"--rounds {budget.rounds}")
        if budget.seconds is not None:
            words.append(f"--seconds {budget.seconds:g}")
        if budget.memory_bytes != DEFAULT_MEMORY_BYTES:
            words.append(f"--memory-mib {budget.memory_bytes // MIB}")
        if budget.hang_s is not None:
            words.append(f"--hang {budget.hang_s:g}")
        return " ".join(words)

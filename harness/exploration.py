"""The result of an exploration."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from harness.estimate import Estimate
    from harness.evidence import Coverage
    from harness.finding import Finding

SCHEMA: Final = "holdfast.exploration/1"


class Verdict(StrEnum):
    """What an exploration shows; never more than was run."""

    PASSED = "the requested executions finished and none failed"
    FAILED = "an execution failed"
    UNDECIDED = "a budget ended first, or an execution met its step bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploration:
    """What was run and what came of it.

    Attributes:
        executions: How many were run, the failing one included.
        exhausted: Every schedule of the strategy's bounded space was run.
        evidence: What was covered, in words.
        overruns: Executions that met the step bound.
        estimate: The part of the schedules that was run, where it is known.
        resume: What `explore` takes to go on from here; empty where nothing is left.
        workers: Processes that ran it.
        elapsed_s: Wall time in seconds.
        cpu_s: CPU time in seconds, of the workers where there are some.
        coverage: What the evidence says, as a value; None where a crash ended it.
    """

    name: str
    verdict: Verdict
    executions: int
    exhausted: bool
    finding: Finding | None
    evidence: str
    strategy: str
    seed: int
    model: str
    overruns: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    estimate: Estimate | None = None
    resume: str = ""
    workers: int = 1
    coverage: Coverage | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        if self.finding is not None:
            return str(self.finding)
        words = self.evidence.removeprefix(f"{self.verdict.name.lower()}: ")
        return f"{self.name}: {self.verdict.name}: {words}"

    def to_json(self) -> dict[str, Any]:
        """Return the result as a versioned document of plain values."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "verdict": self.verdict.name,
            "executions": self.executions,
            "exhausted": self.exhausted,
            "evidence": self.evidence,
            "strategy": self.strategy,
            "seed": self.seed,
            "model": self.model,
            "overruns": self.overruns,
            "elapsed_s": self.elapsed_s,
            "cpu_s": self.cpu_s,
            "estimate": _plain(self.estimate),
            "resume": self.resume,
            "workers": self.workers,
            "finding": None if self.finding is None else self.finding.to_json(),
        }


def _plain(estimate: Estimate | None) -> dict[str, Any] | None:
    if estimate is None:
        return None
    return {
        "fraction": estimate.fraction,
        "low": estimate.low,
        "high": estimate.high,
        "of": estimate.of,
    }

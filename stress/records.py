"""A stress run as the record that the report keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports import Direction, Measure, Outcome, Record, RecordKind
from stress.run import Ending

if TYPE_CHECKING:
    from stress.run import StressRun


def record_of(run: StressRun) -> Record:
    """Return the run as a record; an interrupted run is undecided, never passed."""
    return Record(
        kind=RecordKind.STRESS,
        name=run.name,
        outcome=_outcome(run.ending),
        measures=_measures(run),
        params={"ending": run.ending.name.lower(), "seed": str(run.budget.seed)},
        message="\n".join(part for part in (run.message, run.stacks) if part),
        replay=run.replay,
    )


def _outcome(ending: Ending) -> Outcome:
    if ending is Ending.PASSED:
        return Outcome.PASSED
    return Outcome.UNDECIDED if ending is Ending.INTERRUPTED else Outcome.FAILED


def _measures(run: StressRun) -> tuple[Measure, ...]:
    growth = run.growth
    return (
        _measure("operations", run.operations, "operations", Direction.HIGHER),
        _measure("rounds", run.rounds, "rounds", Direction.HIGHER),
        _measure("time", run.elapsed_s, "s", Direction.LOWER),
        _measure("cpu", run.cpu_s, "s", Direction.LOWER),
        _measure("peak memory", run.peak_bytes, "bytes", Direction.LOWER),
        _measure("thread growth", growth.threads, "threads", Direction.LOWER),
        _measure("descriptor growth", growth.descriptors, "descriptors", Direction.LOWER),
        _measure("mapping growth", growth.mappings, "mappings", Direction.LOWER),
        _measure("memory growth", growth.resident_bytes, "bytes", Direction.LOWER),
    )


def _measure(metric: str, value: float, unit: str, direction: Direction) -> Measure:
    return Measure(metric=metric, value=value, unit=unit, direction=direction)

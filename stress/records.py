"""Stress runs as the records that the report keeps, and how they get into the store."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind
from reports.commit import read_commit
from reports.document import document_now
from reports.thinning import thinned
from reports.write import write_document
from stress.run import Ending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stress.run import StressRun

MESSAGE_CHARS: Final = 100_000  # half of what the store takes
LEFT: Final = (
    ("thread growth", "threads", "threads"),
    ("process growth", "children", "processes"),
    ("descriptor growth", "descriptors", "descriptors"),
    ("temporary file growth", "temp_files", "files"),
    ("mapping growth", "mappings", "mappings"),
    ("locked memory growth", "locked_bytes", "bytes"),
    ("memory growth", "resident_bytes", "bytes"),
)
SLOPES: Final = (
    ("descriptor slope", "descriptors", "descriptors/round"),
    ("temporary file slope", "temp_files", "files/round"),
    ("mapping slope", "mappings", "mappings/round"),
    ("locked memory slope", "locked_bytes", "bytes/round"),
    ("memory slope", "resident_bytes", "bytes/round"),
)
SAMPLED: Final = (
    ("memory", "resident_bytes", "bytes"),
    ("threads", "threads", "threads"),
    ("descriptors", "descriptors", "descriptors"),
    ("child processes", "children", "processes"),
)


def record_of(run: StressRun) -> Record:
    """Return the run as a record; an interrupted run is undecided, never passed."""
    parts = (run.message, run.stacks, run.output and f"What it printed:\n{run.output}")
    return Record(
        kind=RecordKind.STRESS,
        name=run.name,
        outcome=_outcome(run.ending),
        measures=(*_figures(run), *_slopes(run), *_sampled(run)),
        params=_params(run),
        message="\n".join(part for part in parts if part)[:MESSAGE_CHARS],
        replay=run.replay,
    )


def keep_runs(runs: Sequence[StressRun], *, store: Path, source: str) -> tuple[Path, ...]:
    """Write runs into a report store, one document for each interpreter, and return the paths.

    What ran in another interpreter is written with the environment of that one, so that nobody
    compares it with figures of this.

    Raises:
        ReportsError: The folder is no store of ours, or a value is beyond a limit.
    """
    groups: dict[str, list[StressRun]] = {}
    for run in runs:
        groups.setdefault(run.interpreter if run.environment is not None else "", []).append(run)
    commit = read_commit(Path.cwd())
    return tuple(
        write_document(
            document_now(
                [record_of(run) for run in group],
                source=source,
                commit=commit,
                environment=_environment(group[0]),
            ),
            store=store,
        )
        for group in groups.values()
    )


def _environment(run: StressRun) -> Environment | None:
    return None if run.environment is None else Environment(**run.environment)


def _outcome(ending: Ending) -> Outcome:
    if ending is Ending.PASSED:
        return Outcome.PASSED
    return Outcome.UNDECIDED if ending is Ending.INTERRUPTED else Outcome.FAILED


def _params(run: StressRun) -> dict[str, str]:
    budget = run.budget
    noise = "switch" if budget.noise is None else str(budget.noise) or "off"
    said: dict[str, Any] = {
        "ending": run.ending.name.lower(),
        "seed": budget.seed,
        "threads": run.threads or None,
        "noise": noise,
        "noise left out": ", ".join(run.skipped),
        "chaos": budget.chaos,
        **{f"chaos: {kind}": done for kind, done in run.chaos.items()},
        "interpreter": run.interpreter,
        "duration_s": budget.duration_s,
    }
    return {name: str(value) for name, value in said.items() if value not in (None, "")}


def _figures(run: StressRun) -> tuple[Measure, ...]:
    neither, lower = Direction.NEITHER, Direction.LOWER
    last = run.samples[-1] if run.samples else None
    rate = run.operations / run.elapsed_s if run.elapsed_s else 0.0
    found = [
        _measure("operations", run.operations, "operations", Direction.HIGHER),
        _measure("rounds", run.rounds, "rounds", Direction.HIGHER),
        _measure("rate", rate, "operations/s", Direction.HIGHER),
        _measure("time", run.elapsed_s, "s", lower),
        _measure("cpu", run.cpu_s, "s", lower),
        _measure("peak memory", run.peak_bytes, "bytes", lower),
        _measure("output", run.printed_bytes, "bytes", neither),
    ]
    found += [
        _measure(metric, getattr(run.growth, field), unit, lower) for metric, field, unit in LEFT
    ]
    if last is not None and last.switches is not None and last.forced_switches is not None:
        found.append(_measure("switches", last.switches, "switches", neither))
        found.append(_measure("forced switches", last.forced_switches, "switches", neither))
    return tuple(found)


def _slopes(run: StressRun) -> tuple[Measure, ...]:
    """Return the slopes; minimum and maximum are the bounds of the confidence interval."""
    return tuple(
        Measure(
            metric=metric,
            value=slope.per_round,
            unit=unit,
            direction=Direction.LOWER,
            n=slope.points,
            minimum=slope.low,
            maximum=slope.high,
        )
        for metric, field, unit in SLOPES
        if (slope := run.slopes.get(field)) is not None
    )


def _sampled(run: StressRun) -> tuple[Measure, ...]:
    """Return what was seen from outside: five-number summaries, and how it went over time."""
    found = []
    for metric, field, unit in SAMPLED:
        seen = [
            (one.at_s, float(value))
            for one in run.samples
            if (value := getattr(one, field)) is not None
        ]
        values = [value for _, value in seen]
        if not values:
            continue
        quarters = (
            statistics.quantiles(values, n=4, method="inclusive") if values[1:] else values * 3
        )
        found.append(
            Measure(
                metric=metric,
                value=quarters[1],
                unit=unit,
                direction=Direction.NEITHER,
                n=len(values),
                minimum=min(values),
                q1=quarters[0],
                median=quarters[1],
                q3=quarters[2],
                maximum=max(values),
                curve=thinned(seen),
            )
        )
    return tuple(found)


def _measure(metric: str, value: float, unit: str, direction: Direction) -> Measure:
    return Measure(metric=metric, value=value, unit=unit, direction=direction)

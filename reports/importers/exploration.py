"""The harness's result document, `holdfast.exploration/1`, as a record.

The harness does not know this package and this package does not know the harness; the schema is
all they share.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.document import RunDocument
from reports.importers.here import modified_at
from reports.record import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from pathlib import Path

    from reports.fields import Fields
    from reports.importers.here import Here

EXPLORATION_SCHEMA: Final = "holdfast.exploration/1"
SOURCE: Final = "holdfast explore"
_RACES: Final = 20  # names of places; the story shows each with its stacks
_VERDICTS: Final = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "undecided": Outcome.UNDECIDED,
}


def run_from_exploration(values: Fields, *, file: Path, here: Here) -> RunDocument:
    """Return the run of one exploration: of this machine, and of the commit checked out here.

    Raises:
        DamagedDocumentError: As `record_from_exploration` does.
    """
    written_at = modified_at(file)
    return RunDocument(
        source=SOURCE,
        written_at=written_at,
        environment=here.environment,
        commit=here.commit_at(written_at),
        records=(record_from_exploration(values),),
    )


def record_from_exploration(values: Fields) -> Record:
    """Return the record of one exploration.

    Raises:
        DamagedDocumentError: A field is absent, of the wrong type or beyond its limit, or the
            verdict and the finding contradict each other.
    """
    outcome = _outcome(values)
    finding = values.inner("finding") if "finding" in values else None
    if (finding is not None) != (outcome is Outcome.FAILED):
        values.refuse("finding", f"does not go with the verdict {outcome.value!r}")
    name = values.text("name")
    return Record(
        kind=RecordKind.EXPLORATION,
        name=name,
        outcome=outcome,
        measures=_measures(values),
        params=_params(values, finding),
        message=_story(finding) if finding else "",
        replay=_replay(name, finding) if finding else "",
    )


def _outcome(values: Fields) -> Outcome:
    verdict = values.text("verdict").lower()
    if verdict not in _VERDICTS:
        values.refuse("verdict", f"is {verdict[:40]!r}; known are {', '.join(_VERDICTS)}")
    return _VERDICTS[verdict]


def _measures(values: Fields) -> tuple[Measure, ...]:
    return (
        Measure(
            metric="executions",
            value=values.integer("executions", least=0),
            unit="executions",
            direction=Direction.NEITHER,
        ),
        Measure(
            metric="time",
            value=values.number("elapsed_s"),
            unit="s",
            direction=Direction.LOWER,
        ),
        Measure(metric="cpu", value=values.number("cpu_s"), unit="s", direction=Direction.LOWER),
        *_overruns(values),
        *_estimate(values),
    )


def _overruns(values: Fields) -> tuple[Measure, ...]:
    """Return how many executions met the step bound, where any did."""
    met = values.integer("overruns", least=0) if "overruns" in values else 0
    if not met:
        return ()
    neither = Direction.NEITHER
    return (Measure(metric="overruns", value=met, unit="executions", direction=neither),)


def _estimate(values: Fields) -> tuple[Measure, ...]:
    """Return the part of the search space that was run, 0 to 1, with its 95 % interval."""
    if "estimate" not in values:
        return ()
    estimate = values.inner("estimate")
    fraction, low, high = (estimate.number(name) for name in ("fraction", "low", "high"))
    if not 0 <= low <= fraction <= high <= 1:
        estimate.refuse("fraction", "does not lie with its interval between 0 and 1")
    return (
        Measure(
            metric="estimate",
            value=fraction,
            unit="1",
            direction=Direction.HIGHER,
            minimum=low,
            maximum=high,
        ),
    )


def _params(values: Fields, finding: Fields | None) -> dict[str, str]:
    params = {
        "strategy": values.text("strategy", default=""),
        "model": values.text("model", default=""),
        "seed": str(values.integer("seed", least=-(2**63), most=2**64)) if "seed" in values else "",
        "evidence": values.text("evidence", most=limits.TEXT_CHARS, default=""),
        "exhausted": "yes" if values.flag("exhausted") else "no",
        "workers": _workers(values),
        "resume": values.text("resume", most=limits.TEXT_CHARS, default=""),
    }
    if "estimate" in values:
        params["estimate_of"] = values.inner("estimate").text("of", default="")
    if finding:
        params["finding"] = finding.text("kind")
        params["gil_reachable"] = finding.text("gil_reachable", default="")
        params["data_races"] = _races(finding)
    return {name: value for name, value in params.items() if value}


def _workers(values: Fields) -> str:
    workers = values.integer("workers", least=1) if "workers" in values else 1
    return str(workers) if workers > 1 else ""


def _races(finding: Fields) -> str:
    """Return what was raced for, each name once."""
    if "data_races" not in finding:
        return ""
    races = finding.objects("data_races", most=limits.RECORDS)
    targets = dict.fromkeys(race.text("target") for race in races)
    more = f" and {len(targets) - _RACES} more" if len(targets) > _RACES else ""
    return ", ".join(list(targets)[:_RACES]) + more


def _story(finding: Fields) -> str:
    story = finding.text("story", most=limits.TEXT_CHARS, default="")
    return story or finding.text("message", most=limits.TEXT_CHARS)


def _replay(name: str, finding: Fields) -> str:
    command = finding.text("command", most=limits.TEXT_CHARS, default="")
    if command:
        return command
    # Quoted, because a name from outside may hold anything and the line is meant to be pasted.
    token = finding.text("token", most=limits.TEXT_CHARS, default="")
    return f"holdfast replay {shlex.quote(name)} {shlex.quote(token)}" if token else ""

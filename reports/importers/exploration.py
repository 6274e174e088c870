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
    )


def _params(values: Fields, finding: Fields | None) -> dict[str, str]:
    params = {
        "strategy": values.text("strategy", default=""),
        "model": values.text("model", default=""),
        "seed": str(values.integer("seed", least=-(2**63), most=2**64)) if "seed" in values else "",
        "evidence": values.text("evidence", most=limits.TEXT_CHARS, default=""),
        "exhausted": "yes" if values.flag("exhausted") else "no",
    }
    if finding:
        params["finding"] = finding.text("kind")
        params["gil_reachable"] = finding.text("gil_reachable", default="")
    return {name: value for name, value in params.items() if value}


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

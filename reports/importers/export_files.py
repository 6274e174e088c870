"""What `holdfast report export` wrote, back as run documents.

`--runs` holds the documents themselves. The series hold every benchmark's values by the runs they
come from, which become documents again: of benchmarks only, without messages and replay lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reports import limits
from reports.commit import Commit
from reports.document import RunDocument
from reports.environment import Environment
from reports.errors import BadValueError
from reports.record import SUMMARY, Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from reports.fields import Fields

EXPORT_SCHEMA: Final = "holdfast.export/1"
RUNS_SCHEMA: Final = "holdfast.runs/1"
_SERIES: Final = 1_000_000
_RUN_ID: Final = re.compile(r"[0-9a-f]{64}")


def runs_from_documents(values: Fields, *, document: str) -> dict[str, RunDocument]:
    """Return the documents of an export with `--runs`; they have their ids by their content."""
    every = values.objects("documents", most=limits.RECORDS)
    return {
        str(at): RunDocument.from_fields(one, document=document) for at, one in enumerate(every)
    }


def runs_from_series(values: Fields) -> dict[str, RunDocument]:
    """Return the runs behind the series of an export, by the ids that they had.

    Raises:
        DamagedDocumentError: A field is wrong, or the export was made by benchmark or metric: it
            holds parts of runs, and two parts of one run would count twice.
    """
    if "filter" in values:
        made_by = values.inner("filter")
        for name in ("benchmarks", "metrics"):
            if name in made_by and made_by.text_list(name, most=limits.PARAMS):
                made_by.refuse(name, "chose parts of runs, which would count as runs; export whole")
    environments = values.inner("environments")
    known = {name: Environment.from_json(environments.inner(name)) for name in environments.names()}
    runs: dict[str, _Run] = {}
    for series in values.objects("series", most=_SERIES):
        environment = known.get(series.text("environment"))
        if environment is None:
            series.refuse("environment", "is none of the environments of this export")
        for one in series.objects("runs", most=limits.RECORDS):
            run_id = one.text("run")
            if not _RUN_ID.fullmatch(run_id):
                one.refuse("run", "is not the id of a run, which has 64 hex digits")
            run = runs.setdefault(run_id, _Run(one, environment))
            run.add(series, one)
    return {run_id: run.document() for run_id, run in runs.items()}


class _Run:
    """A run whose benchmarks are collected from one series after the other."""

    def __init__(self, first: Fields, environment: Environment) -> None:
        self._first = first
        self._environment = environment
        self._benchmarks: dict[str, tuple[dict[str, str], list[Measure]]] = {}

    def add(self, series: Fields, values: Fields) -> None:
        """Add one metric of one benchmark."""
        name = series.text("benchmark")
        params, measures = self._benchmarks.setdefault(name, ({}, []))
        params |= series.texts("params")
        measures.append(_measure(series, values))

    def document(self) -> RunDocument:
        """Return the whole run."""
        values = self._first
        try:
            return RunDocument(
                source=values.text("source"),
                written_at=values.time("written_at"),
                environment=self._environment,
                commit=_commit(values),
                session=values.text("session", default=""),
                records=tuple(
                    Record(
                        kind=RecordKind.BENCHMARK,
                        name=name,
                        outcome=Outcome.PASSED,
                        measures=tuple(measures),
                        params=params,
                    )
                    for name, (params, measures) in self._benchmarks.items()
                ),
            )
        except BadValueError as error:
            values.refuse("run", f"makes no valid document: {error}")


def _measure(series: Fields, values: Fields) -> Measure:
    direction = series.text("direction").upper()
    if direction not in Direction.__members__:
        series.refuse("direction", "is none of lower, higher, neither")
    summary: dict[str, Any] = {name: values.number_or_none(name) for name in SUMMARY}
    try:
        return Measure(
            metric=series.text("metric"),
            value=values.number("value"),
            unit=series.text("unit", default=""),
            direction=Direction[direction],
            n=values.integer("n", least=1) if "n" in values else 1,
            **summary,
        )
    except BadValueError as error:
        values.refuse("value", f"belongs to no valid measure: {error}")


def _commit(values: Fields) -> Commit | None:
    if "commit" not in values:
        return None
    try:
        return Commit(
            commit_id=values.text("commit"),
            position=values.integer("position", least=0) if "position" in values else None,
            dirty=values.flag("dirty") if "dirty" in values else False,
            committed_at=values.time("committed_at") if "committed_at" in values else None,
            changes=values.text("changes", default=""),
        )
    except BadValueError as error:
        values.refuse("commit", str(error))

"""github-action-benchmark's data.js as run documents, one an entry; and its list of one run.

The data names commits and dates, and no machine: the runs of one suite are comparable with each
other alone. What the action took from pytest-benchmark are rates made from means; where the
original files are still there, ingest those.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reports import limits
from reports.document import RunDocument
from reports.errors import BadValueError
from reports.importers.here import commit_or_none, modified_at
from reports.importers.units import unit_of
from reports.record import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from pathlib import Path

    from reports.commit import Commit
    from reports.fields import Fields
    from reports.importers.here import Here

SOURCE: Final = "github-action-benchmark"
CUSTOM_SUITE: Final = "unnamed machine"
_PREFIX: Final = re.compile(rb"\s*window\s*\.\s*BENCHMARK_DATA\s*=")
_SUITES: Final = 1_000
_ENTRIES: Final = 100_000  # commits of one suite
_BIGGER: Final = frozenset({"benchmarkjs", "pytest", "customBiggerIsBetter"})
_CHOSEN_SMALLER: Final = "customSmallerIsBetter"
_SMALLER: Final = frozenset(
    {"cargo", "go", "benchmarkluau", "googlecpp", "catch2", "julia", "jmh", "benchmarkdotnet"}
)


def without_prefix(data: bytes) -> bytes:
    """Return a script as JSON, with blanks where code stood, so that lines stay where they are."""
    match = _PREFIX.match(data)
    if match is None:
        return data
    blank = re.sub(rb"[^\n]", b" ", match.group())
    rest = data[match.end() :].rstrip()
    return blank + rest.removesuffix(b";")


def is_script(data: bytes) -> bool:
    """Return whether bytes begin as data.js does."""
    return _PREFIX.match(data[:200]) is not None


def is_github_action(values: Fields) -> bool:
    """Return whether a document has the shape of the action's data."""
    return "entries" in values and ("lastUpdate" in values or "repoUrl" in values)


def runs_from_github_action(values: Fields, *, here: Here) -> tuple[RunDocument, ...]:
    """Return one run for each entry of each suite.

    Raises:
        DamagedDocumentError: A field of any entry is absent, of the wrong type or beyond its limit.
    """
    suites = values.inner("entries")
    names = suites.names()
    if len(names) > _SUITES:
        values.refuse("entries", f"has {len(names):,} suites, more than {_SUITES:,}")
    suites.check_names()
    return tuple(
        _run(entry, suite, here)
        for suite in names
        for entry in suites.objects(suite, most=_ENTRIES)
    )


def runs_from_custom(entries: Fields, *, file: Path, here: Here) -> tuple[RunDocument, ...]:
    """Return the run of a plain list; its date is the file's, its commit the one checked out."""
    written_at = modified_at(file)
    document = RunDocument(
        source=SOURCE,
        written_at=written_at,
        environment=here.unnamed_environment(CUSTOM_SUITE),
        commit=here.commit_at(written_at),
        records=tuple(_record(one, tool="") for one in entries.objects("", most=limits.RECORDS)),
    )
    return (document,)


def _run(entry: Fields, suite: str, here: Here) -> RunDocument:
    tool = entry.text("tool", default="")
    return RunDocument(
        source=SOURCE,
        written_at=entry.epoch_time("date"),
        environment=here.unnamed_environment(suite),
        commit=_commit(entry.inner("commit")) or here.named_commit,
        records=tuple(
            _record(one, tool=tool) for one in entry.objects("benches", most=limits.RECORDS)
        ),
    )


def _commit(values: Fields) -> Commit | None:
    committed_at = values.time("timestamp") if "timestamp" in values else None
    return commit_or_none(values.text("id"), committed_at=committed_at)


def _record(values: Fields, *, tool: str) -> Record:
    told = {"tool": tool, "range": values.text("range", default="", most=limits.TEXT_CHARS)}
    told["extra"] = values.text("extra", default="", most=limits.TEXT_CHARS)
    try:
        return Record(
            kind=RecordKind.BENCHMARK,
            name=values.text("name"),
            outcome=Outcome.PASSED,
            measures=(_measure(values, tool),),
            params={name: text for name, text in told.items() if text},
        )
    except BadValueError as error:
        values.refuse("value", f"belongs to no valid measure: {error}")


def _measure(values: Fields, tool: str) -> Measure:
    unit = unit_of(values.text("unit", default=""))
    direction = unit.direction or Direction.NEITHER
    if tool in _BIGGER:
        direction = Direction.HIGHER
    elif tool == _CHOSEN_SMALLER or (tool in _SMALLER and unit.direction is None):
        direction = Direction.LOWER  # but the action also takes JMH's rates for times
    return Measure(
        metric=unit.metric,
        value=values.number("value") / unit.divisor,
        unit=unit.unit,
        direction=direction,
    )

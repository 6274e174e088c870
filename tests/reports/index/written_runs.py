"""Small runs for the tests of an index, each of which says only what it is about."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.write import write_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.commit import Commit

HERE: Final = Environment.capture()
THERE: Final = dataclasses.replace(HERE, cpu="another")
START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def benchmark(name: str, value: float, **more: object) -> Record:
    """Return a record of one time in seconds."""
    fields: dict[str, object] = {
        "metric": "time",
        "unit": "s",
        "direction": Direction.LOWER,
        "params": {},
        **more,
    }
    params: Mapping[str, str] = fields.pop("params")  # type: ignore[assignment]
    measure = Measure(value=value, **fields)  # type: ignore[arg-type]
    return Record(
        kind=RecordKind.BENCHMARK,
        name=name,
        outcome=Outcome.PASSED,
        measures=(measure,),
        params=params,
    )


def document(
    *records: Record,
    at: float = 0,
    commit: Commit | None = None,
    environment: Environment = HERE,
    session: str = "",
    source: str = "a test",
) -> RunDocument:
    """Return a run `at` hours after the start of the year."""
    return RunDocument(
        source=source,
        written_at=START + timedelta(hours=at),
        environment=environment,
        commit=commit,
        records=records,
        session=session,
    )


def add(store: Path, *records: Record, **circumstances: object) -> Path:
    """Write a run into a store, and return its document's path."""
    return write_document(document(*records, **circumstances), store=store)  # type: ignore[arg-type]

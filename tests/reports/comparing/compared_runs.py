"""Runs made up for comparisons, and the recorded ones, which are data beside the project."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commit import Commit

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "cedarpy_pytest_benchmark"
RECORDED = sorted((SHARED / "Darwin-CPython-3.11-64bit").glob("*-run*.json"))
START = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Environment.capture()


def commit(digit: str, *, dirty: bool = False, changes: str = "") -> Commit:
    return Commit(commit_id=digit * 40, dirty=dirty, changes=changes)


def run(
    values: Mapping[str, float | Measure],
    *,
    at: float,
    of: Commit | None,
    session: str = "",
    environment: Environment = HERE,
) -> RunDocument:
    """Return one run of a few benchmarks; a bare number is a time in seconds."""
    return RunDocument(
        source="a test",
        written_at=START + timedelta(minutes=at),
        environment=environment,
        commit=of,
        session=session,
        records=tuple(_record(name, value) for name, value in values.items()),
    )


def _record(name: str, value: float | Measure) -> Record:
    measure = value if isinstance(value, Measure) else seconds(value)
    kind, outcome = RecordKind.BENCHMARK, Outcome.PASSED
    return Record(kind=kind, name=name, outcome=outcome, measures=(measure,))


def seconds(
    value: float, *, fastest: float | None = None, rounds: int = 1, metric: str = "time"
) -> Measure:
    return Measure(
        metric=metric,
        value=value,
        unit="s",
        direction=Direction.LOWER,
        minimum=fastest,
        n=rounds,
    )


def runs(  # noqa: PLR0913  # what runs are made of
    levels: Mapping[str, float],
    *,
    of: Commit,
    many: int,
    noise: float,
    draw: random.Random,
    after: float = 0.0,
    session: str = "",
    weather: Sequence[float] = (),
) -> list[RunDocument]:
    """Return runs whose values scatter around levels; `weather` moves a whole round."""
    return [
        run(
            {
                name: level * math.exp(draw.gauss(0, noise) + (weather[at] if weather else 0.0))
                for name, level in levels.items()
            },
            at=after + 2 * at,
            of=of,
            session=session,
        )
        for at in range(many)
    ]

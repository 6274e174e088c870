"""Stores whose truth is known, for the tests of judging; numbers come from a seed."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commit import Commit
from reports.judging.judged_store import judge_store
from reports.store import Store
from reports.write import write_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from reports.judging.accepted import Acceptances
    from reports.judging.policy import Policy
    from reports.judging.verdict import JudgedSeries, StoreJudgement

HERE = Environment.capture()
START = datetime(2026, 1, 1, tzinfo=UTC)


def commit_id(number: int) -> str:
    """Return the id of the `number`-th commit; its first digits tell it from others."""
    return f"{number:07x}" + "0" * 33


def add_run(  # noqa: PLR0913  # what a run may be
    store: Path,
    values: Mapping[str, float],
    *,
    commit: int,
    run: int = 0,
    environment: Environment = HERE,
    direction: Direction = Direction.LOWER,
    unit: str = "s",
    session: str = "",
    minutes: int | None = None,
    others: Sequence[Record] = (),
) -> None:
    """Write one run of the `commit`-th commit."""
    measures = {
        name: Measure(metric="time", value=value, unit=unit, direction=direction)
        for name, value in values.items()
    }
    records = [
        Record(kind=RecordKind.BENCHMARK, name=name, outcome=Outcome.PASSED, measures=(measure,))
        for name, measure in measures.items()
    ]
    at = 60 * commit + run if minutes is None else minutes
    document = RunDocument(
        source="a test",
        written_at=START + timedelta(minutes=at),
        environment=environment,
        commit=Commit(commit_id=commit_id(commit), position=commit),
        records=(*records, *others),
        session=session,
    )
    write_document(document, store=store)


def noisy(level: float, *, seed: object, noise: float = 0.01) -> float:
    """Return a value around a level: the same for the same seed."""
    return level * math.exp(noise * random.Random(repr(seed)).gauss(0, 1))


def history(  # noqa: PLR0913  # what a history may be
    store: Path,
    levels: Sequence[float],
    *,
    names: Sequence[str] = ("one",),
    runs: int = 1,
    noise: float = 0.01,
    seed: int = 0,
    **more: object,
) -> None:
    """Write a commit for each level, of all the names, the first commit being number 1."""
    for at, level in enumerate(levels, 1):
        for run in range(runs):
            values = {n: noisy(level, seed=(n, at, run, seed), noise=noise) for n in names}
            add_run(store, values, commit=at, run=run, **more)  # type: ignore[arg-type]


def judged(
    store: Path, *, policy: Policy | None = None, accepted: Acceptances | None = None
) -> StoreJudgement:
    """Return what becomes of a store's series."""
    with Store(store) as opened:
        return judge_store(opened, policy=policy, accepted=accepted)


def only(judgement: StoreJudgement, name: str = "one") -> JudgedSeries:
    """Return the verdict on the series of one benchmark."""
    (found,) = [one for one in judgement.series if one.key.benchmark == name]
    return found

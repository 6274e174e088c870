"""Histories with known truth, in a real store, judged after every commit as a gate would."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commit import Commit
from reports.judging.judged_store import judge_store
from reports.store import Store
from reports.write import write_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reports.judging.verdict import StoreJudgement

NEAR: Final = 4  # points that an alarm may lie from the step it means
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_HERE: Final = Environment.capture()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of history.

    Attributes:
        noise: Of one run, relative.
        step: By how much the changed series go up, relative; 0 for none.
        changed: How many of the series change, each at a commit of its own.
        runs: Of each commit.
    """

    name: str
    kind: str = "gauss"
    noise: float = 0.02
    step: float = 0.0
    changed: int = 0
    runs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What the gate made of a case.

    Attributes:
        false_alarms: Regressions told where nothing changed, one place counted once.
        red_commits: After how many commits the gate was red, rightly or not.
        delays: Commits from each step to the first alarm that means it; None where none came.
        judged: How many pairs of a series and a commit were judged.
        commits: How many commits the gate ran after.
    """

    false_alarms: int
    red_commits: int
    delays: tuple[int | None, ...]
    judged: int
    commits: int


def run_case(  # noqa: PLR0913  # what a simulation is made of
    case: Case, *, folder: Path, series: int, history: int, commits: int, seed: int
) -> CaseResult:
    """Return what the gate says after each of `commits` commits past the `history`-th."""
    rng = random.Random(f"{case.name}/{seed}")
    total = history + commits
    steps = {n: rng.randrange(history, history + commits // 2) for n in range(case.changed)}
    lines = [_line(case, rng, total * case.runs) for _ in range(series)]
    alarms: dict[tuple[str, int], int] = {}
    red = 0
    for at in range(total):
        for run in range(case.runs):
            values = [
                line[at * case.runs + run] * (1 + case.step * (at >= steps.get(n, total)))
                for n, line in enumerate(lines)
            ]
            write_commit(folder, values, at=at, run=run)
        if at < history:
            continue
        told = _regressions(folder)
        for place in told:
            alarms.setdefault(place, at)
        red += bool(told)
    delays = [_delay(n, step, alarms) for n, step in steps.items()]
    return CaseResult(
        false_alarms=_false(alarms, steps),
        red_commits=red,
        delays=tuple(delays),
        judged=series * commits,
        commits=commits,
    )


def _line(case: Case, rng: random.Random, count: int) -> list[float]:
    draw = _NOISES[case.kind](rng)
    return [math.exp(case.noise * next(draw)) for _ in range(count)]


def _gauss(rng: random.Random) -> Iterator[float]:
    while True:
        yield rng.gauss(0, 1)


def _skewed(rng: random.Random) -> Iterator[float]:
    while True:
        yield rng.expovariate(1) - 1


def _outliers(rng: random.Random) -> Iterator[float]:
    while True:
        yield rng.gauss(0, 1) + (rng.uniform(5, 15) if rng.random() < 0.03 else 0)


def _correlated(rng: random.Random) -> Iterator[float]:
    value = rng.gauss(0, 1)
    while True:
        yield value
        value = 0.5 * value + math.sqrt(0.75) * rng.gauss(0, 1)


_NOISES: Final[dict[str, Callable[[random.Random], Iterator[float]]]] = {
    "gauss": _gauss,
    "skewed": _skewed,
    "outliers": _outliers,
    "correlated": _correlated,
}


def write_commit(folder: Path, values: list[float], *, at: int, run: int) -> None:
    """Write one run of the `at`-th commit, counted from 0."""
    records = tuple(
        Record(
            kind=RecordKind.BENCHMARK,
            name=f"bench_{number:05d}",
            outcome=Outcome.PASSED,
            measures=(Measure(metric="time", value=value, unit="s", direction=Direction.LOWER),),
        )
        for number, value in enumerate(values)
    )
    document = RunDocument(
        source="simulation",
        written_at=_START + timedelta(hours=at, minutes=run),
        environment=_HERE,
        commit=Commit(commit_id=f"{at + 1:040x}", position=at + 1),
        records=records,
    )
    write_document(document, store=folder)


def _judged(folder: Path) -> StoreJudgement:
    with Store(folder) as store:
        return judge_store(store)


def _regressions(folder: Path) -> set[tuple[str, int]]:
    """Return the benchmark and the point of every regression that turns the gate red."""
    return {
        (change.key.benchmark, change.first_after.index) for change in _judged(folder).regressions
    }


def _delay(number: int, step: int, alarms: dict[tuple[str, int], int]) -> int | None:
    found = [
        at
        for (name, index), at in alarms.items()
        if name == f"bench_{number:05d}" and abs(index - step) <= NEAR and at >= step
    ]
    return min(found) - step if found else None


def _false(alarms: dict[tuple[str, int], int], steps: dict[int, int]) -> int:
    """Return the alarms that mean no step; those of one series within reach count once."""
    places: list[tuple[str, int]] = []
    for name, index in sorted(alarms):
        number = int(name.removeprefix("bench_"))
        if number in steps and abs(index - steps[number]) <= NEAR:
            continue
        if not any(other == name and abs(index - at) <= NEAR for other, at in places):
            places.append((name, index))
    return len(places)

"""A series: what one metric of one benchmark came to, run after run, in one environment."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from reports.record import Direction, RecordKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesKey:
    """What makes results comparable; the environment is a fingerprint."""

    benchmark: str
    metric: str
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStamp:
    """Which run a value comes from, and where that run belongs in the order.

    `environment` is a fingerprint. `position` is what a repository says of the commit, where one
    was asked, or else what the document says. `kinds` are those of the run's records.
    """

    run_id: str
    written_at: datetime
    commit_id: str | None = None
    position: int | None = None
    dirty: bool = False
    committed_at: datetime | None = None
    changes: str = ""
    environment: str = ""
    source: str = ""
    session: str = ""
    kinds: tuple[RecordKind, ...] = ()

    @property
    def code(self) -> str:
        """Return what tells this run's code from others: commit and changes, or the run itself."""
        # Two dirty trees of one commit can hold different code: unless their changes are known
        # to be the same, they never share a point.
        if self.commit_id is None or (self.dirty and not self.changes):
            return self.run_id
        return self.commit_id + self.changes

    @property
    def label(self) -> str:
        """Return seven digits of the commit with a mark when dirty, or else the date."""
        if self.commit_id is None:
            return self.written_at.strftime("%m-%d %H:%M")
        return self.commit_id[:7] + ("+" if self.dirty else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSpan:
    """In how many runs and from when to when a benchmark was measured in one environment."""

    environment: str
    first: datetime
    last: datetime
    runs: int


class RunValue(NamedTuple):
    """One run's value of one metric, with the five-number summary of its `n` rounds where known.

    A tuple, where every other value is a dataclass: a store has hundreds of thousands of these,
    and one is made in a seventh of the time. Name the fields all the same.
    """

    stamp: RunStamp
    value: float
    n: int = 1
    minimum: float | None = None
    q1: float | None = None
    median: float | None = None
    q3: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """All runs of the same code: the run is the unit of evidence, the point is their median."""

    code: str
    label: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the median of the runs."""
        return statistics.median(self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The values of one key in the order of their commits, oldest first.

    Unit, direction and the benchmark's parameters are those of the run that was written last.
    """

    key: SeriesKey
    unit: str
    direction: Direction
    runs: tuple[RunValue, ...]
    params: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def values(self) -> tuple[float, ...]:
        """Return one value a run, oldest first."""
        return tuple(run.value for run in self.runs)

    def points(self) -> tuple[Point, ...]:
        """Return one point for each piece of code that was measured, oldest first."""
        grouped: dict[str, list[RunValue]] = {}
        for run in self.runs:
            grouped.setdefault(run.stamp.code, []).append(run)
        return tuple(
            Point(code=code, label=runs[0].stamp.label, values=tuple(run.value for run in runs))
            for code, runs in grouped.items()
        )

    def split_newest(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Return the values before the newest point, oldest first, and the newest point's."""
        *before, last = self.points()
        return tuple(value for point in before for value in point.values), last.values


def in_commit_order(runs: Iterable[RunValue]) -> tuple[RunValue, ...]:
    """Return the runs ordered by first-parent position, or by time where that is unknown.

    One order for the whole series: positions when every run has one, else the commits' own
    times when every run has one, else the times of measuring. Mixing them would interleave
    numbers that cannot be compared.
    """
    every = tuple(runs)
    return tuple(sorted(every, key=_rank([run.stamp for run in every])))


def _rank(stamps: list[RunStamp]) -> Callable[[RunValue], tuple[float, bool, float, str]]:
    if all(one.position is not None for one in stamps):
        return _by_position
    if all(one.committed_at is not None for one in stamps):
        return _by_commit_time
    return _by_time


def _by_position(run: RunValue) -> tuple[float, bool, float, str]:
    stamp = run.stamp
    assert stamp.position is not None
    return (stamp.position, stamp.dirty, stamp.written_at.timestamp(), stamp.run_id)


def _by_commit_time(run: RunValue) -> tuple[float, bool, float, str]:
    stamp = run.stamp
    assert stamp.committed_at is not None
    at = stamp.committed_at.timestamp()
    return (at, stamp.dirty, stamp.written_at.timestamp(), stamp.run_id)


def _by_time(run: RunValue) -> tuple[float, bool, float, str]:
    stamp = run.stamp
    return (stamp.written_at.timestamp(), False, 0.0, stamp.run_id)

"""A series as it is judged: one spot for each piece of code, with the runs behind it."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.judging.verdict import Place

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reports.series import RunValue, Series


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """All runs of one piece of code; their median is the point that is judged."""

    place: Place
    code: str
    values: tuple[float, ...]
    written: tuple[datetime, ...]

    @property
    def value(self) -> float:
        """Return the median of the runs."""
        return statistics.median(self.values)

    @property
    def log(self) -> float:
        """Return the logarithm of the point; its value must be above 0."""
        return math.log(self.value)

    @property
    def logs(self) -> tuple[float, ...]:
        """Return the logarithm of each run; their values must be above 0."""
        return tuple(math.log(value) for value in self.values)


def timeline(series: Series) -> tuple[Spot, ...]:
    """Return the spots of a series, oldest first, numbered from 0."""
    grouped: dict[str, list[RunValue]] = {}
    for run in series.runs:
        grouped.setdefault(run.stamp.code, []).append(run)
    return tuple(_spot(at, code, runs) for at, (code, runs) in enumerate(grouped.items()))


def are_interleaved(old: Sequence[Spot], new: Spot) -> bool:
    """Return whether the new code's runs were measured in turns with old ones.

    What the machine does in those minutes then hits both sides, so that the noise between
    sessions does not stand between them.
    """
    theirs = [at for spot in old for at in spot.written]
    ours = new.written
    span = [at for at in theirs if min(ours) < at < max(ours)]
    switches = _switches(sorted([(at, 0) for at in theirs] + [(at, 1) for at in ours]))
    return len(span) >= len(ours) - 1 and switches >= len(ours)


def _switches(sides: Sequence[tuple[datetime, int]]) -> int:
    return sum(one[1] != two[1] for one, two in itertools.pairwise(sides))


def _spot(index: int, code: str, runs: Sequence[RunValue]) -> Spot:
    first = runs[0].stamp
    return Spot(
        place=Place(
            index=index,
            label=first.label,
            commit_id=first.commit_id,
            at=first.committed_at or first.written_at,
            position=first.position,
        ),
        code=code,
        values=tuple(run.value for run in runs),
        written=tuple(run.stamp.written_at for run in runs),
    )


def renumbered(spots: Sequence[Spot]) -> tuple[Spot, ...]:
    """Return the spots as a series of their own, numbered from 0."""
    return tuple(
        replace(spot, place=replace(spot.place, index=index)) for index, spot in enumerate(spots)
    )

"""The two sides of a comparison: which runs, and one value of each for every metric."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from reports.record import Direction, RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reports.document import RunDocument
    from reports.record import Measure

_ROUNDS_FOR_FASTEST: Final = 5  # of fewer rounds the fastest is no steadier than the middle one


class Statistic(StrEnum):
    """Which number of a timing stands for a run."""

    FASTEST = "fastest"
    TYPICAL = "typical"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricKey:
    """One metric of one benchmark in one environment (empty where all count as one)."""

    benchmark: str
    metric: str
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValues:
    """One value a run, in the order of the runs.

    Attributes:
        typical: Each run's value, which of timings is the median of its rounds.
        fastest: The fastest round of each run, or None where it is not known of all.
        runs: Which of the side's runs each value comes from, counted from 0.
    """

    unit: str
    direction: Direction
    typical: tuple[float, ...]
    fastest: tuple[float, ...] | None
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The runs of both versions that are held against each other, each side oldest first.

    Attributes:
        session: The session in which both were measured in turn, or an empty text.
    """

    old: tuple[RunDocument, ...]
    new: tuple[RunDocument, ...]
    session: str = ""


def choose_sides(
    old: Iterable[RunDocument], new: Iterable[RunDocument], *, sessions: bool = True
) -> Sides:
    """Return the runs to compare: those of the newest session that has both, else all.

    Runs of one session met the same machine in the same minutes; runs of two days did not, and
    what the machine did in between looks like a change of the code.
    """
    before, after = _in_time(old), _in_time(new)
    shared = {one.session for one in before if one.session} & {one.session for one in after}
    if not sessions or not shared:
        return Sides(old=before, new=after)
    newest = max(
        (one for one in (*before, *after) if one.session in shared),
        key=lambda one: (one.written_at, one.session),
    ).session
    return Sides(
        old=tuple(one for one in before if one.session == newest),
        new=tuple(one for one in after if one.session == newest),
        session=newest,
    )


def metric_values(
    documents: Sequence[RunDocument], *, across: bool = False
) -> dict[MetricKey, MetricValues]:
    """Return each metric's run values; rounds are behind them, never beside each other.

    Args:
        across: Take all environments for one.
    """
    found: dict[MetricKey, list[tuple[int, Measure]]] = {}
    for at, document in enumerate(documents):
        environment = "" if across else document.environment.fingerprint
        seen: set[MetricKey] = set()
        for name, measure in _measures(document):
            key = MetricKey(benchmark=name, metric=measure.metric, environment=environment)
            if key not in seen:  # a name that stands twice in one run: the first counts
                seen.add(key)
                found.setdefault(key, []).append((at, measure))
    return {key: _values(taken) for key, taken in found.items()}


def _measures(document: RunDocument) -> Iterator[tuple[str, Measure]]:
    for record in document.records:
        if record.kind is RecordKind.BENCHMARK:
            for measure in record.measures:
                yield record.name, measure


def _values(taken: list[tuple[int, Measure]]) -> MetricValues:
    newest = taken[-1][1]
    fastest = [fastest_round(measure) for _, measure in taken]
    known = tuple(value for value in fastest if value is not None)
    return MetricValues(
        unit=newest.unit,
        direction=newest.direction,
        typical=tuple(measure.value for _, measure in taken),
        fastest=known if len(known) == len(fastest) else None,
        runs=tuple(at for at, _ in taken),
    )


def fastest_round(measure: Measure) -> float | None:
    """Return the fastest round's time where it says more about a run than the middle one.

    What else runs on a machine only ever adds time, so that the fastest of many rounds moves
    several times less from run to run than their median.
    """
    timed = measure.unit == "s" and measure.direction is Direction.LOWER
    if not timed or measure.n < _ROUNDS_FOR_FASTEST:
        return None
    return measure.minimum if measure.minimum is not None and measure.minimum > 0 else None


def _in_time(documents: Iterable[RunDocument]) -> tuple[RunDocument, ...]:
    return tuple(sorted(documents, key=lambda one: one.written_at))

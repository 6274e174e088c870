"""Old runs over new ones: whether all runs moved or one, and how wide the rounds of each spread."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.errors import DamagedDocumentError
from reports.page.axis import drawable
from reports.page.cells import Rows, bounded
from reports.page.distribution_figure import RunBox, Side, draw_distribution
from reports.page.profiles import profile_links
from reports.quantities import count, percent, quantity
from reports.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.document import RunDocument
    from reports.judging.verdict import JudgedSeries
    from reports.page.data import PageData
    from reports.record import Measure
    from reports.series import Point, RunValue, Series
    from reports.store import Store

_FIRST: Final = 8
_MOST: Final = 24
_RUNS: Final = 8  # of each side, the newest: more lanes than that say nothing more
_RECORDS: Final = 60_000  # read for the ends of the boxes; a thousand take some 50 ms
_SIDES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One benchmark, its old runs over its new ones; `profile` leads to its profile, or nowhere."""

    name: str
    place: str
    state: str
    words: str
    svg: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributions:
    """The benchmarks that changed, then those that differ most, each with its runs."""

    rows: Rows[Distribution]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """A series, and the two pieces of code that are laid over each other."""

    judged: JudgedSeries
    series: Series
    old: Point
    new: Point

    @property
    def change(self) -> float:
        """How much the median of runs moved, relative to the old one."""
        return self.new.median / self.old.median - 1 if self.old.median else 0.0


def view(data: PageData) -> Distributions | None:
    """Return the benchmarks that have runs of two versions, or None where none has."""
    if data.judgement is None:
        return None
    pairs = [_compared(data, one) for one in data.judgement.series]
    compared = [pair for pair in pairs if pair is not None]
    compared.sort(key=lambda pair: (not pair.judged.changes, -abs(pair.change)))
    if not compared:
        return None
    documents = _Documents(data.store)
    links = profile_links(data)
    drawn = [_distribution(pair, documents, links) for pair in compared[:_MOST]]
    shown = bounded(drawn, first=_FIRST, most=_MOST)
    return Distributions(rows=Rows(first=shown.first, folded=shown.folded))


def _compared(data: PageData, judged: JudgedSeries) -> _Compared | None:
    series = data.series.get(judged.key)
    points = series.points() if series is not None else ()
    if series is None or len(points) < _SIDES or not judged.is_current:
        return None
    new, old = points[-1], points[-2]
    standing = [change for change in judged.changes if change.standing]
    if standing:
        # After a step the version before the newest is slow as well: what stood before it is meant.
        old = points[min(max(standing[-1].last_before.index, 0), len(points) - _SIDES)]
    whole = all(drawable(value) for value in (*old.values, *new.values))
    return _Compared(judged=judged, series=series, old=old, new=new) if whole else None


def _distribution(pair: _Compared, documents: _Documents, links: Mapping[str, str]) -> Distribution:
    place, _, short = pair.judged.key.benchmark.rpartition("::")
    metric = "" if pair.judged.key.metric == "time" else f", {pair.judged.key.metric}"
    words = _words(pair)
    svg = draw_distribution(
        _side(pair, pair.old, "before", documents),
        _side(pair, pair.new, "now", documents),
        unit=pair.series.unit,
        title=f"Runs of {short}{metric}, before and now",
        description=words,
    )
    return Distribution(
        name=short + metric,
        place=place,
        state=str(pair.judged.state),
        words=words,
        svg=svg,
        profile=links.get(pair.judged.key.benchmark, ""),
    )


def _words(pair: _Compared) -> str:
    unit, old, new = pair.series.unit, pair.old, pair.new
    sides = (
        f"{label} ({one.label}): {quantity(one.median, unit)}, "
        f"the median of {count(len(one.values), 'run')}"
        for label, one in (("before", old), ("now", new))
    )
    apart = min(new.values) > max(old.values) or max(new.values) < min(old.values)
    clear = "no run of one side lies among the other's" if apart else "the runs overlap"
    return f"{'; '.join(sides)}: {percent(pair.change)}, and {clear}."


def _side(pair: _Compared, point: Point, label: str, documents: _Documents) -> Side:
    runs = [run for run in pair.series.runs if run.stamp.code == point.code][-_RUNS:]
    boxes = tuple(_box(pair, run, documents) for run in runs)
    return Side(label=label, median=statistics.median(point.values), boxes=boxes)


def _box(pair: _Compared, run: RunValue, documents: _Documents) -> RunBox:
    measure = documents.measure(run, pair.judged.key.benchmark, pair.judged.key.metric)
    ends = (None, None) if measure is None else (measure.minimum, measure.maximum)
    low, q1, q3, high = (
        one if one is not None and math.isfinite(one) and drawable(one) else None
        for one in (ends[0], run.q1, run.q3, ends[1])
    )
    return RunBox(value=run.value, low=low, q1=q1, q3=q3, high=high)


class _Documents:
    """The documents behind some runs, each read once and only so many. Belongs to one thread."""

    __slots__ = ("_read", "_room", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, dict[tuple[str, str], Measure]] = {}
        self._room = _RECORDS

    def measure(self, run: RunValue, benchmark: str, metric: str) -> Measure | None:
        """Return what a run measured, or None where its document cannot be had."""
        run_id = run.stamp.run_id
        if run_id not in self._read:
            self._read[run_id] = self._measures(run_id)
        return self._read[run_id].get((benchmark, metric))

    def _measures(self, run_id: str) -> dict[tuple[str, str], Measure]:
        if self._room <= 0:
            return {}
        try:
            document = self._store.document(run_id)
        except DamagedDocumentError:
            return {}
        self._room -= len(document.records)
        return _by_metric(document)


def _by_metric(document: RunDocument) -> dict[tuple[str, str], Measure]:
    return {
        (record.name, measure.metric): measure
        for record in document.records
        if record.kind is RecordKind.BENCHMARK
        for measure in record.measures
    }

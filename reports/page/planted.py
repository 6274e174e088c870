"""The matrix of planted bugs: which method found which bug, how often, and how sure that is."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import (
    ABSENT,
    Rows,
    badge_of,
    bare,
    bounded,
    cell,
    first_line,
    value_of,
    whole_percent,
)
from reports.page.finding import MARKS
from reports.page.proportion import exact_interval
from reports.page.story import Story, story_of
from reports.quantities import number, quantity
from reports.record import Outcome, RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.page.data import PageData
    from reports.record import Record

_DOTS: Final = 40  # one dot a seeded run; beyond, the count alone says it better
_FIRST: Final = 60
_MOST: Final = 600
_MATRIX_METHODS: Final = 8  # columns that fit beside a bug's words
_MATRIX_LEAST: Final = 2  # bugs and methods below which a matrix says no more than the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """In how many runs something was found.

    Attributes:
        text: "19 of 20".
        interval: What chance of being found that shows, in percent; empty where nothing was run.
    """

    hits: int
    runs: int

    @property
    def text(self) -> str:
        """Return the count in words."""
        return f"{number(self.hits)} of {number(self.runs)}" if self.runs else ABSENT

    @property
    def interval(self) -> str:
        """Return the 95 % interval of the chance, in percent."""
        if not self.runs:
            return ""
        bounds = exact_interval(self.hits, self.runs)
        return f"{whole_percent(bounds.low)} to {whole_percent(bounds.high)} %"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedRow:
    """One bug sought by one method, and the false alarms on its good twin."""

    mark: str
    outcome: str
    number: str
    bug: str
    method: str
    dots: tuple[bool, ...]
    found: Tally
    executions: str
    time: str
    alarms: str
    alarmed: bool
    stories: tuple[Story, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRow:
    """What one method came to over all bugs it was let loose on."""

    method: str
    bugs: str
    found: Tally
    time: str
    alarms: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One bug, and in how many runs each method found it; "" where that method did not seek it."""

    bug: str
    cells: tuple[tuple[str, str], ...]  # a count, and "all", "some", "none" or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """Everything that was sought on purpose."""

    badge: str
    methods: tuple[MethodRow, ...]
    matrix_methods: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    rows: Rows[PlantedRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sought:
    """One bug under one method: the record of the bad twin, of the good one, or both."""

    bad: Record | None
    good: Record | None

    @property
    def head(self) -> Record:
        record = self.bad or self.good
        assert record is not None, "there is a record, or nobody would ask"
        return record

    @property
    def records(self) -> tuple[Record, ...]:
        return tuple(one for one in (self.bad, self.good) if one is not None)

    @property
    def passed(self) -> bool:
        return all(one.outcome is Outcome.PASSED for one in self.records)

    @property
    def method(self) -> str:
        return self.head.params.get("method") or "no method named"

    @property
    def bug(self) -> str:
        return self.head.params.get("bug") or first_line(self.head.message) or self.head.name


def view(data: PageData) -> Planted | None:
    """Return the matrix, or None where nothing was planted."""
    records = data.selection.of_kind(RecordKind.PLANTED)
    if not records:
        return None
    sought = _paired(records)
    sought.sort(key=lambda one: (one.passed, one.head.name, one.method))
    methods, matrix = _matrix(sought)
    return Planted(
        badge=badge_of(records),
        methods=_by_method(sought),
        matrix_methods=methods,
        matrix=matrix,
        rows=bounded([_row(one) for one in sought], first=_FIRST, most=_MOST),
    )


def _paired(records: Iterable[Record]) -> list[_Sought]:
    """Return each bad twin with its good one; of several with one name none hides another."""
    bad: list[Record] = []
    good: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        if record.params.get("twin") == "good":
            good.setdefault(_twin(record), []).append(record)
        else:
            bad.append(record)
    pairs = []
    for record in bad:
        twins = good.get(_twin(record), [])
        pairs.append(_Sought(bad=record, good=twins.pop(0) if twins else None))
    return pairs + [_Sought(bad=None, good=one) for rest in good.values() for one in rest]


def _twin(record: Record) -> tuple[str, str, str]:
    return (record.name, record.params.get("variant", ""), record.params.get("method", ""))


def _row(sought: _Sought) -> PlantedRow:
    head, bad, good = sought.head, sought.bad, sought.good
    found = _tally(bad)
    worst = next((one for one in sought.records if one.outcome is not Outcome.PASSED), head)
    shown = 0 < found.runs <= _DOTS
    alarms = _tally(good)
    return PlantedRow(
        mark=MARKS[worst.outcome],
        outcome=worst.outcome.value,
        number=head.name,
        bug=sought.bug,
        method=sought.method,
        dots=(True,) * found.hits + (False,) * (found.runs - found.hits) if shown else (),
        found=found,
        executions=bare(bad.measure("executions")) if bad else ABSENT,
        time=cell(bad.measure("time")) if bad else ABSENT,
        alarms=alarms.text if alarms.runs or good is None else good.outcome.value,
        alarmed=alarms.hits > 0,
        stories=tuple(story for one in sought.records if (story := story_of(one))),
    )


def _tally(record: Record | None) -> Tally:
    found = record.measure("found") if record else None
    if found is None or not 0 <= found.value <= found.n:
        return Tally(hits=0, runs=0)
    return Tally(hits=int(found.value), runs=found.n)


def _by_method(sought: Sequence[_Sought]) -> tuple[MethodRow, ...]:
    groups: dict[str, list[_Sought]] = {}
    for one in sought:
        groups.setdefault(one.method, []).append(one)
    return tuple(_method_row(method, groups[method]) for method in sorted(groups))


def _method_row(method: str, group: Sequence[_Sought]) -> MethodRow:
    bad = [one.bad for one in group if one.bad is not None]
    always = sum(_always(record) for record in bad)
    times = [value for one in bad if (value := value_of(one, "time")) is not None]
    return MethodRow(
        method=method,
        bugs=f"{number(always)} of {number(len(bad))}",
        found=_sum(bad),
        time=quantity(statistics.median(times), "s") if times else ABSENT,
        alarms=_sum([one.good for one in group if one.good is not None]),
    )


def _always(record: Record) -> bool:
    """Say whether every run found the bug; a check may pass that asks for less."""
    tally = _tally(record)
    return tally.hits == tally.runs if tally.runs else record.outcome is Outcome.PASSED


def _sum(records: Iterable[Record]) -> Tally:
    tallies = [_tally(record) for record in records]
    return Tally(hits=sum(one.hits for one in tallies), runs=sum(one.runs for one in tallies))


def _matrix(sought: Sequence[_Sought]) -> tuple[tuple[str, ...], tuple[MatrixRow, ...]]:
    """Return bugs against methods: those bugs that more than one method was let loose on."""
    by_bug: dict[str, dict[str, list[Record]]] = {}
    for one in sought:
        if one.bad is not None:
            by_bug.setdefault(one.bug, {}).setdefault(one.method, []).append(one.bad)
    shared = {bug: found for bug, found in by_bug.items() if len(found) >= _MATRIX_LEAST}
    methods = tuple(sorted({method for found in shared.values() for method in found}))
    if len(shared) < _MATRIX_LEAST or len(methods) > _MATRIX_METHODS:
        return (), ()
    rows = tuple(
        MatrixRow(bug=bug, cells=tuple(_cell(shared[bug].get(method, ())) for method in methods))
        for bug in sorted(shared)
    )
    return methods, rows[:_MOST]


def _cell(records: Sequence[Record]) -> tuple[str, str]:
    tally = _sum(records)
    if not tally.runs:
        return ("", "")
    level = "all" if tally.hits == tally.runs else "some" if tally.hits else "none"
    return (f"{number(tally.hits)}/{number(tally.runs)}", level)

"""The page's contents as plain values, so that the template only lays them out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.wording import KIND_TITLES
from reports.quantities import number, quantity, scale_for, stated
from reports.record import Direction, Measure, Outcome, Record, RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKS: Final = {
    Outcome.PASSED: "\u2713",
    Outcome.FAILED: "\u2717",
    Outcome.UNDECIDED: "?",
    Outcome.SKIPPED: "\u2013",
}
_ABSENT: Final = "\u2013"
_LONG_STORY_LINES: Final = 30  # a story up to here is read at a glance, so it starts open
_DOTS: Final = 40  # one dot a seeded run; beyond, the count alone says it better
_ROOM: Final = 1.25  # how far past the larger of value and limit a bar's scale reaches
_SHOWN_PARAMS: Final = ("method", "strategy", "model", "generator", "seed", "variant")
_METRIC_COLUMNS: Final = 9  # what fits beside a name on a laptop's screen


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A failed or undecided check: what happened, and the line that runs it again."""

    mark: str
    kind: str
    name: str
    outcome: str
    lead: str
    story: str
    lines: int
    open: bool
    replay: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """How the checks of one kind ended."""

    title: str
    anchor: str
    total: int
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check as a row: its circumstances, and a cell per metric of its table."""

    mark: str
    outcome: str
    name: str
    about: str
    note: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckTable:
    """All checks of one kind, with the metrics that they share."""

    title: str
    anchor: str
    metrics: tuple[str, ...]
    rows: tuple[CheckRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedRow:
    """One planted bug: who had to find it, and in how many seeded runs it did."""

    mark: str
    outcome: str
    number: str
    bug: str
    method: str
    dots: tuple[bool, ...]
    found: str
    executions: str
    time: str
    alarms: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRow:
    """One figure with a limit; `share` and `limit_share` place both on a bar, 0 to 100."""

    mark: str
    outcome: str
    name: str
    value: str
    spread: str
    limit: str
    share: float
    limit_share: float
    note: str


def finding_view(record: Record) -> FindingView:
    """Return a failed or undecided check with its story split into a lead and the rest."""
    lead, _, rest = record.message.strip().partition("\n")
    lines = rest.count("\n") + 1 if rest.strip() else 0
    return FindingView(
        mark=MARKS[record.outcome],
        kind=KIND_TITLES[record.kind],
        name=record.name,
        outcome=record.outcome.value,
        lead=lead or "No message was recorded.",
        story=rest.strip("\n"),
        lines=lines,
        open=lines <= _LONG_STORY_LINES,
        replay=record.replay,
    )


def summary_rows(records: Sequence[Record]) -> tuple[SummaryRow, ...]:
    """Return one row for each kind that has records, in the page's order."""
    rows = []
    for kind, title in KIND_TITLES.items():
        ended = [record.outcome for record in records if record.kind is kind]
        counts = tuple((outcome.value, ended.count(outcome)) for outcome in Outcome)
        if ended:
            rows.append(SummaryRow(title=title, anchor=kind.value, total=len(ended), counts=counts))
    return tuple(rows)


def check_table(records: Sequence[Record], kind: RecordKind) -> CheckTable | None:
    """Return one kind's table, the failed first, or None where there is nothing of it."""
    chosen = [record for record in records if record.kind is kind]
    if not chosen:
        return None
    metrics = _shared_metrics(chosen)
    chosen.sort(key=lambda record: _urgency(record.outcome))
    rows = tuple(_check_row(record, metrics) for record in chosen)
    return CheckTable(title=KIND_TITLES[kind], anchor=kind.value, metrics=metrics, rows=rows)


def planted_rows(records: Sequence[Record]) -> tuple[PlantedRow, ...]:
    """Return the matrix: a row for each bug and method, the false alarms of its good twin beside.

    A good twin's record has `params["twin"] = "good"`; one that belongs to no row gets its own.
    """
    planted = [record for record in records if record.kind is RecordKind.PLANTED]
    bad = [record for record in planted if record.params.get("twin") != "good"]
    good = {_twin(record): record for record in planted if record.params.get("twin") == "good"}
    rows = [_planted_row(record, good.pop(_twin(record), None)) for record in bad]
    rows += [_planted_row(record, record) for record in good.values()]
    return tuple(sorted(rows, key=lambda row: (row.outcome == "passed", row.number, row.method)))


def figure_rows(records: Sequence[Record]) -> tuple[FigureRow, ...]:
    """Return the benchmarks that have a limit: `params["limit"]` as a number in their unit."""
    rows = []
    for record in records:
        limit = _plain_number(record.params.get("limit", ""))
        if record.kind is RecordKind.BENCHMARK and limit is not None and record.measures:
            rows.append(_figure_row(record, record.measures[0], limit))
    return tuple(sorted(rows, key=lambda row: row.outcome == "passed"))


def _urgency(outcome: Outcome) -> int:
    return (Outcome.FAILED, Outcome.UNDECIDED, Outcome.SKIPPED, Outcome.PASSED).index(outcome)


def _shared_metrics(records: Sequence[Record]) -> tuple[str, ...]:
    met: dict[str, None] = {}
    for record in records:
        met.update(dict.fromkeys(measure.metric for measure in record.measures))
    return tuple(met)[:_METRIC_COLUMNS]


def _check_row(record: Record, metrics: Sequence[str]) -> CheckRow:
    shown = [f"{name} {record.params[name]}" for name in _SHOWN_PARAMS if record.params.get(name)]
    return CheckRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.name,
        about=" \u00b7 ".join(shown),
        note=record.params.get("evidence") or _first_line(record.message),
        cells=tuple(_cell(record.measure(metric)) for metric in metrics),
    )


def _planted_row(record: Record, good: Record | None) -> PlantedRow:
    found = record.measure("found")
    hits, of = (int(found.value), found.n) if found else (0, 0)
    shown = found is not None and 0 <= hits <= of <= _DOTS
    return PlantedRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        number=record.name,
        bug=record.params.get("bug", "") or _first_line(record.message),
        method=record.params.get("method", _ABSENT),
        dots=(True,) * hits + (False,) * (of - hits) if shown else (),
        found=f"{number(hits)} of {number(of)}" if found else _ABSENT,
        executions=_bare(record.measure("executions")),
        time=_cell(record.measure("time")),
        alarms=_alarms(good),
    )


def _alarms(good: Record | None) -> str:
    if good is None:
        return _ABSENT
    alarms = good.measure("found")
    if alarms is None:
        return "passes" if good.outcome is Outcome.PASSED else good.outcome.value
    return f"{number(alarms.value)} of {number(alarms.n)}"


def _twin(record: Record) -> tuple[str, str, str]:
    return (record.name, record.params.get("variant", ""), record.params.get("method", ""))


def _figure_row(record: Record, measure: Measure, limit: float) -> FigureRow:
    longest = max(abs(measure.value), abs(limit), 1e-300) * _ROOM
    word = "at least" if measure.direction is Direction.HIGHER else "at most"
    return FigureRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.name,
        value=quantity(measure.value, measure.unit),
        spread=_spread(measure),
        limit=f"{word} {stated(limit, measure.unit)}",
        share=round(100 * abs(measure.value) / longest, 1),
        limit_share=round(100 * abs(limit) / longest, 1),
        note=record.params.get("about", ""),
    )


def _spread(measure: Measure) -> str:
    if measure.q1 is None or measure.q3 is None:
        return ""
    factor = scale_for([measure.value], measure.unit).factor
    return f"{number(measure.q1 / factor)} to {number(measure.q3 / factor)}"


def _cell(measure: Measure | None) -> str:
    return _ABSENT if measure is None else quantity(measure.value, _shown_unit(measure))


def _bare(measure: Measure | None) -> str:
    return _ABSENT if measure is None else number(measure.value)


def _shown_unit(measure: Measure) -> str:
    # A column headed "executions" need not say executions in every cell.
    said = measure.unit in {"1", "count"} or measure.unit.rstrip("s") in measure.metric.split()
    return "" if said or measure.unit == measure.metric else measure.unit


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _plain_number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None

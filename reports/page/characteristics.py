"""What the code achieves on which machine: every subject's newest figures, and limits reached."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.cells import ABSENT, badge_of, by_urgency
from reports.page.finding import MARKS
from reports.page.profiles import profile_links
from reports.quantities import number, quantity, scale_for, stated
from reports.record import Direction, RecordKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.environment import Environment
    from reports.page.data import PageData
    from reports.record import Measure, Record

_MOST_LIMITS: Final = 200
_MOST_FIGURES: Final = 1_500
_AT_SIGHT: Final = 12  # figures up to here are one table; more are folded by subject
_ROOM: Final = 1.25  # how far past the larger of value and limit a bar's scale reaches


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRow:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRow:
    """The newest figure of one metric of one benchmark, with the middle half of its rounds."""

    name: str
    metric: str
    value: str
    spread: str
    better: str
    rounds: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One file or group of benchmarks."""

    name: str
    rows: tuple[LatestRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where it was measured, as pairs of a name and a fact."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristics:
    """The machines, the limits and every newest figure."""

    badge: str
    machines: tuple[Machine, ...]
    limits: tuple[LimitRow, ...]
    subjects: tuple[Subject, ...]
    folded: bool
    left_out: int


def view(data: PageData) -> Characteristics | None:
    """Return the figures of the newest code, or None where nothing was measured."""
    every = [one for one in data.selection.of_kind(RecordKind.BENCHMARK) if _plain(one)]
    if not every:
        return None
    limited = [record for record in every if _limit_of(record) is not None]
    others = [record for record in every if _limit_of(record) is None and record.measures]
    figures = sum(len(record.measures) for record in others)
    return Characteristics(
        badge=badge_of(limited),
        machines=_machines(data),
        limits=tuple(_limit_row(record) for record in by_urgency(limited)[:_MOST_LIMITS]),
        subjects=_subjects(others, profile_links(data)),
        folded=figures > _AT_SIGHT,
        left_out=max(figures - _MOST_FIGURES, 0) + max(len(limited) - _MOST_LIMITS, 0),
    )


def _plain(record: Record) -> bool:
    """Return whether a record is no pair: those have a section of their own."""
    return "pair" not in record.params


def _machines(data: PageData) -> tuple[Machine, ...]:
    measured = [
        one
        for one in data.selection.documents
        if any(record.kind is RecordKind.BENCHMARK for record in one.records)
    ]
    environments = {one.environment.fingerprint: one.environment for one in measured}
    machines = []
    for fingerprint, environment in environments.items():
        loads = [
            one.load_1m
            for one in measured
            if one.environment.fingerprint == fingerprint and one.load_1m is not None
        ]
        machines.append(Machine(facts=_facts(environment, loads)))
    return tuple(machines)


def _facts(environment: Environment, loads: Sequence[float]) -> tuple[tuple[str, str], ...]:
    packages = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    load = f"{number(min(loads))} to {number(max(loads))}" if loads else ""
    facts = (
        ("Processor", environment.cpu),
        ("Cores", number(environment.cores) if environment.cores else ""),
        ("System", f"{environment.system} {environment.kernel} {environment.machine}"),
        ("Python", f"{environment.implementation} {environment.python} ({environment.threads})"),
        ("Built with", environment.build),
        ("Hash seed", environment.hash_seed),
        ("Packages", packages),
        ("Load meanwhile", load),
    )
    return tuple((name, fact) for name, fact in facts if fact)


def _limit_of(record: Record) -> float | None:
    try:
        value = float(record.params.get("limit", ""))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _limit_row(record: Record) -> LimitRow:
    measure = record.measures[0] if record.measures else None
    limit = _limit_of(record)
    assert limit is not None, "only records with a limit get here"
    if measure is None:
        return _limit_alone(record, limit)
    longest = max(abs(measure.value), abs(limit), 1e-300) * _ROOM
    word = "at least" if measure.direction is Direction.HIGHER else "at most"
    return LimitRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.name,
        value=quantity(measure.value, measure.unit),
        spread=_spread(measure),
        limit=f"{word} {stated(limit, measure.unit)}",
        share=round(100 * (abs(measure.value) / longest), 1),
        limit_share=round(100 * (abs(limit) / longest), 1),
        note=record.params.get("about", ""),
    )


def _limit_alone(record: Record, limit: float) -> LimitRow:
    """Return the row of a figure that could not be measured: its limit stands there unmet."""
    return LimitRow(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.name,
        value=ABSENT,
        spread="",
        limit=stated(limit, ""),
        share=0.0,
        limit_share=round(100 / _ROOM, 1),
        note=record.message.partition("\n")[0] or record.params.get("about", ""),
    )


def _subjects(records: Sequence[Record], links: Mapping[str, str]) -> tuple[Subject, ...]:
    grouped: dict[str, list[LatestRow]] = {}
    for record in records:
        place, _, short = record.name.rpartition("::")
        subject = record.params.get("group") or place or "Others"
        rows = grouped.setdefault(subject, [])
        link = links.get(record.name, "")
        rows += [_latest_row(short or record.name, one, link) for one in record.measures]
    subjects, room = [], _MOST_FIGURES
    for name in sorted(grouped):
        kept = tuple(sorted(grouped[name], key=lambda row: (row.name, row.metric))[:room])
        room -= len(kept)
        if kept:
            subjects.append(Subject(name=name, rows=kept))
    return tuple(subjects)


def _latest_row(name: str, measure: Measure, profile: str) -> LatestRow:
    return LatestRow(
        name=name,
        metric=measure.metric,
        value=quantity(measure.value, measure.unit),
        spread=_spread(measure),
        better=measure.direction.value,
        rounds=number(measure.n),
        profile=profile,
    )


def _spread(measure: Measure) -> str:
    if measure.q1 is None or measure.q3 is None:
        return ""
    factor = scale_for([measure.value], measure.unit).factor
    return f"{number(measure.q1 / factor)} to {number(measure.q3 / factor)}"

"""Where the time and the memory go: the hottest functions of what was profiled."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from reports.page.cells import Rows, bounded, ran_at, whole_percent
from reports.page.profile_growth import total_of
from reports.page.profile_history import newest_of_each
from reports.quantities import count, quantity
from reports.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.page.data import PageData
    from reports.page.profile_history import ProfiledRun
    from reports.record import Measure, Record

_FIRST: Final = 6
_MOST: Final = 60
_BARS: Final = 12  # functions of one profile
_TITLES: Final = {"cpu": "CPU time", "wait": "Waiting for locks", "memory": "Memory allocated"}
_PER: Final = {"call": " a call", "peak": " at the peak"}
_ORDER: Final = tuple(_TITLES)


@dataclass(frozen=True, slots=True, kw_only=True)
class HotFunction:
    """One function.

    Attributes:
        share: Its part of the whole.
        width: Its part of the hottest one in percent, for the bar.
    """

    name: str
    place: str
    value: str
    share: str
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One kind of cost of one subject; `per` says what the amounts are of, where that is known."""

    title: str
    total: str
    per: str
    functions: tuple[HotFunction, ...]
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiled:
    """One subject with all its profiles; `anchor` is where the page has it."""

    name: str
    anchor: str
    note: str
    replay: str
    profiles: tuple[Profile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Everything that was profiled."""

    rows: Rows[Profiled]


def view(data: PageData) -> Profiles | None:
    """Return the profiles, those of regressions first, or None where nothing was profiled."""
    subjects = _subjects(data)
    if not subjects:
        return None
    shown = [_profiled(name, records) for name, records in list(subjects.items())[:_MOST]]
    rows = bounded(shown, first=_FIRST, most=_MOST)
    return Profiles(rows=replace(rows, left_out=len(subjects) - len(shown)))


def profile_links(data: PageData) -> Mapping[str, str]:
    """Return where on the page the profile of each benchmark stands, by the benchmark's name."""
    return {name: f"#{_anchor_of(name)}" for name in list(_subjects(data))[:_MOST]}


def _subjects(data: PageData) -> dict[str, list[Record]]:
    """Return what was profiled by name, in the page's order.

    A regression's newest profile is shown however old it is: it is what the reader looks for.
    """
    grouped: dict[str, list[Record]] = {}
    for record in data.selection.of_kind(RecordKind.PROFILE):
        grouped.setdefault(record.name, []).append(record)
    for name, runs in data.profiled.items():
        grouped[name] = [_dated(data, run) for run in newest_of_each(runs)]
    return {name: grouped[name] for name in sorted(grouped, key=lambda one: _rank(data, one))}


def _dated(data: PageData, run: ProfiledRun) -> Record:
    return run.record if run.stamp.commit_id == data.stamps[0].commit_id else run.dated


def _rank(data: PageData, name: str) -> tuple[bool, str]:
    return (name not in data.profiled, name)


def _anchor_of(name: str) -> str:
    return "profile-" + hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:12]


def _profiled(name: str, records: list[Record]) -> Profiled:
    records = sorted(records, key=lambda one: _place(one.params.get("profile", "")))
    return Profiled(
        name=name,
        anchor=_anchor_of(name),
        note=_note(records),
        replay=next((one.replay for one in records if one.replay), ""),
        profiles=tuple(_profile(record) for record in records if record.measures),
    )


def _note(records: list[Record]) -> str:
    said = dict.fromkeys(text for one in records for text in (ran_at(one), one.message) if text)
    return "; ".join(said)


def _place(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)


def _profile(record: Record) -> Profile:
    kind = record.params.get("profile", "")
    hottest = sorted(record.measures, key=lambda one: -one.value)
    most = max((one.value for one in hottest), default=0.0)
    total = total_of(record)
    return Profile(
        title=_TITLES.get(kind, kind or "Profile"),
        total=_total_words(hottest, total),
        per=_PER.get(record.params.get("per", ""), ""),
        functions=tuple(_function(one, most=most, total=total) for one in hottest[:_BARS]),
        left_out=max(len(hottest) - _BARS, 0),
    )


def _total_words(hottest: Sequence[Measure], total: float) -> str:
    unit = hottest[0].unit
    named = quantity(sum(one.value for one in hottest if one.value > 0), unit)
    whole = quantity(total, unit)
    of_all = named if named == whole else f"{named} of {whole}"
    return f"{of_all} in {count(len(hottest), 'function')} named"


def _function(measure: Measure, *, most: float, total: float) -> HotFunction:
    place, _, name = measure.metric.rpartition(" ")
    return HotFunction(
        name=name,
        place=place,
        value=quantity(measure.value, measure.unit),
        share=f"{whole_percent(measure.value / total)}\u202f%" if total > 0 else "",
        width=round(100 * max(measure.value, 0.0) / most, 1) if most > 0 else 0.0,
    )

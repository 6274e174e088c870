"""One change of one series in words: how much, how sure, between which commits, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.change_points.analysis import ChangeKind
from reports.page.curve import sparkline, thinned
from reports.page.news import Age, age_of_change
from reports.quantities import percent, quantity

if TYPE_CHECKING:
    from reports.judging.verdict import SeriesChange
    from reports.page.data import PageData

_LEAST_P: Final = 1e-4  # smaller ones depend on how the noise is modelled, and say no more
_TIME_UNITS: Final = ("s", "ms", "us", "ns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do next: why, and the command to copy."""

    why: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView:
    """A change as the page shows it.

    Attributes:
        name: The benchmark without its file, with the metric unless that is its time.
        place: The file.
        word: "slower", "faster", "worse" or "better".
        interval: Where the change lies with 95 % confidence.
        p: After correction for all series that were judged.
        where: The commits it lies between.
        line: Corners of a sparkline.
    """

    alert_id: str
    mark: str
    name: str
    place: str
    word: str
    worse: bool
    new: bool
    age: str
    kind: str
    change: str
    interval: str
    p: str
    before: str
    after: str
    where: str
    day: str
    acknowledged: str
    line: str
    steps: tuple[Step, ...]


def change_view(data: PageData, change: SeriesChange) -> ChangeView:
    """Return a change in words."""
    place, name = names_of(change.key.benchmark, change.key.metric)
    age = age_of_change(data, change)
    series = data.series.get(change.key)
    return ChangeView(
        alert_id=change.alert_id,
        mark=mark_of(change),
        name=name,
        place=place,
        word=word_of(change),
        worse=change.worse,
        new=age is Age.NEW,
        age=age.value,
        kind=change.kind.value,
        change=percent(change.change),
        interval=interval_words(change),
        p=p_words(change.p_adjusted),
        before=quantity(change.before, change.unit),
        after=quantity(change.after, change.unit),
        where=range_words(change),
        day=change.first_after.at.strftime("%Y-%m-%d"),
        acknowledged=acknowledged_words(change),
        line=sparkline(thinned(series.points())) if series else "",
        steps=_steps(change),
    )


def names_of(benchmark: str, metric: str) -> tuple[str, str]:
    """Return a benchmark's file and its short name."""
    place, _, short = benchmark.rpartition("::")
    return place, short if metric == "time" else f"{short} \u00b7 {metric}"


def mark_of(change: SeriesChange) -> str:
    """Return a sign whose shape tells worse from better and acknowledged, without its colour."""
    if change.acknowledged is not None:
        return "\u25a0"
    if change.change == 0:
        return "\u25cf"
    return "\u25b2" if change.after > change.before else "\u25bc"


def word_of(change: SeriesChange) -> str:
    """Return which way it went, in a word."""
    if change.unit in _TIME_UNITS:
        return "slower" if change.worse else "faster"
    return "worse" if change.worse else "better"


def interval_words(change: SeriesChange) -> str:
    """Return the confidence interval of a change."""
    low, high = change.interval
    return f"{percent(low)} to {percent(high)}"


def p_words(p: float) -> str:
    """Return a p-value to two digits."""
    return f"p < {_LEAST_P:.4f}" if p < _LEAST_P else f"p = {p:.2g}"


def range_words(change: SeriesChange) -> str:
    """Return the code a change lies between."""
    if change.kind is ChangeKind.DRIFT:
        began = f"little by little from {change.first_after.label}"
        if change.goes_on or change.until is None:
            return began
        return f"{began} to {change.until.label}"
    return f"between {change.last_before.label} and {change.first_after.label}"


def acknowledged_words(change: SeriesChange) -> str:
    """Return who accepted a change and why, or an empty text."""
    if change.acknowledged is None:
        return ""
    known = change.acknowledged
    return f"{known.who} on {known.day.isoformat()}: {known.why}"


def _steps(change: SeriesChange) -> tuple[Step, ...]:
    steps = []
    old, new = change.last_before.commit_id, (change.until or change.first_after).commit_id
    if old and new and old != new:
        steps.append(Step(why="What came in", command=f"git log --oneline {old[:12]}..{new[:12]}"))
        measure = f"holdfast report measure {old[:12]} {new[:12]}"
        steps.append(Step(why="Measure both again, in turn", command=measure))
    if change.worse and change.acknowledged is None:
        accept = f'holdfast report ack {change.alert_id} --reason "why it is worth it"'
        steps.append(Step(why="Accept it", command=accept))
    return tuple(steps)

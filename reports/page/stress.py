"""Stress runs: what was left behind, what grew, where threads were stuck, what chaos did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.axis import axis_for, drawable
from reports.page.canvas import Canvas
from reports.page.cells import ABSENT, Listing, cell, listing, ran_at, value_of
from reports.page.finding import MARKS
from reports.page.story import Story, story_of
from reports.quantities import count, number, percent, quantity
from reports.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.data import PageData
    from reports.record import Measure, Record

_FIRST: Final = 9
_MOST: Final = 150
_GROWTH: Final = " growth"
_SLOPE: Final = " slope"
_CURVES: Final = 3  # of one run: memory, threads, descriptors, as they are written
_CURVE_HEIGHT: Final = 96
_CHAOS: Final = "chaos: "
_DETAILS: Final = ("threads", "noise", "chaos", "seed", "interpreter", "noise left out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One resource of which the run held more in the end, or ever more from round to round.

    Attributes:
        left: What was left at the end.
        per_round: The slope with its 95 % interval, in words.
        grows: The interval lies above 0: this is no settling in, it goes on.
    """

    resource: str
    left: str
    per_round: str
    grows: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One metric over the time of the run."""

    metric: str
    unit: str
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StressCard:
    """One stress run."""

    mark: str
    outcome: str
    name: str
    about: str
    ending: str
    figures: tuple[tuple[str, str], ...]
    leaks: tuple[Leak, ...]
    steady: str
    curves: tuple[Curve, ...]
    chaos: tuple[str, ...]
    story: Story | None
    replay: str


def view(data: PageData) -> Listing[StressCard] | None:
    """Return the stress runs, or None where there is none."""
    records = data.selection.of_kind(RecordKind.STRESS)
    return listing(records, row=_card, summary=_summary, first=_FIRST, most=_MOST)


def _summary(records: Sequence[Record]) -> str:
    operations = sum(value_of(record, "operations") or 0.0 for record in records)
    seconds = sum(value_of(record, "time") or 0.0 for record in records)
    growing = sum(any(leak.grows for leak in _leaks(record)) for record in records)
    stuck = sum(record.params.get("ending") == "hang" for record in records)
    parts = [
        f"{count(len(records), 'run')} of {quantity(seconds, 's')} in all",
        count(int(operations), "operation"),
    ]
    parts.append(f"{number(growing)} with something that grows" if growing else "nothing grows")
    if stuck:
        parts.append(f"{number(stuck)} stuck")
    return ", ".join(parts) + "."


def _card(record: Record) -> StressCard:
    params = record.params
    leaks = _leaks(record)
    about = [f"{name} {params[name]}" for name in _DETAILS if params.get(name)]
    about.append(ran_at(record))
    story = story_of(record)
    return StressCard(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.name,
        about=" \u00b7 ".join(part for part in about if part),
        ending=params.get("ending", ""),
        figures=_figures(record),
        leaks=leaks,
        steady=_steady(record, leaks),
        curves=_curves(record),
        chaos=tuple(
            f"{name.removeprefix(_CHAOS)}: {words}"
            for name, words in params.items()
            if name.startswith(_CHAOS)
        ),
        story=story,
        replay="" if story else record.replay,
    )


def _figures(record: Record) -> tuple[tuple[str, str], ...]:
    wanted = ("time", "operations", "rate", "rounds", "peak memory")
    shown = [(metric, cell(record.measure(metric))) for metric in wanted]
    return tuple((title, text) for title, text in shown if text != ABSENT)


def _leaks(record: Record) -> tuple[Leak, ...]:
    """Return each resource that grew by anything, those that go on growing first."""
    resources = dict.fromkeys(
        one.metric.removesuffix(ending)
        for one in record.measures
        for ending in (_GROWTH, _SLOPE)
        if one.metric.endswith(ending)
    )
    found = [_leak(record, resource) for resource in resources]
    leaks = [leak for leak in found if leak is not None]
    return tuple(sorted(leaks, key=lambda leak: not leak.grows))


def _leak(record: Record, resource: str) -> Leak | None:
    left, slope = record.measure(resource + _GROWTH), record.measure(resource + _SLOPE)
    grows = slope is not None and (slope.value if slope.minimum is None else slope.minimum) > 0
    if not grows and (left is None or left.value <= 0):
        return None
    return Leak(
        resource=_plural(resource),
        left="" if left is None or left.value <= 0 else _plural_free(left),
        per_round="" if slope is None else _slope_words(slope),
        grows=grows,
    )


def _plural(resource: str) -> str:
    """Return a resource as one speaks of many of it: "thread" as "threads", memory as it is."""
    if resource.endswith("memory"):
        return resource
    return resource + ("es" if resource.endswith("s") else "s")


def _plural_free(left: Measure) -> str:
    """Return how much is left; a number of descriptors need not say descriptors again."""
    return quantity(left.value, left.unit if left.unit in {"bytes", "B", "s"} else "")


def _slope_words(slope: Measure) -> str:
    unit = "bytes" if slope.unit == "bytes/round" else ""
    words = quantity(slope.value, unit)
    if slope.minimum is None or slope.maximum is None:
        return words
    return f"{words} ({quantity(slope.minimum, unit)} to {quantity(slope.maximum, unit)})"


def _steady(record: Record, leaks: Sequence[Leak]) -> str:
    """Say which resources were watched and stayed as they were."""
    watched = [
        one.metric.removesuffix(_GROWTH) for one in record.measures if one.metric.endswith(_GROWTH)
    ]
    grown = {leak.resource for leak in leaks}
    same = [_plural(one) for one in watched if _plural(one) not in grown]
    return f"Back where it began: {', '.join(same)}." if same else ""


def _curves(record: Record) -> tuple[Curve, ...]:
    drawn = [one for one in record.measures if len(one.curve) > 1]
    usable = [
        one for one in drawn if all(drawable(at) and drawable(value) for at, value in one.curve)
    ]
    return tuple(_drawing(record, measure) for measure in usable[:_CURVES])


def _drawing(record: Record, measure: Measure) -> Curve:
    curve = measure.curve
    x = axis_for([0.0, curve[-1][0]], "s", from_zero=True)
    y = axis_for([value for _, value in curve], measure.unit, from_zero=True, most=3)
    canvas = Canvas(x, y, height=_CURVE_HEIGHT, x_unit=x.unit)
    canvas.area(curve, 0.0)
    canvas.line(curve)
    title = f"{measure.metric} of {record.name} over time"
    return Curve(
        metric=measure.metric,
        unit="" if y.unit == measure.metric else y.unit,
        svg=canvas.svg(title=title, description=_curve_words(measure)),
    )


def _curve_words(measure: Measure) -> str:
    first, last = measure.curve[0][1], measure.curve[-1][1]
    most = max(value for _, value in measure.curve)
    grown = f" ({percent(last / first - 1)})" if first > 0 else ""
    unit = measure.unit
    return (
        f"from {quantity(first, unit)} to {quantity(last, unit)}{grown} in "
        f"{quantity(measure.curve[-1][0], 's')}, at most {quantity(most, unit)}"
    )

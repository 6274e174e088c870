"""Fuzz campaigns: what was covered over time, what crashed, whether going on is worth it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from reports.page.axis import axis_for, drawable
from reports.page.canvas import Canvas
from reports.page.cells import ABSENT, Listing, bare, listing, ran_at, value_of
from reports.page.finding import MARKS
from reports.page.story import Story, story_of
from reports.quantities import count, number, quantity
from reports.record import RecordKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.data import PageData
    from reports.record import Measure, Record

_FIRST: Final = 12
_MOST: Final = 200
_CURVES: Final = ("coverage", "features", "new inputs", "corpus")  # the best known first
_PLATEAU: Final = 0.5  # nothing new in this part of the time: it has levelled off


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign as a card."""

    mark: str
    outcome: str
    name: str
    about: str
    figures: tuple[tuple[str, str], ...]
    svg: str
    curve_words: str
    outlook: str
    ending: str
    story: Story | None
    replay: str


def view(data: PageData) -> Listing[Campaign] | None:
    """Return the campaigns, or None where nothing was fuzzed."""
    records = data.selection.of_kind(RecordKind.FUZZ)
    return listing(records, row=_campaign, summary=_summary, first=_FIRST, most=_MOST)


def _summary(records: Sequence[Record]) -> str:
    executions = sum(value_of(record, "executions") or 0.0 for record in records)
    crashes = sum(value_of(record, "crashes") or 0.0 for record in records)
    seconds = sum(value_of(record, "time") or 0.0 for record in records)
    found = f"{count(int(crashes), 'crash', 'crashes')}" if crashes else "no crash"
    ran = f"{count(len(records), 'campaign')} of {quantity(seconds, 's')} in all"
    return f"{ran}, {count(int(executions), 'input')} run, {found}."


def _campaign(record: Record) -> Campaign:
    params = record.params
    drawn = _curve_of(record)
    about = [params.get("generator", "")]
    about += [f"{name} {params[name]}" for name in ("workers", "seed") if params.get(name)]
    about.append(ran_at(record))
    story = story_of(record)
    return Campaign(
        mark=MARKS[record.outcome],
        outcome=record.outcome.value,
        name=record.name,
        about=" \u00b7 ".join(part for part in about if part),
        figures=_figures(record),
        svg=_drawing(record, drawn) if drawn else "",
        curve_words=_curve_words(record, drawn) if drawn else "",
        outlook=params.get("outlook", ""),
        ending=params.get("ending", ""),
        story=story,
        replay="" if story else record.replay,
    )


def _figures(record: Record) -> tuple[tuple[str, str], ...]:
    wanted = (
        ("inputs run", "executions"),
        ("per second", "rate"),
        ("edges covered", "coverage"),
        ("inputs kept", "corpus"),
        ("crashes", "crashes"),
    )
    shown = [(title, bare(record.measure(metric))) for title, metric in wanted]
    seconds = value_of(record, "time")
    if seconds is not None:
        shown.insert(0, ("time", quantity(seconds, "s")))
    return tuple((title, text) for title, text in shown if text != ABSENT)


def _curve_of(record: Record) -> Measure | None:
    """Return the measure whose curve says most: of known metrics the first that rose, else any."""
    known = [one for name in _CURVES if (one := record.measure(name)) is not None]
    drawn = [one for one in (*known, *record.measures) if _drawn(one)]
    rising = [one for one in drawn if one.curve[-1][1] > one.curve[0][1]]
    return next(iter(rising or drawn), None)


def _drawn(measure: Measure) -> bool:
    whole = all(drawable(at) and drawable(value) for at, value in measure.curve)
    return len(measure.curve) > 1 and whole


def _drawing(record: Record, measure: Measure) -> str:
    curve = list(measure.curve)
    end_s = max(value_of(record, "time") or 0.0, curve[-1][0])
    if not drawable(end_s):
        return ""
    x = axis_for([0.0, end_s], "s", from_zero=True)
    y = axis_for([value for _, value in curve], measure.unit, from_zero=True)
    canvas = Canvas(x, y, x_unit=x.unit)
    points = [*curve, (end_s, curve[-1][1])]
    corners = [curve[0]]
    for at, value in points[1:]:
        corners += [(at, corners[-1][1]), (at, value)]
    canvas.area(corners, 0.0)
    canvas.line(corners)
    canvas.dots([_last_news(curve)], radius=3)
    title = f"{measure.metric} of {record.name} over time"
    return canvas.svg(title=title, description=_curve_words(record, measure))


def _curve_words(record: Record, measure: Measure) -> str:
    curve = list(measure.curve)
    at, value = _last_news(curve)
    end_s = max(value_of(record, "time") or 0.0, curve[-1][0])
    grown = f"{measure.metric}: {number(curve[0][1])} at first, {number(value)} {measure.unit} now"
    if end_s <= 0:
        return f"{grown}."
    quiet = max(end_s - at, 0.0)
    level = "has levelled off" if quiet > _PLATEAU * end_s else "still grows"
    return f"{grown}; the last gain (the dot) came after {quantity(at, 's')}, so it {level}."


def _last_news(curve: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return where the curve rose for the last time."""
    news = curve[0]
    for before, after in pairwise(curve):
        if after[1] > before[1]:
            news = after
    return news

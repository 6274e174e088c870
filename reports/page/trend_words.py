"""What a curve shows, in words: for whoever cannot or will not look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.judging.verdict import SeriesState
from reports.page.changes import interval_words, p_words, range_words, word_of
from reports.quantities import count, percent, quantity

if TYPE_CHECKING:
    from reports.judging.verdict import JudgedSeries, SeriesChange
    from reports.series import Series

STATE_MARKS = {
    SeriesState.REGRESSION: "\u25b2",
    SeriesState.CANNOT_TELL: "?",
    SeriesState.ACKNOWLEDGED: "\u25a0",
    SeriesState.IMPROVEMENT: "\u2713",
    SeriesState.UNCHANGED: "\u2013",
    SeriesState.NO_DIRECTION: "\u00b7",
}


def trend_words(series: Series, judged: JudgedSeries) -> str:
    """Return a curve in a few sentences."""
    points = series.points()
    newest = quantity(judged.current, series.unit)
    opening = (
        f"{count(len(series.runs), 'run')} of {count(len(points), 'version')}; "
        f"the newest, {points[-1].label}, stands at {newest}"
    )
    if judged.reason:
        return f"{opening}. Not judged: {judged.reason}."
    sentences = [f"{opening}. {series.direction.value.capitalize()}."]
    sentences += [_change_sentence(change) for change in judged.changes]
    if not judged.changes:
        sentences.append("No change beyond its noise.")
    if judged.spikes:
        lone = count(len(judged.spikes), "lone spike")
        sentences.append(f"{lone}, which {'is' if len(judged.spikes) == 1 else 'are'} no change.")
    if judged.smallest_visible is not None:
        size = share_words(judged.smallest_visible)
        sentences.append(f"A change under {size} would pass for noise.")
    return " ".join(sentences)


def relative_noise(judged: JudgedSeries) -> float | None:
    """Return a series' noise as a share of its level, or None where either is unknown."""
    if judged.noise is None or not judged.level:
        return None
    return judged.noise / abs(judged.level)


def share_words(value: float | None) -> str:
    """Return a share as a percentage without a sign, or a dash where it is unknown."""
    return "\u2013" if value is None else percent(value).lstrip("+")


def _change_sentence(change: SeriesChange) -> str:
    known = change.acknowledged
    tail = f", accepted by {known.who}" if known else ""
    before, after = quantity(change.before, change.unit), quantity(change.after, change.unit)
    return (
        f"{word_of(change).capitalize()} by {percent(change.change)} "
        f"({interval_words(change)}, {p_words(change.p_adjusted)}) "
        f"{range_words(change)}, from {before} to {after}{tail}."
    )

"""The table of all series and their curves, as the compact values that the script reads.

Columns rather than rows, and texts by number where they repeat: 10 000 series stay below 3 MB.
`templates/trends.js` is the one reader; names are short because they stand there 10 000 times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.judging.verdict import SeriesState
from reports.page.changes import interval_words, p_words, range_words, word_of
from reports.page.embedded import rounded
from reports.page.run_sides import embedded_sides
from reports.page.trend_words import STATE_MARKS, relative_noise
from reports.quantities import percent, scale_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.verdict import JudgedSeries, SeriesChange
    from reports.page.curve import Curve, CurvePoint
    from reports.page.data import PageData
    from reports.page.run_sides import RunSides

_STATES = tuple(SeriesState)
# More than is shown: what was rounded once already may round the other way again.
_SHARE_DIGITS = 7
_VALUE_DIGITS = 12


def table_values(data: PageData, judged: Sequence[JudgedSeries]) -> dict[str, Any]:
    """Return every column of the table: a list of one value a series each."""
    metrics = _Numbered()
    places = _Numbered()
    units = _Numbered()
    return {
        "states": [[state.value, STATE_MARKS[state], state.name.lower()] for state in _STATES],
        "state": [_STATES.index(one.state) for one in judged],
        "name": [one.key.benchmark for one in judged],
        "metric": [metrics.place(one.key.metric) for one in judged],
        "env": [places.place(data.places[one.key.environment]) for one in judged],
        "unit": [units.place(one.unit) for one in judged],
        "now": [rounded(one.current, digits=_VALUE_DIGITS) for one in judged],
        "change": [
            rounded(one.changes[-1].change, digits=_SHARE_DIGITS) if one.changes else None
            for one in judged
        ],
        "noise": [rounded(relative_noise(one), digits=_SHARE_DIGITS) for one in judged],
        "visible": [rounded(one.smallest_visible, digits=_SHARE_DIGITS) for one in judged],
        "runs": [one.runs for one in judged],
        "spikes": [len(one.spikes) for one in judged],
        "gone": [at for at, one in enumerate(judged) if not one.is_current],
        "reason": {at: one.reason for at, one in enumerate(judged) if one.reason},
        "metrics": metrics.texts,
        "envs": places.texts,
        "units": units.texts,
        "directions": {at: one.direction.value for at, one in enumerate(judged)}
        if len({one.direction for one in judged}) > 1
        else {},
        "direction": judged[0].direction.value if judged else "",
    }


def curve_values(
    curve: Curve, *, codes: dict[str, int], sides: RunSides | None = None
) -> dict[str, Any]:
    """Return a curve for the script; `codes` numbers the labels of all curves and grows.

    Keys: p medians, r their lowest and highest run where these differ, x places where several
    points are drawn as one, a labels, n points in all, u unit (factor and name), l levels
    (start, end, first, last), b band, s where the history begins anew, k spikes, c changes, d the
    runs before and now (see `embedded_sides`).
    """
    points = curve.points
    scale = scale_for(curve.heights, curve.unit)
    values: dict[str, Any] = {
        "p": [rounded(one.value) for one in points],
        "a": _labels([codes.setdefault(one.label, len(codes)) for one in points]),
        "u": [scale.factor, scale.label],
    }
    if any(one.low != one.high for one in points):
        values["r"] = [[rounded(one.low), rounded(one.high)] for one in points]
    if len(points) != curve.total:
        values |= {"x": [_place(one) for one in points], "n": curve.total}
    if curve.levels:
        values["l"] = [
            [one.start, one.end, rounded(one.first), rounded(one.last)] for one in curve.levels
        ]
        values["b"] = rounded(curve.band)
    if curve.began:
        values["s"] = curve.began
    if curve.spikes:
        values["k"] = list(curve.spikes)
    told = sides and embedded_sides(sides, factor=scale.factor, codes=codes)
    if told:
        values["d"] = told
    if curve.changes:
        values["c"] = [_change(one) for one in curve.changes]
    return values


def _change(change: SeriesChange) -> dict[str, Any]:
    known = change.acknowledged
    return {
        "i": change.first_after.index,
        "h": rounded(change.after if change.kind == "step" else change.before),
        "up": change.after > change.before,
        "bad": change.worse,
        "t": percent(change.change),
        "w": (
            f"{change.kind.value}, {word_of(change)} by {percent(change.change)} "
            f"({interval_words(change)}, {p_words(change.p_adjusted)}), {range_words(change)}"
        ),
        **({"ack": f"{known.who}: {known.why}"} if known else {}),
        **({"id": change.alert_id} if change.worse and change.standing and not known else {}),
    }


def _labels(numbers: list[int]) -> list[int] | dict[str, int]:
    """Return the numbers, or where they start if each follows the one before."""
    start = numbers[0]
    if numbers == list(range(start, start + len(numbers))):
        return {"from": start}
    return numbers


def _place(point: CurvePoint) -> float:
    return int(point.at) if point.at.is_integer() else point.at


class _Numbered:
    """Texts, each with a number that stands for it. Belongs to one thread."""

    __slots__ = ("_places",)

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, text: str) -> int:
        return self._places.setdefault(text, len(self._places))

    @property
    def texts(self) -> list[str]:
        return list(self._places)

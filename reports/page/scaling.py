"""How a benchmark's cost grows with the number in its name: threads, items, bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.axis import drawable
from reports.page.cells import Rows, bounded
from reports.page.parameter import parameters_of
from reports.page.power_law import LEAST_SIZES, PowerLaw, fit_power_law
from reports.page.scaling_figure import Words, draw_scaling
from reports.quantities import MINUS
from reports.record import Direction, RecordKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.page.data import PageData
    from reports.page.parameter import Parameter
    from reports.series import Point, Series

_FIRST: Final = 8
_MOST: Final = 40
_SHARERS: Final = re.compile(
    r"thread|worker|task|client|process|consumer|producer|job|core|cpu|parallel|concurren",
    re.IGNORECASE,
)
_LINEAR: Final = 1.0
_FLAT: Final = 0.0
_NOTICED: Final = 0.05  # an exponent nearer to a whole one is called that one
_WIDE: Final = 0.6  # an interval wider than this tells no law from another
_SIDEWAYS: Final = 0.3  # of an exponent: so flat is nearer to level than to in step


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """One benchmark over one parameter."""

    name: str
    place: str
    words: str
    warns: bool
    svg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalings:
    """All curves, those that warn first."""

    badge: str
    rows: Rows[Scaling]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Family:
    """The series that differ in one number of their name only."""

    name: str
    label: str
    metric: str
    members: Mapping[float, Series]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """A family with the law that its newest code follows."""

    family: _Family
    points: tuple[tuple[float, Point], ...]
    law: PowerLaw
    words: str
    warns: bool

    @property
    def unit(self) -> str:
        return next(iter(self.family.members.values())).unit


def view(data: PageData) -> Scalings | None:
    """Return the curves, or None where no three benchmarks differ in a number only."""
    params = {record.name: record.params for record in data.selection.of_kind(RecordKind.BENCHMARK)}
    fits = [_fitted(family) for family in _families(data.series.values(), params)]
    found = [fit for fit in fits if fit is not None]
    found.sort(key=lambda fit: (not fit.warns, fit.family.name, fit.family.metric))
    if not found:
        return None
    warning = sum(fit.warns for fit in found)
    shown = bounded([_scaling(fit) for fit in found[:_MOST]], first=_FIRST, most=_MOST)
    return Scalings(
        badge=f"{warning} to look at" if warning else "",
        rows=Rows(first=shown.first, folded=shown.folded, left_out=len(found) - len(found[:_MOST])),
    )


def _families(every: Iterable[Series], params: Mapping[str, Mapping[str, str]]) -> list[_Family]:
    grouped: dict[tuple[str, str, str], dict[float, Series]] = {}
    labels: dict[str, str] = {}
    for series in every:
        for parameter in parameters_of(series.key.benchmark):
            key = (parameter.family, series.key.metric, series.key.environment)
            grouped.setdefault(key, {})[parameter.value] = series
            label = parameter.label or _label_in(params.get(series.key.benchmark, {}), parameter)
            labels[parameter.family] = label or labels.get(parameter.family, "")
    return [
        _Family(name=name, label=labels[name], metric=metric, members=members)
        for (name, metric, _), members in sorted(grouped.items(), key=lambda one: one[0])
        if len(members) >= LEAST_SIZES
    ]


def _label_in(params: Mapping[str, str], parameter: Parameter) -> str:
    """Return the name of the parameter that has this value, where one has."""
    return next((name for name, value in params.items() if value == parameter.text), "")


def _fitted(family: _Family) -> _Fitted | None:
    """Return the law of the newest code that measured at least three sizes; all of one code."""
    newest = sorted(_newest_points(family).items())
    points = tuple((size, point) for size, point in newest if size > 0 and _fits(point))
    if len(points) < LEAST_SIZES:
        return None
    law = fit_power_law([size for size, _ in points], [point.median for _, point in points])
    cost = next(iter(family.members.values())).direction
    words, warns = _judged(law, sharers=bool(_SHARERS.search(family.label)), cost=cost)
    label = family.label or "the number in the name"
    words = f"Grows as {label} to the power {_exponent(law)}: {words}"
    return _Fitted(family=family, points=points, law=law, words=words, warns=warns)


def _fits(point: Point) -> bool:
    return all(value > 0 and drawable(value) for value in point.values)


def _scaling(fit: _Fitted) -> Scaling:
    place, _, short = fit.family.name.rpartition("::")
    metric = "" if fit.family.metric == "time" else f", {fit.family.metric}"
    return Scaling(
        name=short + metric,
        place=place,
        words=fit.words,
        warns=fit.warns,
        svg=draw_scaling(
            [(size, point.values) for size, point in fit.points],
            fit.law,
            unit=fit.unit,
            words=Words(
                parameter=fit.family.label,
                title=f"{fit.family.metric} of {short} over {fit.family.label or 'its number'}",
                description=fit.words,
            ),
        ),
    )


def _newest_points(family: _Family) -> dict[float, Point]:
    """Return the point of each size for the newest code of the family: sizes of one code only."""
    points = {size: series.points() for size, series in family.members.items()}
    newest = max(
        (series.runs[-1].stamp for series in family.members.values() if series.runs),
        key=lambda stamp: (stamp.position or 0, stamp.written_at, stamp.run_id),
    ).code
    found = {size: [one for one in every if one.code == newest] for size, every in points.items()}
    return {size: of_code[-1] for size, of_code in found.items() if of_code}


def _exponent(law: PowerLaw) -> str:
    bounds = f"{_rounded(law.low)} to {_rounded(law.high)}"
    return f"{_rounded(law.exponent)} (95 %: {bounds})"


def _rounded(exponent: float) -> str:
    return f"{exponent:.2f}".replace("-0.00", "0.00").replace("-", MINUS)


def _judged(law: PowerLaw, *, sharers: bool, cost: Direction) -> tuple[str, bool]:
    """Return what the exponent means, and whether somebody should look at it."""
    if law.high - law.low > _WIDE:
        return "too few or too uneven points to tell which law this is.", False
    match cost:
        case Direction.HIGHER:
            return _gain(law, sharers=sharers)
        case Direction.LOWER | Direction.NEITHER:
            return _cost_of_sharers(law) if sharers else _cost(law)


def _cost(law: PowerLaw) -> tuple[str, bool]:
    if law.low > _LINEAR + _NOTICED:
        return "superlinear, twice the size costs more than twice as much.", True
    if law.low > _FLAT + _NOTICED and law.high < _LINEAR - _NOTICED:
        return "sublinear, twice the size costs less than twice as much.", False
    if law.high < _FLAT - _NOTICED:
        return "the larger, the cheaper.", False
    if abs(law.exponent) < _SIDEWAYS:
        return "level, the size makes no difference that shows.", False
    return "linear, as far as these points tell.", False


def _cost_of_sharers(law: PowerLaw) -> tuple[str, bool]:
    if law.low > _LINEAR + _NOTICED:
        return "contended, each one more costs more than the one before.", True
    if law.low > _FLAT + _NOTICED:
        return (
            "it costs more the more there are. That is contention if each does a share of the "
            "work; if each does work of its own, it is what fewer cores than workers give."
        ), law.exponent < _LINEAR - _NOTICED or law.low > _LINEAR
    if law.high < _FLAT - _NOTICED:
        return "it gets cheaper the more there are: they share the work.", False
    return "level, more of them neither help nor hinder.", False


def _gain(law: PowerLaw, *, sharers: bool) -> tuple[str, bool]:
    if law.high < _FLAT - _NOTICED:
        return "it falls the more there are: contended.", sharers
    if law.low > _LINEAR - 2 * _NOTICED:
        return "it grows in step.", False
    if law.low > _FLAT + _NOTICED:
        return "it grows, but not in step.", False
    return "level, more brings nothing that shows.", sharers

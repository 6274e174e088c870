"""Old runs over new ones: whether all runs moved or one, and how wide the rounds of each spread."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.axis import drawable
from reports.page.cells import Rows, bounded
from reports.page.distribution_figure import RunBox, Side, draw_distribution
from reports.page.profiles import profile_links
from reports.page.run_sides import RunSides, run_sides

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.judging.verdict import JudgedSeries
    from reports.page.data import PageData
    from reports.series import Point, RunValue

_FIRST: Final = 8
_MOST: Final = 24  # the others are drawn when their row is opened in the table of trends


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One benchmark, its old runs over its new ones; `profile` leads to its profile, or nowhere."""

    name: str
    place: str
    state: str
    words: str
    svg: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distributions:
    """The benchmarks that changed, then those that differ most, each with its runs.

    Attributes:
        others: How many more have two sides, each of them in the table of trends.
    """

    rows: Rows[Distribution]
    others: int


def view(data: PageData) -> Distributions | None:
    """Return the benchmarks that have runs of two versions, or None where none has."""
    if data.judgement is None:
        return None
    compared = [
        (one, sides)
        for one in data.judgement.series
        if one.key in data.series and (sides := run_sides(data.series[one.key], one)) is not None
    ]
    compared.sort(key=lambda pair: (not pair[0].changes, -abs(pair[1].change)))
    if not compared:
        return None
    links = profile_links(data)
    drawn = [_distribution(judged, sides, links) for judged, sides in compared[:_MOST]]
    return Distributions(
        rows=bounded(drawn, first=_FIRST, most=_MOST), others=len(compared) - len(drawn)
    )


def _distribution(judged: JudgedSeries, sides: RunSides, links: Mapping[str, str]) -> Distribution:
    place, _, short = judged.key.benchmark.rpartition("::")
    metric = "" if judged.key.metric == "time" else f", {judged.key.metric}"
    svg = draw_distribution(
        _side("before", sides.old, sides.old_runs),
        _side("now", sides.new, sides.new_runs),
        unit=sides.unit,
        title=f"Runs of {short}{metric}, before and now",
        description=sides.words,
    )
    return Distribution(
        name=short + metric,
        place=place,
        state=str(judged.state),
        words=sides.words,
        svg=svg,
        profile=links.get(judged.key.benchmark, ""),
    )


def _side(label: str, point: Point, runs: tuple[RunValue, ...]) -> Side:
    boxes = tuple(_box(run) for run in runs)
    return Side(label=label, median=statistics.median(point.values), boxes=boxes)


def _box(run: RunValue) -> RunBox:
    low, q1, q3, high = (
        one if one is not None and math.isfinite(one) and drawable(one) else None
        for one in (run.minimum, run.q1, run.q3, run.maximum)
    )
    return RunBox(value=run.value, low=low, q1=q1, q3=q3, high=high)

"""Cost against a size, both on axes of equal ratios, with the law that fits best."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.axis import Axis, log_axis_for
from reports.page.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.page.power_law import PowerLaw

_HEIGHT: Final = 180
_RUNS: Final = 20  # dots of one size; more hide each other
_TICKS: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a figure says in words; `parameter` is written after the last size."""

    parameter: str
    title: str
    description: str


def draw_scaling(
    points: Sequence[tuple[float, Sequence[float]]],
    law: PowerLaw,
    *,
    unit: str,
    words: Words,
) -> str:
    """Return the costs of each size as dots, the law as a line, and a linear one to compare with.

    Args:
        points: Sizes, rising, each with the value of every run; all above 0.
    """
    sizes = [size for size, _ in points]
    costs = [cost for _, runs in points for cost in runs]
    ends = [sizes[0], sizes[-1]]
    x = _sizes_axis(sizes)
    y = log_axis_for([*costs, *(law.at(size) for size in ends)], unit)
    canvas = Canvas(x, y, height=_HEIGHT, x_unit=words.parameter)
    canvas.line(_in_step(points, y), "linear")
    canvas.line([(size, law.at(size)) for size in ends], "law")
    for size, runs in points:
        canvas.dots(((size, cost) for cost in runs[-_RUNS:]), "dot faint")
    canvas.dots(((size, statistics.median(runs)) for size, runs in points), radius=3.4)
    return canvas.svg(title=words.title, description=words.description)


def _sizes_axis(sizes: Sequence[float]) -> Axis:
    """Return the axis with the sizes that were measured as its labels, as many as there is room."""
    axis = log_axis_for(sizes, "")
    step = math.ceil(len(sizes) / _TICKS)
    shown = list(sizes[::-1][::step])[::-1]
    ticks = tuple((size, f"{size:g}" if size < 1e5 else f"{size:.0e}") for size in shown)  # noqa: PLR2004
    return Axis(low=axis.low, high=axis.high, ticks=ticks, log=True)


def _in_step(points: Sequence[tuple[float, Sequence[float]]], y: Axis) -> list[tuple[float, float]]:
    """Return the line that begins at the first point and doubles with the size, within the plot."""
    size, cost = points[0][0], statistics.median(points[0][1])
    end = min(points[-1][0], size * y.high / cost)
    return [(size, cost), (end, cost * end / size)]

"""Runs of two versions as boxes over each other, on one axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.page.axis import axis_for
from reports.page.canvas import Canvas

if TYPE_CHECKING:
    from collections.abc import Iterator

_LANE: Final = 13  # figure units a run
_BOX: Final = 8
_GAP: Final = 12  # between the two versions
_EDGES: Final = 30  # what the canvas keeps above and below
_BEYOND: Final = 0.35  # of the span of boxes: how far a line may reach before it is cut


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBox:
    """One run: its value, and the five-number summary of the rounds within it where known."""

    value: float
    low: float | None
    q1: float | None
    q3: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The runs of one version."""

    label: str
    median: float
    boxes: tuple[RunBox, ...]


def draw_distribution(old: Side, new: Side, *, unit: str, title: str, description: str) -> str:
    """Return the runs of two versions as a drawing, the old ones above."""
    axis = axis_for(_range(old, new), unit)
    height = _LANE * (len(old.boxes) + len(new.boxes)) + _GAP + _EDGES
    canvas = Canvas(axis, None, height=height, x_unit=axis.unit)
    inner = height - _EDGES
    top = 0.0
    for side, style in ((old, "old"), (new, "new")):
        rows = _LANE * len(side.boxes)
        canvas.side(side.label, at=1 - (top + rows / 2) / inner, style=f"label {style}")
        middle = 1 - (top + rows / 2) / inner
        canvas.across(side.median, at=middle, thick=rows + 2, style=f"median {style}")
        for place, box in enumerate(side.boxes):
            _draw_run(canvas, box, at=1 - (top + _LANE * (place + 0.5)) / inner, style=style)
        top += rows + _GAP
    return canvas.svg(title=title, description=description)


def _draw_run(canvas: Canvas, box: RunBox, *, at: float, style: str) -> None:
    ends = [one for one in (box.low, box.q1, box.value, box.q3, box.high) if one is not None]
    canvas.span(min(ends), max(ends), at=at, style=f"whisker {style}")
    if box.q1 is not None and box.q3 is not None:
        canvas.box(box.q1, box.q3, at=at, thick=_BOX, style=f"box {style}")
    canvas.dots([(box.value, at)], f"dot {style}")


def _range(old: Side, new: Side) -> list[float]:
    """Return what the axis must hold: the boxes; of the lines to the ends only so much.

    One interrupted round in a thousand takes a hundred times as long, and would press all boxes
    into one stroke.
    """
    inner = [one for side in (old, new) for box in side.boxes for one in _inner(box)]
    low, high = min(inner), max(inner)
    reach = (high - low) * _BEYOND
    lows = [box.low for side in (old, new) for box in side.boxes if box.low is not None]
    highs = [box.high for side in (old, new) for box in side.boxes if box.high is not None]
    return [max(min([low, *lows]), low - reach), min(max([high, *highs]), high + reach)]


def _inner(box: RunBox) -> Iterator[float]:
    yield box.value
    for one in (box.q1, box.q3):
        if one is not None:
            yield one

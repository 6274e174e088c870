"""Small drawings as SVG that stands in the page's own text, colours and theme.

Written out here rather than by matplotlib: a curve of 300 points takes 3 KiB and a fraction of a
millisecond instead of 90 KiB and 100, and a page holds hundreds of them. Sizes are those of a
phone's column, so that letters are never smaller than on the page around them.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.page.axis import Axis

WIDTH: Final = 340
HEIGHT: Final = 150
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 8, 22  # room for labels around the plot


class Canvas:
    """A figure in the making: marks in the order in which they are drawn. Belongs to one thread.

    Every mark has a class of the page's style sheet and no colour of its own.
    """

    __slots__ = ("_height", "_left", "_marks", "_x", "_y")

    def __init__(
        self,
        x: Axis,
        y: Axis | None,
        *,
        height: int = HEIGHT,
        left: int = _LEFT,
        x_unit: str = "",
    ) -> None:
        """Begin a figure.

        Args:
            y: None where heights are places that the caller chooses, 0 (bottom) to 1.
            left: Room for the labels of `y`, in figure units.
            x_unit: Written after the last label of `x`.
        """
        self._x, self._y = x, y
        self._height, self._left = height, left
        self._marks: list[str] = []
        self._draw_ticks(x_unit)

    def line(self, points: Sequence[tuple[float, float]], style: str = "line") -> None:
        """Draw a line through points."""
        path = " ".join(f"{self._at_x(x)},{self._at_y(y)}" for x, y in points)
        self._marks.append(f'<polyline class="{style}" points="{path}"/>')

    def area(self, points: Sequence[tuple[float, float]], floor: float) -> None:
        """Fill what lies between points and a height."""
        ends = [(points[-1][0], floor), (points[0][0], floor)]
        path = " ".join(f"{self._at_x(x)},{self._at_y(y)}" for x, y in [*points, *ends])
        self._marks.append(f'<polygon class="wash" points="{path}"/>')

    def dots(
        self, points: Iterable[tuple[float, float]], style: str = "dot", *, radius: float = 2.6
    ) -> None:
        """Draw a dot at each point."""
        self._marks += [
            f'<circle class="{style}" cx="{self._at_x(x)}" cy="{self._at_y(y)}" r="{radius:g}"/>'
            for x, y in points
        ]

    def box(self, low: float, high: float, *, at: float, thick: float, style: str = "box") -> None:
        """Draw a horizontal box from `low` to `high`, `thick` figure units, around height `at`."""
        x, width = self._at_x(low), max(self._at_x(high) - self._at_x(low), 0.8)
        y = self._at_y(at) - thick / 2
        self._marks.append(
            f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{width:.4g}" height="{thick:g}"/>'
        )

    def across(self, x: float, *, at: float, thick: float, style: str = "middle") -> None:
        """Draw a short upright line at `x`, around height `at`."""
        y, place = self._at_y(at), self._at_x(x)
        self._stroke(style, (place, y - thick / 2, place, y + thick / 2))

    def span(self, low: float, high: float, *, at: float, style: str = "whisker") -> None:
        """Draw a level line from `low` to `high` at height `at`."""
        y = self._at_y(at)
        self._stroke(style, (self._at_x(low), y, self._at_x(high), y))

    def side(self, text: str, *, at: float, style: str = "label") -> None:
        """Write to the left of the plot at height `at`."""
        self._write(text, self._left - 6, self._at_y(at) + 3.5, f"{style} end")

    def svg(self, *, title: str, description: str) -> str:
        """Return the figure as an element that says in words what it shows."""
        words = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
        size = f'viewBox="0 0 {WIDTH} {self._height}"'
        marks = "".join(self._marks)
        name = escape(f"{title}. {description}", quote=True)
        return f'<svg class="plot" role="img" aria-label="{name}" {size}>{words}{marks}</svg>'

    def _draw_ticks(self, x_unit: str) -> None:
        bottom = self._height - _BOTTOM
        if self._y is not None:
            for value, label in self._y.ticks:
                y = self._at_y(value)
                self._stroke("grid", (self._left, y, WIDTH - _RIGHT, y))
                self._write(label, self._left - 6, y + 3.5, "label end")
        last = len(self._x.ticks) - 1
        for place, (value, label) in enumerate(self._x.ticks):
            x = self._at_x(value)
            if self._y is None:
                self._stroke("grid", (x, _TOP, x, bottom))
            text = f"{label} {x_unit}" if place == last and x_unit else label
            half = len(text) * 3  # of its width: a letter takes some 6 units
            if x + half > WIDTH:
                self._write(text, WIDTH - 1, self._height - 7, "label end")
            else:
                self._write(text, x, self._height - 7, "label mid")
        self._stroke("edge", (self._left, bottom, WIDTH - _RIGHT, bottom))

    def _stroke(self, style: str, ends: tuple[float, float, float, float]) -> None:
        x1, y1, x2, y2 = (f"{one:.4g}" for one in ends)
        self._marks.append(f'<line class="{style}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')

    def _write(self, text: str, x: float, y: float, style: str) -> None:
        self._marks.append(f'<text class="{style}" x="{x:.4g}" y="{y:.4g}">{escape(text)}</text>')

    def _at_x(self, value: float) -> float:
        return round(self._left + self._x.share(value) * (WIDTH - self._left - _RIGHT), 1)

    def _at_y(self, value: float) -> float:
        share = value if self._y is None else self._y.share(value)
        bottom = self._height - _BOTTOM
        return round(bottom - share * (bottom - _TOP), 1)

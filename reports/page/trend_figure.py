"""A series drawn as one small SVG that sits in the page's own text, colours and theme.

The same series gives the same bytes: ids are salted with a constant and no date is written. No
text from outside enters the drawing except commit ids and dates, so nothing has to be escaped for
it; the benchmark's name and unit stand in the page around it.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

from reports.errors import MissingExtraError
from reports.judging.judge import Judged, Judgement
from reports.quantities import number, percent, scale_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.series import Point, Series

_POINTS: Final = 300  # 23 KiB of SVG at 100 points, 308 KiB at 2 000
_WIDTH_IN: Final = 6.4
_HEIGHT_IN: Final = 2.1
_LABELS: Final = 7  # seven hex digits seven times fill the width

_READABLE: Final = (1e-3, 1e6)  # heights whose ticks read well written out in full

# matplotlib knows no CSS variables: it draws in these unmistakable colours, which are replaced.
_PALETTE: Final = {
    "#010203": "var(--ink-2)",
    "#020304": "var(--rule)",
    "#030405": "var(--series)",
    "#040506": "var(--band)",
    "#050607": "var(--bad)",
    "#060708": "var(--paper)",
}
_INK, _RULE, _SERIES, _BAND, _BAD, _PAPER = _PALETTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure's SVG, and the unit its axis counts in."""

    svg: str
    unit: str


def draw_trend(series: Series, judged: Judged, *, title: str, description: str) -> Drawing:
    """Return the series as a drawing: runs as dots, medians as a line, the noise as a band.

    Args:
        title: The name a screen reader announces.
        description: What the figure shows, in words.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    points = series.points()[-_POINTS:]
    scale = scale_for(series.values, series.unit)
    figure = _figure()
    axes: Any = figure.add_axes((0.085, 0.17, 0.885, 0.77))
    _draw_band(axes, judged, len(points), scale.factor)
    _draw_runs(axes, points, scale.factor)
    _draw_newest(axes, points, judged, scale.factor)
    _dress(axes, [point.label for point in points], points[-1].median / scale.factor)
    return Drawing(svg=_inline(_bytes(figure), title, description), unit=scale.label)


def _figure() -> Any:  # noqa: ANN401  # matplotlib is loaded only here
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  # heavy: 0.3 s, only when drawing
    except ImportError as error:
        raise MissingExtraError("matplotlib") from error
    return Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))


def _draw_band(axes: Any, judged: Judged, count: int, factor: float) -> None:  # noqa: ANN401
    if judged.baseline is None or judged.limit is None:
        return
    low, high = judged.baseline - judged.limit, judged.baseline + judged.limit
    axes.axhspan(low / factor, high / factor, color=_BAND, linewidth=0, zorder=0)
    axes.axhline(judged.baseline / factor, color=_RULE, linewidth=0.8, dashes=(4, 3), zorder=1)
    axes.set_xlim(-0.6, count - 0.4)


def _draw_runs(axes: Any, points: Sequence[Point], factor: float) -> None:  # noqa: ANN401
    for at, point in enumerate(points):
        heights = [value / factor for value in point.values]
        axes.plot([at] * len(heights), heights, "o", color=_SERIES, markersize=2.4, alpha=0.45)
    medians = [point.median / factor for point in points]
    axes.plot(range(len(points)), medians, color=_SERIES, linewidth=1.4, zorder=3)
    axes.set_xlim(-0.6, len(points) - 0.4)


def _draw_newest(axes: Any, points: Sequence[Point], judged: Judged, factor: float) -> None:  # noqa: ANN401
    worse = judged.judgement is Judgement.REGRESSION
    at, height = len(points) - 1, points[-1].median / factor
    axes.plot(
        [at],
        [height],
        "D" if worse else "o",  # the shape says it too, not the colour alone
        color=_BAD if worse else _SERIES,
        markeredgecolor=_PAPER,
        markersize=8 if worse else 6.5,
        zorder=4,
        clip_on=False,
    )
    if worse and judged.change is not None:
        axes.annotate(
            percent(judged.change),
            (at, height),
            xytext=(-10, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            color=_BAD,
            fontsize=10,
            fontweight="bold",
        )


def _dress(axes: Any, labels: Sequence[str], height: float) -> None:  # noqa: ANN401
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_RULE)
    axes.margins(y=0.18)
    step = math.ceil(len(labels) / _LABELS)
    at = list(range(len(labels) - 1, -1, -step))[::-1]  # the newest always has its label
    axes.set_xticks(at, [labels[one] for one in at], parse_math=False)
    axes.yaxis.set_major_locator(_few_ticks())
    if _READABLE[0] <= abs(height) < _READABLE[1]:
        # As many decimals as neighbouring ticks need to differ, and no offset in a corner.
        axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    else:
        axes.yaxis.set_major_formatter(lambda value, _place: number(value))
    axes.tick_params(colors=_INK, labelsize=9, length=0, pad=5)
    axes.grid(axis="y", color=_RULE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_facecolor("none")


def _few_ticks() -> Any:  # noqa: ANN401
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  # as above

    return MaxNLocator(nbins=4)


def _bytes(figure: Any) -> str:  # noqa: ANN401
    import matplotlib as mpl  # noqa: PLC0415  # as above

    figure.patch.set_alpha(0)
    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "holdfast", "svg.fonttype": "none"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def _inline(svg: str, title: str, description: str) -> str:
    """Return matplotlib's file as an element of a page: themed, scalable, with its words."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    body = re.sub(r"font: (?:bold |\d+ )?([\d.]+px) [^;\"]*", r"font-size: \1", body)
    body = re.sub(r"; font-family: [^;\"]*", "", body)  # the page's own letters
    body = re.sub(r"<style.*?</style>", "", body, flags=re.DOTALL)  # it would style the page
    body = _with_own_ids(body, title)
    for drawn, themed in _PALETTE.items():
        body = body.replace(drawn, themed)
    words = f"<title>{escape(title)}</title><desc>{escape(description)}</desc>"
    return re.sub(r"<svg[^>]*>", lambda head: _head(head.group()) + words, body, count=1)


def _with_own_ids(body: str, title: str) -> str:
    # Ids must be unique in a page of many figures; nothing refers to those of groups.
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    mark = "f" + hashlib.sha256(title.encode()).hexdigest()[:10]
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{mark}-", body)


def _head(tag: str) -> str:
    return tag.replace("<svg", '<svg class="trend" role="img"', 1)

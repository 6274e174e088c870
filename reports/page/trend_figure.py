"""A curve drawn as one small SVG that sits in the page's own text, colours and theme.

The same curve gives the same bytes: ids are salted with a constant and no date is written. No
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
from reports.quantities import number, percent, scale_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.judging.verdict import SeriesChange
    from reports.page.curve import Curve, CurvePoint

_POINT_IN: Final = 1 / 72  # an SVG of matplotlib counts in points
_WIDTH_IN: Final = 640 * _POINT_IN  # as wide and high as what the script draws
_HEIGHT_IN: Final = 250 * _POINT_IN
_LABELS: Final = 7  # seven hex digits seven times fill the width
_FEW: Final = 60  # up to here each run has a dot of its own
_EDGE: Final = 0.1  # of the width: nearer to the left edge nothing fits before a point
_ODD: Final = "every-second-label"  # there is no room for these on a phone
_READABLE: Final = (1e-3, 1e6)  # heights whose ticks read well written out in full

# matplotlib knows no CSS variables: it draws in these unmistakable colours, which are replaced.
_PALETTE: Final = {
    "#010203": "var(--ink-2)",
    "#020304": "var(--rule)",
    "#030405": "var(--series)",
    "#040506": "var(--band)",
    "#050607": "var(--bad)",
    "#060708": "var(--paper)",
    "#070809": "var(--good)",
    "#08090a": "var(--open)",
}
_INK, _RULE, _SERIES, _BAND, _BAD, _PAPER, _GOOD, _OPEN = _PALETTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A figure's SVG, and the unit its axis counts in."""

    svg: str
    unit: str


def draw_trend(curve: Curve, *, title: str, description: str) -> Drawing:
    """Return a curve as a drawing: points, levels as lines, noise as a band, changes as marks.

    Args:
        title: The name a screen reader announces.
        description: What the figure shows, in words.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    scale = scale_for(curve.heights, curve.unit)
    figure = _figure()
    axes: Any = figure.add_axes((0.075, 0.13, 0.9, 0.78))
    _draw_levels(axes, curve, scale.factor)
    _draw_earlier(axes, curve.earlier, scale.factor)
    _draw_points(axes, curve, scale.factor)
    if curve.began:
        _draw_rule(axes, curve.began - 0.5, "judged from here")
    for change in curve.changes:
        _draw_change(axes, change, curve, scale.factor)
    _dress(axes, curve, curve.points[-1].value / scale.factor)
    return Drawing(svg=_inline(_bytes(figure), title, description), unit=scale.label)


def _figure() -> Any:  # noqa: ANN401  # matplotlib is loaded only here
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  # heavy: 0.3 s, only when drawing
    except ImportError as error:
        raise MissingExtraError("matplotlib") from error
    return Figure(figsize=(_WIDTH_IN, _HEIGHT_IN))


def _draw_levels(axes: Any, curve: Curve, factor: float) -> None:  # noqa: ANN401
    half = curve.band / factor
    for level in curve.levels:
        across = [level.start - 0.5, level.end + 0.5]
        ends = [level.first / factor, level.last / factor]
        low, high = [end - half for end in ends], [end + half for end in ends]
        axes.fill_between(across, low, high, color=_BAND, linewidth=0, zorder=0)
        axes.plot(across, ends, color=_INK, linewidth=1.1, zorder=2)


def _draw_earlier(axes: Any, points: Sequence[CurvePoint], factor: float) -> None:  # noqa: ANN401
    if not points:
        return
    heights = [point.value / factor for point in points]
    # Hollow: the shape says that these are not compared, not the colour alone.
    across = [point.at for point in points]
    axes.plot(across, heights, "o", markersize=3.6, zorder=1, mfc="none", mec=_INK, mew=0.7)
    _draw_rule(axes, -0.5, "other machine", left=True)


def _draw_rule(axes: Any, at: float, words: str, *, left: bool = False) -> None:  # noqa: ANN401
    axes.axvline(at, color=_OPEN, linewidth=1, dashes=(3, 3), zorder=1)
    axes.annotate(
        words,
        (at, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-5 if left else 5, 4),
        textcoords="offset points",
        color=_INK,
        fontsize=11,
        ha="right" if left else "left",
        annotation_clip=False,
    )


def _draw_points(axes: Any, curve: Curve, factor: float) -> None:  # noqa: ANN401
    points = curve.points
    across = [point.at for point in points]
    heights = [point.value / factor for point in points]
    spread = [point for point in points if point.high > point.low]
    low, high = [one.low / factor for one in spread], [one.high / factor for one in spread]
    axes.vlines([one.at for one in spread], low, high, color=_SERIES, linewidth=1, alpha=0.35)
    axes.plot(across, heights, color=_SERIES, linewidth=0.8, alpha=0.5, zorder=3)
    size = 4.2 if len(points) <= _FEW else 2.8
    axes.plot(across, heights, "o", color=_SERIES, markersize=size, zorder=3)
    lone = [point for point in points if point.at in set(curve.spikes)]
    axes.plot(
        [one.at for one in lone],
        [one.value / factor for one in lone],
        "x",
        color=_OPEN,
        markersize=7,
        markeredgewidth=1.6,
        zorder=4,
    )


def _draw_change(axes: Any, change: SeriesChange, curve: Curve, factor: float) -> None:  # noqa: ANN401
    index = change.first_after.index
    if not 0 <= index < curve.total:
        return
    colour = _BAD if change.worse else _GOOD
    if change.acknowledged is not None:
        colour = _OPEN
    height = (change.after if change.kind == "step" else change.before) / factor
    # The shape says it too, not the colour alone: worse points up or down as the value went.
    axes.plot(
        [index],
        [height],
        "s" if change.acknowledged else ("^" if change.after > change.before else "v"),
        color=colour,
        markeredgecolor=_PAPER,
        markersize=10,
        zorder=5,
        clip_on=False,
    )
    # It is written where no dots are: left of a step at its new height, else past the noise.
    up = 1 if change.after > change.before else -1
    left = index > _EDGE * curve.total
    free = left and change.kind == "step"
    axes.annotate(
        percent(change.change),
        (index, height if free else height + up * curve.band / factor),
        xytext=(-9 if left else 0, 9 if free else 4 * up),
        textcoords="offset points",
        ha="right" if left else "left",
        va="center" if free else ("bottom" if up > 0 else "top"),
        color=colour,
        fontsize=11,
        fontweight="bold",
        zorder=6,
    )


def _dress(axes: Any, curve: Curve, height: float) -> None:  # noqa: ANN401
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_RULE)
    axes.margins(y=0.14)
    first = curve.earlier[0].at if curve.earlier else 0
    axes.set_xlim(first - 0.6, curve.total - 0.4)
    labelled = [*curve.earlier, *curve.points]
    step = math.ceil(len(labelled) / _LABELS)
    chosen = labelled[::-1][::step][::-1]  # the newest always has its label
    axes.set_xticks([one.at for one in chosen], [one.label for one in chosen], parse_math=False)
    labels = axes.get_xticklabels()
    labels[-1].set_horizontalalignment("right")  # centred, it would be cut at the edge
    for label in labels[-2::-2]:
        label.set_gid(_ODD)
    axes.yaxis.set_major_locator(_few_ticks())
    if _READABLE[0] <= abs(height) < _READABLE[1]:
        # As many decimals as neighbouring ticks need to differ, and no offset in a corner.
        axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    else:
        axes.yaxis.set_major_formatter(lambda value, _place: number(value))
    axes.tick_params(colors=_INK, labelsize=11, length=0, pad=6)
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
    body = body.replace(f'<g id="{_ODD}"', '<g class="odd"')
    body = re.sub(r'<g id="[^"]*"', "<g", body)
    mark = "f" + hashlib.sha256(title.encode()).hexdigest()[:10]
    return re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{mark}-", body)


def _head(tag: str) -> str:
    return tag.replace("<svg", '<svg class="trend" role="img"', 1)

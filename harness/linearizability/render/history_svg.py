"""A judged history as one SVG: what matters of it, and the longest order drawn through it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.linearizability.counterexample_words import client_name
from harness.linearizability.render.history_board import CHARACTER, PADDING, lay_out_part
from harness.linearizability.render.history_scene import MAX_LABEL
from harness.linearizability.shown_values import shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.linearizability.render.history_scene import NamedOrder, PartScene, Scene
    from harness.linearizability.render.lane_layout import Bar, Layout

MAX_BARS: Final = 120  # a picture in a document; the page has all
ROW: Final = 46
BAR: Final = 28
RADIUS: Final = 9
MARGIN: Final = 16
MIN_WIDTH: Final = 480
_LINE: Final = 20
_STYLE: Final = Path(__file__).parent / "page" / "picture.css"


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What is drawn where: the part, its bars, and from which place."""

    part: PartScene
    labels: dict[int, str]
    layout: Layout
    left: int
    top: int


def svg(scene: Scene) -> str:
    """Return a picture of the first part of a scene; a file that loads nothing."""
    part = scene.parts[0] if scene.parts else None
    text = "\n".join(_empty(scene) if part is None else _picture(scene, part)) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()


def _empty(scene: Scene) -> Iterator[str]:
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{MIN_WIDTH}" height="40" role="img">'
    yield f"<title>{escape(scene.title)}</title><style>{_STYLE.read_text('utf-8')}</style>"
    yield f'<text class="title" x="{MARGIN}" y="20">{escape(scene.title)}</text></svg>'


def _picture(scene: Scene, part: PartScene) -> Iterator[str]:
    chosen = (part.close or part.drawn)[-MAX_BARS:]
    labels = {
        one: shortened(part.words.operation(part.history.operations[one]), MAX_LABEL)
        for one in chosen
    }
    layout = lay_out_part(part, chosen, labels)
    names = [shortened(client_name(client), 18) for client in layout.clients]
    left = MARGIN + int(max(map(len, names), default=0) * CHARACTER) + MARGIN
    wide = max(left + layout.width + 2 * MARGIN, MIN_WIDTH)
    title = textwrap.wrap(scene.title, int(wide / CHARACTER), break_on_hyphens=False)
    top = MARGIN + len(title) * _LINE + MARGIN // 2
    high = top + len(names) * ROW + MARGIN
    drawing = _Drawing(part, labels, layout, left, top)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" role="img">'
    )
    yield f"<title>{escape(scene.title)}</title>"
    yield f"<style>{_STYLE.read_text('utf-8')}</style>"
    yield f'<rect class="paper" width="{wide}" height="{high}" rx="8"/>'
    for number, line in enumerate(title):
        y = MARGIN + number * _LINE + 8
        yield f'<text class="title" x="{MARGIN}" y="{y}">{escape(line)}</text>'
    yield from _rows(drawing, names, wide)
    named = part.orders[0] if part.orders else None
    points = [] if named is None else _points(drawing, named)
    yield from _line(drawing, points)
    yield from _bars(drawing, {bar.index for bar, _, _ in points})
    for number, (_, x, y) in enumerate(points, start=1):
        yield f'<circle cx="{x:g}" cy="{y}" r="{RADIUS}"/>'
        yield f'<text class="at" x="{x:g}" y="{y}">{number}</text>'
    yield "</svg>"


def _rows(drawing: _Drawing, names: Sequence[str], wide: int) -> Iterator[str]:
    for row, name in enumerate(names):
        y = drawing.top + row * ROW
        first = row == 0 or drawing.layout.clients[row - 1] != drawing.layout.clients[row]
        yield f'<path class="rule" d="M{MARGIN} {y}H{wide - MARGIN}"/>'
        if first:
            yield f'<text class="who" x="{MARGIN}" y="{y + ROW // 2}">{escape(name)}</text>'


def _bars(drawing: _Drawing, inside: set[int]) -> Iterator[str]:
    part = drawing.part
    for bar in drawing.layout.bars:
        index = bar.index
        kinds = ["op"]
        kinds += ["in"] if index in inside else []
        kinds += ["core"] if index in part.core else []
        kinds += ["straw"] if index == part.straw else []
        kinds += ["open"] if bar.open else []
        x, y = drawing.left + bar.begin, drawing.top + bar.row * ROW + 6
        label = f"✗ {drawing.labels[index]}" if index == part.straw else drawing.labels[index]
        said = part.words.operation(part.history.operations[index])
        yield f'<g class="{" ".join(kinds)}"><title>{escape(said)}</title>'
        yield f'<rect x="{x}" y="{y}" width="{bar.end - bar.begin}" height="{BAR}" rx="5"/>'
        yield f'<text x="{x + PADDING // 2 - 3}" y="{y + BAR // 2}">{escape(label)}</text></g>'


def _points(drawing: _Drawing, named: NamedOrder) -> list[tuple[Bar, float, int]]:
    """Return where each operation of an order takes effect: moments that do not go back."""
    bars = {bar.index: bar for bar in drawing.layout.bars}
    order = [bars[step.index] for step in named.order.steps if step.index in bars]
    core = drawing.part.core
    latest: list[float] = []
    for bar in reversed(order):
        # In an order of the core, what does not matter may take effect later than it did.
        late = bar.open or (named.of_core and bar.index not in core)
        end = float("inf") if late else bar.end - RADIUS
        latest.append(min(end, latest[-1]) if latest else end)
    latest.reverse()
    spots: list[float] = []
    for bar, limit in zip(order, latest, strict=True):
        before = spots[-1] if spots else float("-inf")
        spots.append(max(bar.begin + RADIUS, min(before + 2.4 * RADIUS, limit), before))
    if any(spot > limit + 1 for spot, limit in zip(spots, latest, strict=True)):
        spots = [(bar.begin + bar.end) / 2 for bar in order]  # a weaker criterion: no real time
    return [
        (bar, drawing.left + spot, drawing.top + bar.row * ROW + 6 + BAR)
        for bar, spot in zip(order, spots, strict=True)
    ]


def _line(drawing: _Drawing, points: Sequence[tuple[Bar, float, int]]) -> Iterator[str]:
    if not points:
        return
    yield f'<path class="line" d="M{"L".join(f"{x:g} {y}" for _, x, y in points)}"/>'
    for bar, x, y in points:
        end = drawing.left + bar.end
        if x > end:
            yield f'<path class="line late" d="M{end} {y - BAR // 2}H{x - BAR // 2}L{x:g} {y}"/>'

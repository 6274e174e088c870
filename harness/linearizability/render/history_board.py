"""The picture on the page: bars in the rows of their clients, and the orders as lists below."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from harness.linearizability.counterexample_words import client_name
from harness.linearizability.render.history_scene import MAX_LABEL
from harness.linearizability.render.lane_layout import lay_out
from harness.linearizability.shown_values import columns, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.linearizability.render.history_scene import NamedOrder, PartScene
    from harness.linearizability.render.lane_layout import Bar, Layout

CHARACTER: Final = 7.3  # pixels, of the typeface in a bar
PADDING: Final = 26  # pixels in a bar besides its words
GAP: Final = 14  # pixels from a return to a call after it
MAX_ROWS: Final = 14  # with more, rows are lower
LISTED: Final = 60  # steps of an order that are listed; the picture has them all


def board(part: PartScene, number: int) -> Iterator[str]:
    """Yield the picture of one part, and its orders."""
    labels = {
        index: shortened(part.words.operation(part.history.operations[index]), MAX_LABEL)
        for index in part.drawn
    }
    whole, close = lay_out_part(part, part.drawn, labels), lay_out_part(part, part.close, labels)
    mode = " close" if part.close else ""
    hidden = " hidden" if number else ""
    yield f'<div class="part{mode}" id="part{number}"{hidden}>'
    dense = " dense" if len((close if part.close else whole).clients) > MAX_ROWS else ""
    if part.remark:
        yield f'<p class="remark">{escape(part.remark)}</p>'
    yield (
        f'<div class="lanes{dense}" style="--width:{whole.width};--rows:{len(whole.clients)};'
        f'--cwidth:{close.width};--crows:{len(close.clients)}">'
    )
    yield from _names(whole, close)
    yield '<div class="plane" role="listbox" tabindex="0"'
    yield f' aria-label="Operations{escape(_of(part), quote=True)}">'
    yield '<svg class="line" aria-hidden="true"></svg>'
    yield from _bars(part, number, labels, whole, close)
    yield from _until(part, whole)
    yield '<svg class="points" aria-hidden="true"></svg>'
    yield "</div></div>"
    yield _key(part)
    yield from _orders(part, number, labels)
    yield "</div>"


def _until(part: PartScene, whole: Layout) -> Iterator[str]:
    """Yield the moment at which all was decided."""
    if part.later:
        end = max(bar.end for bar in whole.bars if bar.index == part.straw)
        yield f'<div class="until" style="--x:{end + GAP // 2}"><span>decided here</span></div>'


def _of(part: PartScene) -> str:
    return f" of {part.label}" if part.label else ""


def lay_out_part(part: PartScene, chosen: Sequence[int], labels: dict[int, str]) -> Layout:
    """Return where bars stand, in pixels."""
    operations = [(index, part.history.operations[index]) for index in chosen]
    marked = {one.index for named in part.orders for one in named.order.stuck}  # with a cross

    def wide(index: int) -> int:
        return int((columns(labels[index]) + 2 * (index in marked)) * CHARACTER) + PADDING

    return lay_out(operations, wide=wide, gap=GAP)


def _names(whole: Layout, close: Layout) -> Iterator[str]:
    """Yield whose each row is, at its place in both pictures."""
    near = {client: row for row, client in reversed(list(enumerate(close.clients)))}
    yield '<ol class="names" aria-hidden="true">'
    for row, client in enumerate(whole.clients):
        if row and whole.clients[row - 1] == client:
            continue
        place = f"--y:{row}" + (f";--cy:{near[client]}" if client in near else "")
        rest = "" if client in near else ' class="rest"'
        name = escape(shortened(client_name(client), MAX_LABEL))
        yield f'<li{rest} style="{place}"><bdi>{name}</bdi></li>'
    yield "</ol>"


def _bars(
    part: PartScene, number: int, labels: dict[int, str], whole: Layout, close: Layout
) -> Iterator[str]:
    near = {bar.index: bar for bar in close.bars}
    for bar in whole.bars:
        index = bar.index
        one = part.history.operations[index]
        place = _place(bar, "")
        if index in near:
            place += f";{_place(near[index], 'c')}"
        said = f"{part.words.client(one)}: {part.words.operation(one)}"
        yield (
            f'<div class="{" ".join(_classes(part, bar, near))}" role="option" '
            f'aria-selected="false" id="p{number}o{index}" data-i="{index}" style="{place}" '
            f'aria-label="{escape(said, quote=True)}"><bdi>{escape(labels[index])}</bdi></div>'
        )


def _place(bar: Bar, prefix: str) -> str:
    return f"--{prefix}x:{bar.begin};--{prefix}w:{bar.end - bar.begin};--{prefix}y:{bar.row}"


def _classes(part: PartScene, bar: Bar, near: dict[int, Bar]) -> Iterator[str]:
    yield "op"
    if bar.index in part.core:
        yield "core"
    if bar.index == part.straw:
        yield "straw"
    if bar.index in part.later:
        yield "later"
    if part.close and bar.index not in near:
        yield "rest"
    if bar.open:
        yield "open"


def _key(part: PartScene) -> str:
    parts = ['<span><i class="dot"></i>place in the order</span>']
    if part.straw is not None:
        parts.insert(0, '<span><i class="swatch core"></i>its result matters</span>')
        parts.insert(1, '<span><i class="swatch"></i>its result does not</span>')
        parts.insert(2, '<span><i class="swatch straw"></i>cannot be placed</span>')
    if any(not one.known for one in part.history):
        parts.append('<span><i class="swatch open"></i>result unknown: any time, or never</span>')
    return f'<div class="keyline" aria-hidden="true">{"".join(parts)}</div>'


def _orders(part: PartScene, number: int, labels: dict[int, str]) -> Iterator[str]:
    if not part.orders:
        return
    yield '<div class="orders">'
    for at, one in enumerate(part.orders):
        yield from _order(part, number, at, one, labels)
    yield "</div>"


def _order(
    part: PartScene, number: int, at: int, one: NamedOrder, labels: dict[int, str]
) -> Iterator[str]:
    """Yield an order as a list: each operation with the state after it."""
    words, steps = part.words, one.order.steps
    begin = max(len(steps) - LISTED, 0)
    before = steps[begin - 1].state if begin else one.order.initial
    title = f"The longest order {one.name}" if one.order.stuck else "An order that shows it right"
    yield f'<article class="order" id="p{number}r{at}" data-order="{at}">'
    yield f'<h3><button type="button" aria-pressed="false">{escape(title)}</button></h3>'
    yield f'<ol start="{begin + 1}">'
    first = f"{begin:,} before" if begin else one.first
    yield f'<li class="first"><span>{first}</span><code>{escape(words.state(before))}</code></li>'
    for place, step in enumerate(steps[begin:], start=begin + 1):
        name = _name(part, number, step.index, labels)
        state = escape(words.state(step.state))
        yield f'<li data-i="{step.index}"><b>{place}</b>{name}<code>{state}</code></li>'
    for stuck in one.order.stuck:
        name = _name(part, number, stuck.index, labels)
        told = escape(words.answer(part.history.operations[stuck.index], stuck.answer))
        yield f'<li class="stuck" data-i="{stuck.index}"><b>✗</b>{name}<span>{told}</span></li>'
    yield "</ol></article>"


def _name(part: PartScene, number: int, index: int, labels: dict[int, str]) -> str:
    """Return an operation as a link to its bar, if it has one."""
    if index in labels:
        return f'<a href="#p{number}o{index}"><bdi>{escape(labels[index])}</bdi></a>'
    told = shortened(part.words.operation(part.history.operations[index]), MAX_LABEL)
    return f"<bdi>{escape(told)}</bdi>"

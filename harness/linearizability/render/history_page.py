"""A judged history as one self-contained HTML page: a row a client, time to the right.

Nothing is loaded from elsewhere and nothing is sent: a content policy in the page forbids both, and
lets only this page's own script run, by its digest. All that comes from a history is text to the
page, whatever it looks like.
"""

from __future__ import annotations

import json
from collections import Counter
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.render.history_board import board
from harness.linearizability.render.verdict_sentence import MAX_CALL, listed
from harness.linearizability.shown_values import shortened
from harness.render.page_policy import page_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.linearizability.render.history_scene import PartScene, Scene

MAX_TIMES: Final = 12
_FILES: Final = Path(__file__).parent / "page"
_HOUSE: Final = Path(__file__).parents[2] / "render" / "page" / "page.css"  # of all our pages
_FOOT: Final = (
    "Made by holdfast. Widths follow the words, not the clock: only which operation came back "
    "before which was called is drawn, and only that matters. This page loads nothing and sends "
    "nothing."
)
_BAR: Final = """<div class="bar" role="toolbar" aria-label="Picture">
{parts}{whole}{orders}
<button type="button" class="square" id="farther" aria-label="Zoom out">&minus;</button>
<span id="zoomed" aria-live="polite">100 %</span>
<button type="button" class="square" id="closer" aria-label="Zoom in">+</button>
<button type="button" id="fit">Fit</button>
<span class="keys"><kbd>←</kbd> <kbd>→</kbd> operations · <kbd>↑</kbd> <kbd>↓</kbd> clients ·
<kbd>n</kbd> next order · <kbd>+</kbd> <kbd>&minus;</kbd> zoom · <kbd>a</kbd> all</span>
</div>"""
_WHOLE: Final = (
    """<label class="switch"><input type="checkbox" id="whole"> All operations</label>"""
)
_ORDERS: Final = """<label class="choice"><span>Order</span> <select id="order"></select></label>"""
_MORE: Final = """<aside class="more empty" id="more" aria-label="The operation that is picked">
<button type="button" class="close" id="close" aria-label="Close">✕</button>
<div id="what" aria-live="polite"><p class="hint">Point at an operation, or pick one, to see when it
was called, in which orders it stands, and the state after it.</p></div>
</aside>"""


def page(scene: Scene) -> str:
    """Return a page that shows a judged history; it needs a browser and nothing else."""
    text = "\n".join(_page(scene)) + "\n"
    return text.encode("utf-8", "backslashreplace").decode()  # a name may be no valid text


def _page(scene: Scene) -> Iterator[str]:
    house, own = _HOUSE.read_text("utf-8"), (_FILES / "history.css").read_text("utf-8")
    script = (_FILES / "history.js").read_text("utf-8")
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{page_policy(script)}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escape(scene.verdict)} · holdfast</title>"
    yield f"<style>\n{house}{own}</style>"
    yield "</head>"
    yield "<body>"
    yield from _top(scene)
    yield "<main>"
    yield from _times(scene)
    yield from _stage(scene)
    yield "</main>"
    yield f"<footer>{escape(_FOOT)}</footer>"
    yield f'<script type="application/json" id="data">{_json(scene)}</script>'
    yield f"<script>{script}</script>"
    yield "</body>"
    yield "</html>"


def _top(scene: Scene) -> Iterator[str]:
    name = f"{scene.name} · " if scene.name else ""
    good = " good" if scene.mark == "✓" else ""
    yield "<header>"
    yield f'<p class="eyebrow">holdfast · {escape(name + scene.verdict.upper())}</p>'
    yield f'<div class="verdict"><span class="seal{good}" aria-hidden="true">{scene.mark}</span>'
    yield f"<h1>{escape(scene.title)}</h1></div>"
    for line in scene.leads:
        yield f'<p class="lead">{escape(line)}</p>'
    yield '<dl class="facts">'
    for fact, value in scene.facts:
        if value:
            yield f"<div><dt>{escape(fact)}</dt><dd>{escape(value)}</dd></div>"
    yield "</dl>"
    yield "</header>"


def _times(scene: Scene) -> Iterator[str]:
    """Yield which calls after which returns the proof needs."""
    if not scene.times:
        return
    part = scene.parts[0]
    said = Counter(part.words.operation(part.history.operations[one]) for one in part.close)
    yield '<section id="look" aria-labelledby="look-title">'
    yield '<h2 id="look-title">Times that matter</h2>'
    yield '<div class="guilt times"><ol>'
    for other, firsts in scene.times[-MAX_TIMES:]:
        before = listed([_link(part, one, said) for one in firsts])
        name = _link(part, other, said)
        yield f"<li><span>{name} was called after {before} {scene.over}</span></li>"
    more = len(scene.times) - MAX_TIMES
    if more > 0:
        yield f"<li><span>and {more} more</span></li>"
    yield "</ol></div></section>"


def _link(part: PartScene, index: int, said: Counter[str]) -> str:
    """Return an operation as a link to its bar, with its client where others have its words."""
    one = part.history.operations[index]
    told = part.words.operation(one)
    client = f" <small>of {escape(part.words.client(one))}</small>" if said[told] > 1 else ""
    return f'<a href="#p0o{index}"><bdi>{escape(shortened(told, MAX_CALL))}</bdi></a>{client}'


def _stage(scene: Scene) -> Iterator[str]:
    yield '<section id="run" aria-labelledby="run-title">'
    yield '<h2 id="run-title">Who did what, and when</h2>'
    cross = "; ✗ marks what cannot come next in it" if scene.mark == "✗" else ""
    yield (
        "<p>A row a client, a bar from call to return. A line goes through the operations in an "
        f"order{cross}.</p>"
    )
    has_core = any(part.close for part in scene.parts)
    has_orders = any(part.orders for part in scene.parts)
    yield _BAR.format(
        parts=_choice(scene.parts),
        whole=_WHOLE if has_core else "",
        orders=_ORDERS if has_orders else "",
    )
    yield '<div class="stage"><div class="parts">'
    for number, part in enumerate(scene.parts):
        yield from board(part, number)
    yield "</div>"
    yield _MORE
    yield "</div></section>"


def _choice(parts: tuple[PartScene, ...]) -> str:
    if len(parts) < 2:  # noqa: PLR2004  # nothing to choose
        return ""
    options = "".join(
        f'<option value="{number}">{escape(part.label)}{" ✗" if part.straw is not None else ""}'
        "</option>"
        for number, part in enumerate(parts)
    )
    return f'<label class="choice"><span>Part</span> <select id="part">{options}</select></label>\n'


def _json(scene: Scene) -> str:
    """Return what the script needs, as JSON that cannot end its element."""
    text = json.dumps([_part(part) for part in scene.parts], separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _part(part: PartScene) -> dict[str, Any]:
    words = part.words
    operations = part.history.operations
    drawn = set(part.drawn)
    return {
        "orders": [
            {
                "name": one.name,
                "core": one.of_core,
                "steps": [
                    [step.index, words.state(step.state)]
                    for step in one.order.steps
                    if step.index in drawn
                ],
                "stuck": [
                    [stuck.index, words.answer(operations[stuck.index], stuck.answer)]
                    for stuck in one.order.stuck
                    if stuck.index in drawn
                ],
            }
            for one in part.orders
        ],
        "operations": {
            index: [words.operation(operations[index]), *_when(part, index), _role(part, index)]
            for index in part.drawn
        },
    }


def _when(part: PartScene, index: int) -> tuple[str, str, str]:
    one = part.history.operations[index]
    back = "never" if one.ret is None else f"at {one.ret:g}"
    if not one.known and one.ret is not None:
        back = f"gave up at {one.ret:g}"
    return part.words.client(one), f"at {one.call:g}", back


def _role(part: PartScene, index: int) -> str:
    """Say what an operation has to do with the verdict."""
    if part.straw is None:
        return ""
    if index == part.straw:
        return "It cannot be placed."
    if index in part.core:
        return "Its result matters."
    if index in part.earlier:
        return "It came before: together with others it led to where these begin."
    if index in part.later:
        return "It was called when all was decided."
    return (
        "Its result does not matter: where these are ordered, it may take effect at any later "
        "time, or never."
    )

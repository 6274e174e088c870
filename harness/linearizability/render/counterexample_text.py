"""A counterexample for a terminal: a sentence, lanes of clients, the longest orders."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Final

from harness.errors import ArgumentError
from harness.linearizability.counterexample_words import Words
from harness.linearizability.render.text_lanes import MAX_ORDERS, TextLanes
from harness.linearizability.render.verdict_sentence import (
    before,
    headline,
    how_found,
    others,
    pair_sentences,
    where,
)
from harness.linearizability.shown_values import columns, shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.counterexample_orders import Order

MIN_WIDTH: Final = 80
MAX_WIDTH: Final = 160
LIGHT: Final = (
    "Light bars may take effect at any later time, or never: their results do not matter."
)
MAX_STEPS: Final = 12  # of an order; of a longer one the last
MAX_PAIRS: Final = 8
_PLAIN: Final = str.maketrans("┣━┫├─┤┄▷✗…·", "[=]|-|.>x.-")


def text_of(found: Counterexample, *, width: int | None, ascii_only: bool = False) -> str:
    """Return a counterexample as text.

    Args:
        found: What to tell.
        width: Columns of a line; None takes the terminal's.
        ascii_only: Whether to do without all that is not ASCII.
    """
    if width is None:
        width = shutil.get_terminal_size((100, 24)).columns
    if width < 1:
        raise ArgumentError("width", width, "columns, 1 or more")
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    text = "\n".join(line.rstrip() for line in _lines(found, width))
    if ascii_only:
        text = text.translate(_PLAIN).encode("ascii", "backslashreplace").decode("ascii")
    return text


def _lines(found: Counterexample, width: int) -> Iterator[str]:
    words = Words(found.model, found.history)
    lanes = TextLanes(found, words, width=width)
    yield from _wrapped(headline(found, words), width)
    yield from _wrapped(before(found, words), width)
    yield ""
    yield from lanes.lines()
    yield ""
    yield from _wrapped(where(found), width, indent=2)
    if lanes.has_light:
        yield from _wrapped(LIGHT, width, indent=2)
    yield from _pairs(found, lanes.name, width)
    for order in found.orders[:MAX_ORDERS]:
        yield ""
        yield from _order(found, order, lanes.name, width)
    yield ""
    yield from _wrapped(others(found), width)
    yield from _wrapped(how_found(found), width)


def _wrapped(text: str, width: int, *, indent: int = 0, hanging: int = 0) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_on_hyphens=False,
    )


def _pairs(found: Counterexample, name: Callable[[int], str], width: int) -> Iterator[str]:
    pairs = pair_sentences(found, name)
    if not pairs:
        return
    yield ""
    yield "Times that matter:"
    for pair in pairs[-MAX_PAIRS:]:
        yield from _wrapped(pair, width, indent=2, hanging=2)
    if len(pairs) > MAX_PAIRS:
        yield f"  and {len(pairs) - MAX_PAIRS} more"


def _order(
    found: Counterexample, order: Order, name: Callable[[int], str], width: int
) -> Iterator[str]:
    """Yield an order with its states, and what cannot come next."""
    words = Words(found.model, found.history)
    steps = order.steps[-MAX_STEPS:]
    left_out = len(order.steps) - len(steps)
    start = order.steps[left_out - 1].state if left_out else order.initial
    rows = [(" ", _first(found, left_out), words.state(start))]
    rows += [(" ", name(step.index), words.state(step.state)) for step in steps]
    operations = found.history.operations
    rows += [
        ("✗", name(one.index), words.answer(operations[one.index], one.answer))
        for one in order.stuck
    ]
    number = found.orders.index(order) + 1
    which = f" ({number} of {len(found.orders)})" if len(found.orders) > 1 else ""
    yield f"A longest order that the model allows{which}, and the state after each:"
    room = min(max(columns(middle) for _, middle, _ in rows), (width - 8) // 2)
    for mark, middle, right in rows:
        told = shortened(middle, room)
        pad = " " * (room - columns(told))
        yield f"  {mark} {told}{pad}  {shortened(right, width - room - 6)}"


def _first(found: Counterexample, left_out: int) -> str:
    if left_out:
        return f"{left_out} steps before"
    return "at first" if found.situations is None else f"{len(found.situations.earlier):,} before"

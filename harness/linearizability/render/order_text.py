"""A history that has an order, or of which that is not known, for a terminal."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.render.history_scene import scene_of_order
from harness.linearizability.shown_values import columns, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.linearizability.history import History
    from harness.linearizability.judgement import Judgement
    from harness.linearizability.model import Model
    from harness.linearizability.render.history_scene import PartScene

MIN_WIDTH: Final = 80
MAX_WIDTH: Final = 160
MAX_STEPS: Final = 40  # of all parts together
MAX_CLIENT: Final = 16


def order_text(
    history: History, judgement: Judgement, model: Model[Any], *, width: int | None
) -> str:
    """Return the order that shows a history right, with each state; or why none is known."""
    if width is None:
        width = shutil.get_terminal_size((100, 24)).columns
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    scene = scene_of_order(history, judgement, model)
    lines = textwrap.wrap(scene.title, width, break_on_hyphens=False)
    lines += _orders(scene.parts, width)
    return "\n".join(line.rstrip() for line in lines)


def _orders(parts: tuple[PartScene, ...], width: int) -> Iterator[str]:
    room = MAX_STEPS
    for number, part in enumerate(parts):
        if not part.orders:
            continue
        if room <= 0:
            yield ""
            yield f"and {len(parts) - number} more parts"
            return
        steps = part.orders[0].order.steps
        yield ""
        yield f"{part.label or 'An order'}, and the state after each:"
        yield from _steps(part, width, room)
        if len(steps) > room:
            yield f"    and {len(steps) - room} more"
        room -= len(steps)


def _steps(part: PartScene, width: int, room: int) -> Iterator[str]:
    words, operations = part.words, part.history.operations
    rows = [
        (
            shortened(words.client(operations[step.index]), MAX_CLIENT),
            words.operation(operations[step.index]),
            words.state(step.state),
        )
        for step in part.orders[0].order.steps[:room]
    ]
    first = max((columns(one) for one, _, _ in rows), default=0)
    second = min(max((columns(two) for _, two, _ in rows), default=0), width // 2)
    for client, told, state in rows:
        name = shortened(told, second)
        start = f"    {client}{' ' * (first - columns(client))}  {name}"
        start += " " * (second - columns(name) + 2)
        yield start + shortened(state, max(width - columns(start), 8))

"""Operations as bars in the lanes of their clients, drawn with characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.linearizability.counterexample_words import client_name
from harness.linearizability.render.lane_layout import lay_out
from harness.linearizability.shown_values import columns, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.linearizability.counterexample import Counterexample
    from harness.linearizability.counterexample_words import Words
    from harness.linearizability.render.lane_layout import Bar, Layout

MAX_LABEL: Final = 36
MAX_CLIENT: Final = 16
INDENT: Final = 2
MAX_DRAWN: Final = 60  # operations
MAX_ORDERS: Final = 2  # whose operations are drawn: those that the text tells


class TextLanes:
    """The picture of a counterexample in characters, and what it calls the operations.

    The words stand in the bars if they fit and no two operations have the same; otherwise the bars
    have numbers, and a list says what they are.

    Attributes:
        has_light: Whether there are bars besides those of the core.
    """

    def __init__(self, found: Counterexample, words: Words, *, width: int) -> None:
        self._found = found
        self._words = words
        self._width = width
        self._chosen = shown(found)
        self._margin = INDENT + 2 + max(columns(self._client(one)) for one in self._chosen)
        told = [self._told(one) for one in self._chosen]
        labels = dict(zip(self._chosen, [shortened(one, MAX_LABEL) for one in told], strict=True))
        layout = self._lay_out(self._chosen, labels)
        self._numbered = layout.width >= self._room() or len(set(told)) < len(told)
        if self._numbered:
            labels = {one: str(number) for number, one in enumerate(self._chosen, start=1)}
            layout = self._lay_out(self._chosen, labels)
        self._labels, self._layout = labels, layout
        self.has_light = len(self._chosen) > len(found.core)

    def name(self, index: int) -> str:
        """Return how the text speaks of an operation: `get('k') -> 1`, or `[3] get('k') -> 1`."""
        if self._numbered and index in self._labels:
            return f"[{self._labels[index]}] {self._told(index)}"
        return self._told(index)

    def lines(self) -> Iterator[str]:
        """Yield the lanes, and the list of operations if the bars have numbers."""
        drawn, layout = list(self._chosen), self._layout
        del drawn[:-MAX_DRAWN]  # the beginning tells the least
        layout = layout if len(drawn) == len(self._chosen) else self._lay_out(drawn, self._labels)
        while layout.width >= self._room() and len(drawn) > 1:
            del drawn[0]
            layout = self._lay_out(drawn, self._labels)
        yield from self._draw(layout)
        left_out = len(self._chosen) - len(drawn)
        if left_out:
            yield f"{'':{self._margin}}({left_out} before these are not drawn)"
        if self._numbered:
            yield ""
            yield from self._list(drawn)

    def _room(self) -> int:
        return self._width - self._margin - 2  # for the mark of what cannot be placed

    def _told(self, index: int) -> str:
        return self._words.operation(self._found.history.operations[index])

    def _client(self, index: int) -> str:
        return shortened(client_name(self._found.history.operations[index].client), MAX_CLIENT)

    def _lay_out(self, chosen: Sequence[int], labels: dict[int, str]) -> Layout:
        operations = [(one, self._found.history.operations[one]) for one in chosen]
        return lay_out(operations, wide=lambda one: columns(labels[one]) + 3, gap=2)

    def _draw(self, layout: Layout) -> Iterator[str]:
        rows: dict[int, list[Bar]] = {}
        for bar in layout.bars:
            rows.setdefault(bar.row, []).append(bar)
        for row, client in enumerate(layout.clients):
            first = row == 0 or layout.clients[row - 1] != client
            name = shortened(client_name(client), MAX_CLIENT) if first else ""
            line = f"{'':{INDENT}}{name}"
            for bar in sorted(rows[row], key=lambda bar: bar.begin):
                line += " " * (self._margin + bar.begin - columns(line))
                line += _bar(bar, self._labels[bar.index], core=bar.index in self._found.core)
                line += " ✗" if bar.index == self._found.straw else ""
            yield line

    def _list(self, drawn: Sequence[int]) -> Iterator[str]:
        digits = len(str(len(self._chosen)))
        wide = max(columns(self._client(one)) for one in drawn)
        for one in drawn:
            mark = " " if one in self._found.core else "·"
            mark = "✗" if one == self._found.straw else mark
            client = self._client(one)
            start = f"{'':{INDENT}}{mark} {self._labels[one]:>{digits}}  {client}"
            start += " " * (wide - columns(client) + 2)
            yield start + shortened(self._told(one), self._width - columns(start))


def shown(found: Counterexample) -> list[int]:
    """Return what to draw: the core, and what else its longest orders speak of."""
    steps = {step.index for order in found.orders[:MAX_ORDERS] for step in order.steps}
    stuck = {one.index for order in found.orders[:MAX_ORDERS] for one in order.stuck}
    return sorted({*found.core, *((steps | stuck) & set(found.prefix))})


def _bar(bar: Bar, label: str, *, core: bool) -> str:
    """Return a bar: heavy for the core, light for others, torn where it has no end."""
    begin, line, end = "┣━┫" if core else "├─┤"
    if bar.open:
        line, end = "┄", "▷"
    fill = bar.end - bar.begin - columns(label) - 3
    return f"{begin} {label} {line * fill}{end}"

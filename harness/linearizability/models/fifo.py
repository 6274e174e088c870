"""A queue: first in, first out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.linearizability.models.waiting_line import Line, WaitingLine

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fifo(WaitingLine):
    """A queue: `put` (`enqueue`, `append`), `get` (`take`), `get_nowait` (`dequeue`, `popleft`)."""

    name = "fifo"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **WaitingLine.words,
        "try_get": (*WaitingLine.words["try_get"], "popleft"),
    }

    def with_one_more(self, line: Line, item: object) -> Line:
        """Return the line with one more at its end."""
        return (*line, item)

    def split(self, line: Line) -> tuple[object, Line]:
        """Return the first, and the others."""
        return line[0], line[1:]

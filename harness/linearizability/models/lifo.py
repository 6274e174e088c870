"""A stack: last in, first out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.linearizability.models.waiting_line import Line, WaitingLine

if TYPE_CHECKING:
    from collections.abc import Mapping


class Lifo(WaitingLine):
    """A stack: `push` (`put`, `append`), `pop`, which fails on an empty one, `get`, which waits.

    The state has the top at its end.
    """

    name = "lifo"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **WaitingLine.words,
        "try_get": ("pop", "get_nowait", "try_get", "try_pop", "poll"),
        "peek": ("peek", "top"),
    }

    def with_one_more(self, line: Line, item: object) -> Line:
        """Return the stack with one more on top."""
        return (*line, item)

    def split(self, line: Line) -> tuple[object, Line]:
        """Return the top, and what is below."""
        return line[-1], line[:-1]

    def describe_state(self, state: Line) -> str:
        """Return what is on the stack, the top first."""
        return super().describe_state(state[::-1])

"""A priority queue: the smallest comes out first."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import ArgumentError
from harness.linearizability.models.waiting_line import Line, WaitingLine

if TYPE_CHECKING:
    from collections.abc import Mapping


class PriorityQueue(WaitingLine):
    """A line kept sorted; of those that are equally small the one that was put in first is first.

    Where the order of equals is not promised (`queue.PriorityQueue` promises none), give them a
    sequence number, as its manual advises: equal things that can be told apart would else be judged
    too strictly.
    """

    name = "priority-queue"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **WaitingLine.words,
        "try_get": (*WaitingLine.words["try_get"], "pop", "pop_min", "delete_min", "extract_min"),
        "peek": (*WaitingLine.words["peek"], "min", "find_min"),
    }

    def with_one_more(self, line: Line, item: Any) -> Line:  # noqa: ANN401  # must compare by <
        """Return the line with one more, behind those that are not greater."""
        try:
            place = bisect.bisect_right(line, item)
        except TypeError as error:
            raise ArgumentError(
                "item", item, f"one that compares with the others ({error})"
            ) from error
        return (*line[:place], item, *line[place:])

    def split(self, line: Line) -> tuple[object, Line]:
        """Return the smallest, and the others."""
        return line[0], line[1:]

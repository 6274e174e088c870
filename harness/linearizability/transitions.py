"""States seen so far, each with what the operations of a history do to it: no step is taken twice.

A state is a `Row`. Rows stand for states, so that two states are the same if their rows are one
object, and what an operation does is found by its number, without a call of the model.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.linearizability.model import REFUSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation

ROW_BYTES: Final = 900  # a row with a few operations and configurations, as tracemalloc counts it


class Row(dict[int, "Row"]):
    """A state: the row that follows each operation, `NOWHERE` if it is refused; absent: not asked.

    Attributes:
        state: The model's.
        seen: What the search keeps of its configurations in this state.
        asked: Mask of observers of which it was asked whether they are in reach.
        lost: Those of them that are not.
    """

    __slots__ = ("asked", "lost", "seen", "state")
    # No __init__: it would cost as much as a step of a model.
    state: Any
    seen: Any
    asked: int
    lost: int


NOWHERE: Final = Row()  # what follows an operation that is refused


class Transitions:
    """The rows of one model under the operations of one history. Of one thread."""

    __slots__ = ("_operations", "_rows", "_step", "first", "model", "size_bytes")

    def __init__(self, model: Model[Any], operations: Sequence[Operation]) -> None:
        self.model = model
        self._step: Callable[[Any, Operation], Any] = model.step
        self._operations = operations
        self._rows: dict[Any, Row] = {}
        self.size_bytes = 0
        self.first = self.row(model.initial())

    def __len__(self) -> int:
        return len(self._rows)

    def follow(self, row: Row, number: int) -> Row:
        """Ask the model what operation `number` does in a state, which nobody asked yet."""
        state = self._step(row.state, self._operations[number])
        found = NOWHERE if state is REFUSED else self.row(state)
        row[number] = found
        return found

    def row(self, state: Any) -> Row:  # noqa: ANN401  # the model's
        """Return the row of a state."""
        try:
            row = self._rows.get(state)
        except TypeError as error:
            wants = f"a model whose states are hashable; {state!r} is not ({error})"
            raise ArgumentError("model", self.model, wants) from error
        if row is None:
            row = self._rows[state] = Row()
            row.state = state
            row.seen = None
            row.asked = row.lost = 0
            self.size_bytes += ROW_BYTES + sys.getsizeof(state)
        return row

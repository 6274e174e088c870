"""A counter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.errors import ArgumentError
from harness.linearizability.errors import OperationError
from harness.linearizability.frozen import same
from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.vocabulary import ReadyModel, gives, observed, tells_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.linearizability.operation import Operation


class Counter(ReadyModel[int]):
    """A number that is read, and counted up and down by 1 or by an argument.

    `increment`, `decrement` and their like return nothing, or what the number is then;
    `fetch_and_add`, `__next__` and their like what it was before.
    """

    name = "counter"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "read": ("read", "get", "value", "count", "load"),
        "up": ("increment", "inc", "incr", "add", "add_and_get", "up", "tick"),
        "down": ("decrement", "dec", "decr", "subtract", "down"),
        "fetch_up": ("fetch_and_add", "get_and_add", "get_and_increment", "__next__", "next"),
        "fetch_down": ("fetch_and_subtract", "get_and_decrement"),
        "write": ("write", "set", "reset"),
    }
    observers = frozenset({"read"})
    arity: ClassVar[Mapping[str, int]] = {
        "up": 1,
        "down": 1,
        "fetch_up": 1,
        "fetch_down": 1,
        "write": 1,
    }

    def __init__(self, *, initial: int = 0, names: Mapping[str, str] | None = None) -> None:
        """Make the model of a counter that begins at `initial`."""
        super().__init__(names=names)
        if not isinstance(initial, int):
            raise ArgumentError("initial", initial, "a whole number")
        self._initial = initial

    def initial(self) -> int:
        """Return the number it begins at."""
        return self._initial

    def _read(self, state: int, operation: Operation) -> int | Refused:
        return observed(state, operation, state)

    def _up(self, state: int, operation: Operation) -> int | Refused:
        return _counted(operation, state + self._amount(operation))

    def _down(self, state: int, operation: Operation) -> int | Refused:
        return _counted(operation, state - self._amount(operation))

    def _fetch_up(self, state: int, operation: Operation) -> int | Refused:
        return state + self._amount(operation) if gives(operation, state) else REFUSED

    def _fetch_down(self, state: int, operation: Operation) -> int | Refused:
        return state - self._amount(operation) if gives(operation, state) else REFUSED

    def _write(self, state: int, operation: Operation) -> int | Refused:  # noqa: ARG002
        return self._number(operation, 0) if tells_nothing(operation) else REFUSED

    def _amount(self, operation: Operation) -> int:
        return self._number(operation, 1)

    def _number(self, operation: Operation, default: int) -> int:
        given = self.argument(operation, 0, "amount", default)
        if not isinstance(given, int):
            raise OperationError(
                self.name, operation, f"it counts by {given!r}, which is no whole number"
            )
        return given


def _counted(operation: Operation, now: int) -> int | Refused:
    if not operation.known or operation.output is None or same(operation.output, now):
        return now
    return REFUSED

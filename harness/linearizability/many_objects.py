"""Several objects of one kind as one: for criteria that cannot be judged object by object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.linearizability.model import REFUSED, Model, Refused

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from harness.linearizability.operation import Operation


class ManyObjects(Model[tuple[Any, ...]]):
    """A model of objects told apart by `Operation.key`; its state is the tuple of theirs."""

    def __init__(self, each: Model[Any], keys: Iterable[Hashable]) -> None:
        self.each = each
        self.name = f"{each.name}, several"
        self._places = {key: place for place, key in enumerate(keys)}

    def component(self, operation: Operation) -> int:
        """Return which of the states an operation is about."""
        return self._places[operation.key]

    def initial(self) -> tuple[Any, ...]:
        """Return the states of new objects."""
        return tuple(self.each.initial() for _ in self._places)

    def step(self, state: tuple[Any, ...], operation: Operation) -> tuple[Any, ...] | Refused:
        """Return the states after an operation on one of the objects."""
        place = self._places[operation.key]
        after = self.each.step(state[place], operation)
        if after is REFUSED:
            return REFUSED
        return (*state[:place], after, *state[place + 1 :])

    def observes(self, operation: Operation) -> bool:
        """Say what the model of one object says."""
        return self.each.observes(operation)

    def describe(self, operation: Operation) -> str:
        """Return the operation with the object that it was called on."""
        return f"{operation.key!r}: {self.each.describe(operation)}"

    def describe_state(self, state: tuple[Any, ...]) -> str:
        """Return the state of each object."""
        pairs = zip(self._places, state, strict=True)
        return ", ".join(f"{key!r}: {self.each.describe_state(one)}" for key, one in pairs)

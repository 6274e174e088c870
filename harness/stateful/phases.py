"""Keeps the parts of a program apart for a criterion that knows no time.

Sequential consistency respects the order of each client alone. The calls before the threads and
after them are the main thread's, which starts the threads and joins them: that is an order of the
program, too, and without it the last call of a program could be placed before the first one of a
thread, and tell nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.linearizability.model import REFUSED, Model, Refused
from harness.stateful.program import MAIN

if TYPE_CHECKING:
    from harness.linearizability.history import History
    from harness.linearizability.operation import Operation

    Counted = tuple[Any, int, int]  # the state, calls of the main thread, known ones of the others


class Phased(Model["Counted"]):
    """A model that refuses a call out of its part of the program.

    Args:
        model: What the calls do.
        history: The one that is judged: what a part waits for is counted in it.
    """

    def __init__(self, model: Model[Any], history: History) -> None:
        self.name = model.name
        self._model = model
        begin = min((one.call for one in history if one.client != MAIN), default=None)
        main = [one for one in history if one.client == MAIN]
        self._prefix = sum(begin is None or one.call < begin for one in main)
        self._others = sum(one.client != MAIN and one.known for one in history)

    def initial(self) -> Counted:
        """Return the state of a new object, with nothing called."""
        return (self._model.initial(), 0, 0)

    def step(self, state: Counted, operation: Operation) -> Counted | Refused:
        """Return the state after a call, or `REFUSED`: also where its part has not come."""
        inner, main, others = state
        if operation.client == MAIN:
            if main >= self._prefix and others < self._others:
                return REFUSED
            main += 1
        elif main < self._prefix:
            return REFUSED
        else:
            others += operation.known
        after = self._model.step(inner, operation)
        return REFUSED if after is REFUSED else (after, main, others)

    def describe(self, operation: Operation) -> str:
        """Return the call in the words of the model."""
        return self._model.describe(operation)

    def describe_state(self, state: Counted) -> str:
        """Return the state of the object in the words of the model."""
        return self._model.describe_state(state[0])

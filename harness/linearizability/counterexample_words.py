"""The operations of a history in words, as a picture of it says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.model import Model
from harness.linearizability.operation import Raised
from harness.linearizability.reduction_steps import forgotten
from harness.linearizability.shown_values import Values, one_line, shortened

if TYPE_CHECKING:
    from harness.linearizability.history import History
    from harness.linearizability.model_answers import Answer
    from harness.linearizability.operation import Operation

MAX_WORDS: Final = 400  # characters of an operation or a state; a line shortens them further
_UNKNOWN: Final = " -> ?"


class Words:
    """Says what the operations of one history are, in the words of its model.

    A model that describes operations itself is asked; where it does not, values are shown as
    `harness.linearizability.shown_values` says: bounded, and without what may be a secret.
    """

    def __init__(self, model: Model[Any], history: History) -> None:
        self._model = model
        self._values = Values()
        self._says = type(model).describe is not Model.describe
        self._says_state = type(model).describe_state is not Model.describe_state
        self._answering = {one.name for one in history if one.known and one.output is not None}
        self._kept: dict[int, tuple[Operation, str]] = {}

    def operation(self, operation: Operation) -> str:
        """Return an operation with its result: `get('k') -> 1`."""
        found = self._kept.get(id(operation))
        if found is None:
            found = self._kept[id(operation)] = (operation, self._operation(operation))
        return found[1]

    def call(self, operation: Operation) -> str:
        """Return an operation without its result: `get('k')`."""
        return self._parts(operation)[0]

    def outcome(self, operation: Operation) -> str:
        """Return what came of it: "returned 1", "raised KeyError", "waits for ever"."""
        if not operation.known:
            return "waits for ever" if operation.pending else "came back with an unknown result"
        if isinstance(operation.output, Raised):
            return one_line(str(operation.output))
        result = self._parts(operation)[1]
        return f"returned {result}" if result else "came back"

    def state(self, state: object) -> str:
        """Return a state of the object."""
        if self._says_state:
            return shortened(self._model.describe_state(state), MAX_WORDS)
        return shortened(self._values.show(state), MAX_WORDS)

    def answer(self, operation: Operation, answer: Answer) -> str:
        """Return what the model would have done in the place of an operation that it refuses."""
        if not operation.known:  # what waits for ever is refused where it need not wait
            return f"it waits for ever, but {self._answer(answer)}"
        return self._answer(answer)

    def _answer(self, answer: Answer) -> str:
        if answer.waits:
            return "it would have to wait here"
        if not answer.fits:
            return "the model refuses it here"
        if all(isinstance(one, Raised) for one in answer.fits):
            return f"the model raises {' or '.join(one_line(one.type) for one in answer.fits)} here"
        shown = " or ".join(self._values.show(one) for one in answer.fits)
        return f"the model returns {shown} here"

    def client(self, operation: Operation) -> str:
        """Return who called it: `client 2`, or the name that it has."""
        return client_name(operation.client)

    def _operation(self, operation: Operation) -> str:
        call, result = self._parts(operation)
        return f"{call} -> {result}" if result else call

    def _parts(self, operation: Operation) -> tuple[str, str]:
        """Return the call and the result; no result where there is nothing to say of it."""
        if self._says:
            return self._said(operation)
        positional = [self._values.show(one) for one in operation.arguments]
        named = [f"{one_line(name)}={self._values.show(v)}" for name, v in operation.keywords]
        call = shortened(f"{operation.name}({', '.join(positional + named)})", MAX_WORDS)
        if not operation.known:
            return call, "?"
        silent = operation.output is None and operation.name not in self._answering
        if silent and not self._model.observes(operation):
            return call, ""
        return call, shortened(self._values.show(operation.output), MAX_WORDS)

    def _said(self, operation: Operation) -> tuple[str, str]:
        """Return the parts of what the model says; it says them in one."""
        text = shortened(self._model.describe(operation), MAX_WORDS)
        call = self._model.describe(forgotten(operation))
        call = shortened(call.removesuffix(_UNKNOWN), MAX_WORDS)
        if text.startswith(f"{call} -> "):
            return call, text.removeprefix(f"{call} -> ")
        return text, ""


def client_name(client: int | str) -> str:
    """Return who called: `client 2`, or the name that it has."""
    return f"client {client}" if isinstance(client, int) else shortened(client, 40)

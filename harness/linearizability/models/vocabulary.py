"""What the ready models have in common: words for their operations, and how results are compared.

One idea has many names. A queue's `put` is `enqueue` in one paper and `append` on a deque; a file
says `read` where Python says `__getitem__`. Each model lists the words it takes for each thing it
can do, and a user may add more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from harness.errors import ArgumentError
from harness.linearizability.errors import OperationError, UnknownOperationError
from harness.linearizability.frozen import frozen, same
from harness.linearizability.model import REFUSED, Model, Refused
from harness.linearizability.operation import Raised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.linearizability.operation import Operation

State = TypeVar("State")
REQUIRED: Final = object()  # stands for the default of an argument that has none


class ReadyModel(Model[State]):
    """A model that knows its operations by several words.

    A derived class has one method per verb of `words`, called `_verb`, which does one step.

    Attributes:
        words: Each verb, and the names of operations that mean it.
        observers: The verbs that never change the state.
        arity: The most arguments by position that each verb takes; 0 for those not listed.
    """

    words: ClassVar[Mapping[str, tuple[str, ...]]]
    observers: ClassVar[frozenset[str]] = frozenset()
    arity: ClassVar[Mapping[str, int]] = {}

    def __init__(self, *, names: Mapping[str, str] | None = None) -> None:
        """Make the model.

        Args:
            names: More words: the name of an operation, and one that the model knows for it.

        Raises:
            ArgumentError: A word is explained by one that the model does not know.
        """
        self._verbs = {word: verb for verb, words in self.words.items() for word in words}
        for name, meaning in (names or {}).items():
            if meaning not in self._verbs:
                wants = f"words that the model knows: {', '.join(self._verbs)}"
                raise ArgumentError("names", meaning, wants)
            self._verbs[name] = self._verbs[meaning]
        self._most = {word: self.arity.get(verb, 0) for word, verb in self._verbs.items()}
        self._steps: dict[str, Callable[[State, Operation], State | Refused]] = {
            word: getattr(self, f"_{verb}") for word, verb in self._verbs.items()
        }

    def __repr__(self) -> str:
        return f"<model {self.name}>"

    def step(self, state: State, operation: Operation) -> State | Refused:
        """Return the state after an operation, or `REFUSED`.

        Raises:
            OperationError: The model does not know it, or not with these arguments.
        """
        take = self._steps.get(operation.name)
        if take is None or len(operation.arguments) > self._most[operation.name]:
            raise self._unfit(operation)
        return take(state, operation)

    def observes(self, operation: Operation) -> bool:
        """Say whether the operation leaves every state as it is."""
        return self.verb(operation) in self.observers

    def verb(self, operation: Operation) -> str:
        """Return what the operation means.

        Raises:
            UnknownOperationError: Nothing that the model knows.
        """
        verb = self._verbs.get(operation.name)
        if verb is None:
            raise UnknownOperationError(self.name, operation, self.known_words())
        return verb

    def knows(self, operation: Operation) -> bool:
        """Say whether the name of an operation is a word of the model."""
        return operation.name in self._verbs

    def known_words(self) -> tuple[str, ...]:
        """Return all names of operations that the model takes."""
        return tuple(self._verbs)

    def _unfit(self, operation: Operation) -> OperationError:
        most = self.arity.get(self.verb(operation), 0)
        given = len(operation.arguments)
        takes = f"at most {most}" if most else "none"
        return OperationError(
            self.name, operation, f"it has {given} arguments, and the model takes {takes}"
        )

    def argument(
        self,
        operation: Operation,
        place: int,
        word: str,
        default: Any = REQUIRED,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401  # whatever it was called with
        """Return an argument by its place or its name, so that a state can hold it.

        Raises:
            OperationError: It is not there, and there is no default.
        """
        if place < len(operation.arguments):
            return frozen(operation.arguments[place])
        for name, value in operation.keywords:
            if name == word:
                return frozen(value)
        if default is REQUIRED:
            raise OperationError(self.name, operation, f"it has no argument {word!r}")
        return default


def gives(operation: Operation, expected: object) -> bool:
    """Say whether the result, where it is known, is the expected one."""
    return not operation.known or same(operation.output, expected)


def tells_nothing(operation: Operation) -> bool:
    """Say whether the result only says that it was done: None, True or "OK", or not known."""
    output = operation.output
    if output is None or output is True or not operation.known:
        return True
    return isinstance(output, str) and output in ("ok", "OK")


def raised_one_of(operation: Operation, *names: str) -> bool:
    """Say whether it raised one of these, whichever module the class is from.

    Args:
        names: Without an `Error` at their end, which the class may have.
    """
    output = operation.output
    if not isinstance(output, Raised):
        return False
    return output.type.rpartition(".")[2].removesuffix("Error") in names


def observed(state: State, operation: Operation, expected: object) -> State | Refused:
    """Return the same state if the result is the expected one."""
    return state if gives(operation, expected) else REFUSED

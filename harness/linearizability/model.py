"""A model: what operations do to an object when they come one after the other."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

    from harness.linearizability.operation import Operation

State = TypeVar("State")


class Refused(Enum):
    """The type of `REFUSED`: no state follows."""

    REFUSED = "the operation cannot happen in this state with this result"


REFUSED: Final = Refused.REFUSED


class Model(ABC, Generic[State]):
    """A sequential specification as pure functions over hashable, immutable states.

    Attributes:
        name: What a reader calls it.
    """

    name: str

    @abstractmethod
    def initial(self) -> State:
        """Return the state of a new object."""

    @abstractmethod
    def step(self, state: State, operation: Operation) -> State | Refused:
        """Return the state after an operation, or `REFUSED` if its result is not what it does here.

        Any output fits an operation whose result is unknown. Where an operation would wait, it is
        refused: it cannot have happened in that state.
        """

    def observes(self, operation: Operation) -> bool:  # noqa: ARG002  # overridden
        """Say whether the operation, with this output, leaves every state as it is."""
        return False

    def in_reach(self, state: State, operation: Operation) -> bool:  # noqa: ARG002  # overridden
        """Say whether an observer may fit this state, or one that grows out of it.

        States grow by any number of any operations that do not jump. True where that is not known:
        a get from a text that only grows may fit later if what it saw begins with the state. This
        and `jumps_to` let a hard search see dead ends from afar; the verdict is the same without.
        """
        return True

    def jumps_to(self, operation: Operation) -> State | Refused:  # noqa: ARG002  # overridden
        """Return the state to which the operation may lead though it is not in reach of the last.

        A write leads to its value, whatever was there. `REFUSED` if it only leads to states that
        `in_reach` takes for granted.
        """
        return REFUSED

    def partition(self, operation: Operation) -> Hashable:  # noqa: ARG002  # overridden
        """Return which independent part of the object it concerns; None: the whole object.

        If any operation of a history concerns the whole, the history is judged in one piece.
        """
        return None

    def part(self) -> Model[Any]:
        """Return the model of one part, which gets the operations of one partition."""
        return self

    def describe(self, operation: Operation) -> str:
        """Return the operation in a few words: `put('k', 1)`, `get('k') -> 1`."""
        positional = [repr(one) for one in operation.arguments]
        named = [f"{name}={value!r}" for name, value in operation.keywords]
        call = f"{operation.name}({', '.join(positional + named)})"
        if not operation.known:
            return f"{call} -> ?"
        if operation.output is None:
            return call
        return f"{call} -> {operation.output!r}"

    def describe_state(self, state: State) -> str:
        """Return a state in a few words."""
        return repr(state)

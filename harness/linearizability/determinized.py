"""Models whose operations may lead to one of several states, made into models that lead to one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from harness.errors import ArgumentError
from harness.linearizability.model import REFUSED, Model, Refused

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from harness.linearizability.operation import Operation

State = TypeVar("State")


class NondeterministicModel(ABC, Generic[State]):
    """A sequential specification in which an operation may do one of several things.

    Attributes:
        name: What a reader calls it.
    """

    name: str

    @abstractmethod
    def initials(self) -> Iterable[State]:
        """Return the states that a new object may be in: hashable, and at least one."""

    @abstractmethod
    def steps(self, state: State, operation: Operation) -> Iterable[State]:
        """Return the states that may follow an operation with its result; none: it is refused."""

    def partition(self, operation: Operation) -> Hashable:  # noqa: ARG002  # overridden
        """Return which independent part of the object it concerns; None: the whole."""
        return None

    def part(self) -> NondeterministicModel[Any]:
        """Return the model of one part."""
        return self

    def describe_state(self, state: State) -> str:
        """Return a state in a few words."""
        return repr(state)


def determinized(model: NondeterministicModel[State]) -> Model[frozenset[State]]:
    """Return the model whose states are all that the object may be in (the power set).

    A history fits it exactly if some choice at each step fits the model. Nothing is an observer of
    it: a result that only some of the states give leaves just these.

    Raises:
        ArgumentError: It is no non-deterministic model.
    """
    if not isinstance(model, NondeterministicModel):
        raise ArgumentError("model", model, "a NondeterministicModel")
    return Determinized(model)


class Determinized(Model[frozenset[State]]):
    """The power set of a model's states. Made by `determinized`."""

    def __init__(self, model: NondeterministicModel[State]) -> None:
        self._model = model
        self.name = model.name

    def initial(self) -> frozenset[State]:
        """Return every state that a new object may be in."""
        return frozenset(self._model.initials())

    def step(self, state: frozenset[State], operation: Operation) -> frozenset[State] | Refused:
        """Return every state that may follow; `REFUSED` if none does."""
        steps = self._model.steps
        after = frozenset(to for one in state for to in steps(one, operation))
        return after or REFUSED

    def partition(self, operation: Operation) -> Hashable:
        """Return what the model says."""
        return self._model.partition(operation)

    def part(self) -> Model[Any]:
        """Return the model of one part."""
        return Determinized(self._model.part())

    def describe_state(self, state: frozenset[State]) -> str:
        """Return the states in a few words."""
        return " or ".join(sorted(self._model.describe_state(one) for one in state))

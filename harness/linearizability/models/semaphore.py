"""A semaphore: so many permits."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from harness.errors import ArgumentError
from harness.linearizability.errors import OperationError
from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.patience import Patience
from harness.linearizability.models.vocabulary import (
    ReadyModel,
    observed,
    raised_one_of,
    tells_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.linearizability.operation import Operation


class Semaphore(ReadyModel[int]):
    """Permits, as those of `threading.Semaphore`: `acquire`, `release(n)`, `value`.

    What failed or gave up is judged as that of a `Mutex` is.
    """

    name = "semaphore"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "acquire": ("acquire", "wait", "down"),
        "try_acquire": ("try_acquire", "acquire_nowait", "try_wait"),
        "enter": ("__enter__", "__aenter__"),
        "release": ("release", "post", "up", "signal"),
        "exit": ("__exit__", "__aexit__"),
        "value": ("value", "permits", "available"),
        "locked": ("locked",),
    }
    observers = frozenset({"value", "locked"})
    arity: ClassVar[Mapping[str, int]] = {"acquire": 2, "release": 1}

    def __init__(
        self,
        permits: int = 1,
        *,
        bounded: bool = False,
        weak_timeouts: bool = False,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Make the model.

        Args:
            permits: How many there are at first.
            bounded: To release more than were taken is an error, as in `BoundedSemaphore`.
            weak_timeouts: An `acquire` with a timeout may give up in any state.
        """
        super().__init__(names=names)
        if type(permits) is not int or permits < 0:
            raise ArgumentError("permits", permits, "a whole number from 0 on")
        self._permits = permits
        self._bounded = bounded
        self._weak = weak_timeouts

    def initial(self) -> int:
        """Return how many permits there are at first."""
        return self._permits

    def observes(self, operation: Operation) -> bool:
        """Say whether it leaves every state as it is; an acquire that failed does."""
        verb = self.verb(operation)
        failed = operation.known and operation.output is False
        return verb in self.observers or (failed and verb in ("acquire", "try_acquire"))

    def describe_state(self, state: int) -> str:
        """Return how many permits are left."""
        return f"{state} of {self._permits} permits free"

    def _acquire(self, state: int, operation: Operation) -> int | Refused:
        patience = Patience.of(
            self.argument(operation, 0, "blocking", default=True),
            self.argument(operation, 1, "timeout", default=None),
        )
        return self._take(state, operation, patience)

    def _try_acquire(self, state: int, operation: Operation) -> int | Refused:
        return self._take(state, operation, Patience.NONE)

    def _enter(self, state: int, operation: Operation) -> int | Refused:
        return self._take(state, operation, Patience.ENDLESS)

    def _take(self, state: int, operation: Operation, patience: Patience) -> int | Refused:
        lacking = state == 0
        if operation.known and operation.output is False:
            may_fail = patience.may_fail(lacking=lacking, weak_timeouts=self._weak)
            return state if may_fail else REFUSED
        if lacking:
            return REFUSED if operation.known or patience is Patience.ENDLESS else state
        return state - 1 if tells_nothing(operation) else REFUSED

    def _release(self, state: int, operation: Operation) -> int | Refused:
        given = self.argument(operation, 0, "n", 1)
        if not isinstance(given, int) or given < 1:
            why = f"it releases {given!r}, which is no whole number from 1 on"
            raise OperationError(self.name, operation, why)
        return self._give_back(state, operation, given)

    def _give_back(self, state: int, operation: Operation, count: int) -> int | Refused:
        if self._bounded and state + count > self._permits:
            failed = raised_one_of(operation, "Value") or not operation.known
            return state if failed else REFUSED
        return state + count if tells_nothing(operation) else REFUSED

    def _exit(self, state: int, operation: Operation) -> int | Refused:
        if operation.output is False:  # it swallowed no exception
            return state + 1 if not self._bounded or state < self._permits else REFUSED
        return self._give_back(state, operation, 1)

    def _value(self, state: int, operation: Operation) -> int | Refused:
        return observed(state, operation, state)

    def _locked(self, state: int, operation: Operation) -> int | Refused:
        return observed(state, operation, state == 0)

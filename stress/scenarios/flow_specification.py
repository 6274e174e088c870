"""What a flow controller does when calls come one after the other, as a model for histories.

`acquire` is granted in one moment, when its caller has a slot: a caller that waits has not been
granted anything yet. So a history of calls on a controller, with real threads or in a controlled
execution, is right if it is linearizable against this model. Both faces have the same.

`waiting` is left out: who waits has called and is not granted, which no order of whole calls shows.

Source: requirements R-FL-01 to R-FL-08.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from harness.errors import ArgumentError
from harness.linearizability import REFUSED, Model, Raised
from secmem.flow import CancelToken, FlowCancelled, FlowClosed, FlowTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.linearizability import Operation, Refused
    from secmem.flow import FlowController

CLOSED: Final = Raised(f"{FlowClosed.__module__}.{FlowClosed.__qualname__}")
CANCELLED: Final = Raised(f"{FlowCancelled.__module__}.{FlowCancelled.__qualname__}")
TIMED_OUT: Final = Raised(f"{FlowTimeout.__module__}.{FlowTimeout.__qualname__}")
FIGURES: Final = ("pending", "blocked", "closed", "misuse_count")


def _acquire_cancelled(flow: FlowController) -> None:
    token = CancelToken()
    token.cancel()
    flow.acquire(cancel=token)


# What a thread calls, by the names that the specification knows.
FLOW_CALLS: Final[Mapping[str, Callable[[FlowController], object]]] = {
    "acquire": lambda flow: flow.acquire(),
    "try_acquire": lambda flow: flow.acquire(0),
    "patient_acquire": lambda flow: flow.acquire(5.0),
    "acquire_cancelled": _acquire_cancelled,
    "release": lambda flow: flow.release(),
    "close": lambda flow: flow.close(),
    "pending": lambda flow: flow.pending,
    "blocked": lambda flow: flow.blocked,
    "closed": lambda flow: flow.closed,
    "misuse_count": lambda flow: flow.misuse_count,
}


class FlowState(NamedTuple):
    """What a controller remembers; the figures have its own names for them."""

    pending: int = 0
    blocked: bool = False
    closed: bool = False
    misuse_count: int = 0


class FlowSpecification(Model[FlowState]):
    """A controller with two marks.

    Operations: `acquire()` waits, `try_acquire()` has a timeout of 0, `patient_acquire()` one that
    may run out while the gate is shut, `acquire_cancelled()` a token that is cancelled already;
    `release()`, `close()`, and the figures `pending`, `blocked`, `closed` and `misuse_count`.
    """

    name = "flow controller"

    def __init__(self, *, high: int, low: int) -> None:
        if not 1 <= low <= high:
            raise ArgumentError("low", low, f"a mark from 1 to high, which is {high}")
        self.high = high
        self.low = low

    def initial(self) -> FlowState:
        """Return an open controller without slots taken."""
        return FlowState()

    def step(self, state: FlowState, operation: Operation) -> FlowState | Refused:
        """Return the state after one call; a call that would wait is refused."""
        name = operation.name
        if name in FIGURES:
            return _shown(state, operation)
        match name:
            case "acquire" | "try_acquire" | "patient_acquire" | "acquire_cancelled":
                return self._acquire(state, operation)
            case "release":
                return self._release(state)
            case "close":
                return state._replace(closed=True)
            case _:
                raise ArgumentError("operation", name, f"one of {', '.join(FLOW_CALLS)}")

    def observes(self, operation: Operation) -> bool:
        """Say whether it only looks: a figure, or an acquire that got no slot."""
        return operation.name in FIGURES or isinstance(operation.output, Raised)

    def _acquire(self, state: FlowState, operation: Operation) -> FlowState | Refused:
        outcome: Raised | None = None
        if state.closed:
            outcome = CLOSED
        elif operation.name == "acquire_cancelled":
            outcome = CANCELLED
        elif state.blocked:
            if operation.name == "acquire":
                return REFUSED  # it waits
            outcome = TIMED_OUT
        if operation.known and operation.output != outcome:
            return REFUSED
        return state if outcome is not None else self._granted(state)

    def _granted(self, state: FlowState) -> FlowState:
        pending = state.pending + 1
        return state._replace(pending=pending, blocked=pending >= self.high)

    def _release(self, state: FlowState) -> FlowState:
        if not state.pending:
            return state._replace(misuse_count=state.misuse_count + 1)
        pending = state.pending - 1
        return state._replace(pending=pending, blocked=state.blocked and pending > self.low)


def _shown(state: FlowState, operation: Operation) -> FlowState | Refused:
    fits = not operation.known or getattr(state, operation.name) == operation.output
    return state if fits else REFUSED

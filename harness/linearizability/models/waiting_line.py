"""What queues, stacks and priority queues have in common: things go in, and come out in an order.

Which forms wait, and what a form that does not wait may say:

- `put` and `get` wait, as those of `queue.Queue` do: on a full or empty line they cannot have
  happened, so they are refused there.
- What failed is told by False, or by an exception whose class is called `Empty`, `QueueFull`,
  `IndexError` and so on, in any module, with `Error` behind it or without.
- With `block=False`, and as `put_nowait`, `get_nowait`, `try_put`, `dequeue`, `poll`, `popleft`
  and so on, they do not wait: what failed (`Raised("queue.Empty")`, `Raised("IndexError")`, False,
  for a file None) fits in exactly those states in which it has to fail.
- With a timeout they wait and may give up. Giving up fits only where the line is empty or full at
  some moment of the interval: whoever gives up looks a last time. An object that may give up
  although it could go on (its wake-up came too late) needs `weak_timeouts=True`.

`task_done` and `join` of a `queue.Queue` are taken and not judged: what is in line does not tell
what is being worked on.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Final

from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.patience import Patience
from harness.linearizability.models.vocabulary import (
    ReadyModel,
    gives,
    observed,
    raised_one_of,
    tells_nothing,
)
from harness.linearizability.operation import Raised
from harness.linearizability.shown_values import Values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.linearizability.operation import Operation

Line = tuple[Any, ...]
EMPTY_NAMES: Final = ("Empty", "QueueEmpty", "StackEmpty", "Index", "NoSuchElement", "WouldBlock")
FULL_NAMES: Final = ("Full", "QueueFull", "StackFull", "WouldBlock")


class WaitingLine(ReadyModel[Line]):
    """Things in a line, as a tuple; derived classes say where they go in and come out."""

    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "put": ("put", "enqueue", "push", "append", "add", "send"),
        "try_put": ("put_nowait", "try_put", "offer", "try_push", "try_enqueue"),
        "get": ("get", "take", "receive"),
        "try_get": ("get_nowait", "try_get", "dequeue", "poll", "try_dequeue", "remove"),
        "peek": ("peek", "front", "head"),
        "size": ("qsize", "__len__", "len", "size"),
        "is_empty": ("empty", "is_empty"),
        "is_full": ("full", "is_full"),
        "has_any": ("__bool__",),
        "clear": ("clear",),
        "not_judged": ("task_done", "join"),
    }
    observers = frozenset({"peek", "size", "is_empty", "is_full", "has_any", "not_judged"})
    arity: ClassVar[Mapping[str, int]] = {"put": 3, "try_put": 1, "get": 2}

    def __init__(
        self,
        *,
        capacity: int | None = None,
        weak_timeouts: bool = False,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Make the model.

        Args:
            capacity: How many fit in; None: any number.
            weak_timeouts: A form with a timeout may give up in any state.
        """
        super().__init__(names=names)
        self.capacity = capacity
        self._weak = weak_timeouts

    def initial(self) -> Line:
        """Return the empty line."""
        return ()

    @abstractmethod
    def with_one_more(self, line: Line, item: object) -> Line:
        """Return the line with a thing put in."""

    @abstractmethod
    def split(self, line: Line) -> tuple[object, Line]:
        """Return what comes out of a line that is not empty, and the rest."""

    def observes(self, operation: Operation) -> bool:
        """Say whether it leaves every state as it is; what failed does."""
        verb = self.verb(operation)
        if verb in self.observers or isinstance(operation.output, Raised):
            return True
        return operation.output is False and verb in ("put", "try_put")  # a get may take a False

    def describe_state(self, state: Line) -> str:
        """Return what is in line, the first to come first."""
        return (
            f"{len(state)} inside: {Values(numbered=False).show(list(state))}" if state else "empty"
        )

    def _put(self, state: Line, operation: Operation) -> Line | Refused:
        return self._enter(state, operation, self._patience(operation, 1))

    def _try_put(self, state: Line, operation: Operation) -> Line | Refused:
        return self._enter(state, operation, Patience.NONE)

    def _get(self, state: Line, operation: Operation) -> Line | Refused:
        return self._leave(state, operation, self._patience(operation, 0))

    def _try_get(self, state: Line, operation: Operation) -> Line | Refused:
        if not state and operation.known and operation.output is None:
            return state  # how a file says that there was nothing
        return self._leave(state, operation, Patience.NONE)

    def _peek(self, state: Line, operation: Operation) -> Line | Refused:
        if state:
            return observed(state, operation, self.split(state)[0])
        nothing = operation.output is None or raised_one_of(operation, *EMPTY_NAMES)
        return state if nothing or not operation.known else REFUSED

    def _size(self, state: Line, operation: Operation) -> Line | Refused:
        return observed(state, operation, len(state))

    def _is_empty(self, state: Line, operation: Operation) -> Line | Refused:
        return observed(state, operation, not state)

    def _is_full(self, state: Line, operation: Operation) -> Line | Refused:
        return observed(state, operation, self._no_room(state))

    def _has_any(self, state: Line, operation: Operation) -> Line | Refused:
        return observed(state, operation, bool(state))

    def _clear(self, state: Line, operation: Operation) -> Line | Refused:  # noqa: ARG002
        return () if tells_nothing(operation) else REFUSED

    def _not_judged(self, state: Line, operation: Operation) -> Line | Refused:  # noqa: ARG002
        return state

    def _no_room(self, line: Line) -> bool:
        return self.capacity is not None and len(line) >= self.capacity

    def _patience(self, operation: Operation, place: int) -> Patience:
        return Patience.of(
            self.argument(operation, place, "block", default=True),
            self.argument(operation, place + 1, "timeout", default=None),
        )

    def _enter(self, state: Line, operation: Operation, patience: Patience) -> Line | Refused:
        item = self.argument(operation, 0, "item")
        no_room = self._no_room(state)
        if operation.output is False or raised_one_of(operation, *FULL_NAMES):
            failed_rightly = patience.may_fail(lacking=no_room, weak_timeouts=self._weak)
            return state if failed_rightly else REFUSED
        if no_room:
            return self._where_it_lacks(state, operation, patience)
        return self.with_one_more(state, item) if tells_nothing(operation) else REFUSED

    def _leave(self, state: Line, operation: Operation, patience: Patience) -> Line | Refused:
        if raised_one_of(operation, *EMPTY_NAMES):
            failed_rightly = patience.may_fail(lacking=not state, weak_timeouts=self._weak)
            return state if failed_rightly else REFUSED
        if not state:
            return self._where_it_lacks(state, operation, patience)
        item, rest = self.split(state)
        return rest if gives(operation, item) else REFUSED

    def _where_it_lacks(
        self, state: Line, operation: Operation, patience: Patience
    ) -> Line | Refused:
        """Return what comes of an operation that cannot go on here and did not say that it failed.

        With an unknown result it may have failed.
        """
        return REFUSED if operation.known or patience is Patience.ENDLESS else state

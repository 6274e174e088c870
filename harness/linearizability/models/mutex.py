"""A lock: one holder at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

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

Holder = tuple[int | str, int] | None  # who, and how many times; None: nobody


class Mutex(ReadyModel[Holder]):
    """A lock, as `threading.Lock` is one: `acquire`, `release`, `locked`, and as a `with` block.

    An `acquire` that waits fits only where nobody holds the lock. One that failed (False) fits
    where it had to: it did not wait and the lock was held. One that gave up after a time found the
    lock held at some moment, unless `weak_timeouts` is set.
    """

    name = "mutex"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "acquire": ("acquire", "lock"),
        "try_acquire": ("try_acquire", "try_lock", "trylock", "acquire_nowait"),
        "enter": ("__enter__", "__aenter__"),
        "release": ("release", "unlock"),
        "exit": ("__exit__", "__aexit__"),
        "locked": ("locked", "is_locked"),
    }
    observers = frozenset({"locked"})
    arity: ClassVar[Mapping[str, int]] = {"acquire": 2}

    def __init__(
        self,
        *,
        owned: bool = False,
        reentrant: bool = False,
        weak_timeouts: bool = False,
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Make the model.

        Args:
            owned: Only who holds it may release it; others get an error.
            reentrant: Who holds it may take it again, as a `threading.RLock`; means owned, too.
            weak_timeouts: An `acquire` with a timeout may give up in any state.
        """
        super().__init__(names=names)
        self._owned = owned or reentrant
        self._reentrant = reentrant
        self._weak = weak_timeouts

    def initial(self) -> Holder:
        """Return the state in which nobody holds it."""
        return None

    def observes(self, operation: Operation) -> bool:
        """Say whether it leaves every state as it is; an acquire that failed does."""
        verb = self.verb(operation)
        failed = operation.known and operation.output is False
        return verb == "locked" or (failed and verb in ("acquire", "try_acquire"))

    def describe_state(self, state: Holder) -> str:
        """Return who holds it."""
        if state is None:
            return "free"
        client, times = state
        return f"held by {client}" + (f", {times} times" if times > 1 else "")

    def _acquire(self, state: Holder, operation: Operation) -> Holder | Refused:
        patience = Patience.of(
            self.argument(operation, 0, "blocking", default=True),
            self.argument(operation, 1, "timeout", default=None),
        )
        return self._take(state, operation, patience)

    def _try_acquire(self, state: Holder, operation: Operation) -> Holder | Refused:
        return self._take(state, operation, Patience.NONE)

    def _enter(self, state: Holder, operation: Operation) -> Holder | Refused:
        # Its result is what `as` binds, whatever that is.
        if raised_one_of(operation, "Runtime") or self._lacks(state, operation):
            return REFUSED
        return self._held_once_more(state, operation)

    def _take(self, state: Holder, operation: Operation, patience: Patience) -> Holder | Refused:
        lacking = self._lacks(state, operation)
        if operation.known and operation.output is False:
            may_fail = patience.may_fail(lacking=lacking, weak_timeouts=self._weak)
            return state if may_fail else REFUSED
        if lacking:
            return REFUSED if operation.known or patience is Patience.ENDLESS else state
        return self._held_once_more(state, operation) if tells_nothing(operation) else REFUSED

    def _lacks(self, state: Holder, operation: Operation) -> bool:
        return state is not None and not (self._reentrant and state[0] == operation.client)

    def _held_once_more(self, state: Holder, operation: Operation) -> Holder:
        if state is None:
            # Who it is is no part of the state where anybody may release it.
            return (operation.client if self._owned else "somebody", 1)
        return (state[0], state[1] + 1)

    def _release(self, state: Holder, operation: Operation) -> Holder | Refused:
        if state is None or (self._owned and state[0] != operation.client):
            failed = raised_one_of(operation, "Runtime") or not operation.known
            return state if failed else REFUSED
        if not tells_nothing(operation):
            return REFUSED
        return (state[0], state[1] - 1) if state[1] > 1 else None

    def _exit(self, state: Holder, operation: Operation) -> Holder | Refused:
        if operation.output is False and state is not None:  # it swallowed no exception
            return (state[0], state[1] - 1) if state[1] > 1 else None
        return self._release(state, operation)

    def _locked(self, state: Holder, operation: Operation) -> Holder | Refused:
        return observed(state, operation, state is not None)

"""A set, judged element by element where nothing looks at the whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from harness.linearizability.errors import OperationError
from harness.linearizability.frozen import Frozen, frozen
from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.vocabulary import (
    ReadyModel,
    observed,
    raised_one_of,
    tells_nothing,
)
from harness.linearizability.operation import Raised
from harness.linearizability.shown_values import Values

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from harness.linearizability.operation import Operation

Members = frozenset[Any]


class SetModel(ReadyModel[Members]):
    """A set. `add`, `discard`, `remove`, `contains`; of the whole: `read`, `len`, `clear`, `pop`.

    `add` and `discard` return nothing, or whether they changed the set. `remove` of what is not in
    it raises KeyError, or returns False.
    """

    name = "set"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "add": ("add", "insert", "put"),
        "discard": ("discard", "delete"),
        "remove": ("remove",),
        "contains": ("contains", "__contains__", "has", "member", "is_member"),
        "members": ("read", "members", "copy", "elements", "list"),
        "size": ("__len__", "len", "size"),
        "clear": ("clear",),
        "pop": ("pop",),
    }
    observers = frozenset({"contains", "members", "size"})
    arity: ClassVar[Mapping[str, int]] = {"add": 1, "discard": 1, "remove": 1, "contains": 1}
    _WHOLE: ClassVar = frozenset({"members", "size", "clear", "pop"})

    def __init__(
        self, *, initial: Iterable[Any] = (), names: Mapping[str, str] | None = None
    ) -> None:
        """Make the model of a set with these members."""
        super().__init__(names=names)
        self._initial = frozenset(frozen(one) for one in initial)

    def initial(self) -> Members:
        """Return the first members."""
        return self._initial

    def observes(self, operation: Operation) -> bool:
        """Say whether it leaves every state as it is; what says that it changed nothing does."""
        if isinstance(operation.output, Raised):
            return True
        verb = self.verb(operation)
        return verb in self.observers or (verb != "pop" and operation.output is False)

    def partition(self, operation: Operation) -> Hashable:
        """Return the element; None for what concerns the whole set."""
        if self.verb(operation) in self._WHOLE:
            return None
        element: Hashable = self.argument(operation, 0, "element")
        return ("element", None) if element is None else element  # None would mean the whole

    def describe_state(self, state: Members) -> str:
        """Return the members."""
        return Values(numbered=False).show(frozenset(state)) if state else "empty"

    def _add(self, state: Members, operation: Operation) -> Members | Refused:
        element = self.argument(operation, 0, "element")
        return _changed(operation, is_change=element not in state, after=state | {element})

    def _discard(self, state: Members, operation: Operation) -> Members | Refused:
        element = self.argument(operation, 0, "element")
        return _changed(operation, is_change=element in state, after=state - {element})

    def _remove(self, state: Members, operation: Operation) -> Members | Refused:
        element = self.argument(operation, 0, "element")
        if element in state:
            return state - {element} if tells_nothing(operation) else REFUSED
        failed = operation.output is False or raised_one_of(operation, "Key")
        return state if failed or not operation.known else REFUSED

    def _contains(self, state: Members, operation: Operation) -> Members | Refused:
        return observed(state, operation, self.argument(operation, 0, "element") in state)

    def _members(self, state: Members, operation: Operation) -> Members | Refused:
        if not operation.known:
            return state
        return state if _as_members(operation.output) == state else REFUSED

    def _size(self, state: Members, operation: Operation) -> Members | Refused:
        return observed(state, operation, len(state))

    def _clear(self, state: Members, operation: Operation) -> Members | Refused:  # noqa: ARG002
        return frozenset() if tells_nothing(operation) else REFUSED

    def _pop(self, state: Members, operation: Operation) -> Members | Refused:
        if not state:
            empty = raised_one_of(operation, "Key") or operation.output is None
            return state if empty else REFUSED
        if not operation.known:
            if len(state) == 1:
                return frozenset()
            why = "which element it took is not known; let it return one, or leave it out"
            raise OperationError(self.name, operation, why)
        return state - {operation.output} if operation.output in state else REFUSED


def _changed(operation: Operation, *, is_change: bool, after: Members) -> Members | Refused:
    """Return the state after what may say whether it changed anything."""
    if not operation.known or operation.output is None or operation.output is is_change:
        return after
    return REFUSED


def _as_members(output: object) -> Members | None:
    """Return the members that a read shows, in whatever container; None if it shows none."""
    content = output.content if isinstance(output, Frozen) else output
    if isinstance(content, str) or not isinstance(content, Iterable):
        return None
    return frozenset(content)

"""The value under one key of a key-value store."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Final

from harness.linearizability.errors import OperationError
from harness.linearizability.frozen import Frozen, same
from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.vocabulary import (
    REQUIRED,
    ReadyModel,
    gives,
    observed,
    raised_one_of,
    tells_nothing,
)
from harness.linearizability.operation import Raised
from harness.linearizability.shown_values import Values

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from harness.linearizability.operation import Operation


class Absent(Enum):
    """The type of `ABSENT`: nothing is stored under the key."""

    ABSENT = "nothing"

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = Absent.ABSENT
_PLAIN: Final = (str, bytes, int, float, type(None))  # of these only texts and bytes grow
_WITHOUT_KEY: Final = {"put": 1, "append": 1, "cas": 2, "setdefault": 1}  # arguments after the key


class KeyValuePart(ReadyModel[Any]):
    """One key's value, or `ABSENT`.

    The key is the first argument, or the operation's `key`, as in files: then it stands beside the
    arguments, and there are just as many of these as the operation needs without it.
    """

    name = "one key"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "get": ("get", "read", "load", "lookup"),
        "item": ("__getitem__",),
        "put": ("put", "set", "write", "store", "__setitem__"),
        "append": ("append",),
        "delete": ("delete", "discard", "remove"),
        "del_item": ("__delitem__",),
        "pop": ("pop",),
        "setdefault": ("setdefault",),
        "contains": ("__contains__", "contains", "has", "has_key"),
        "cas": ("cas", "compare_and_set", "compare_and_swap", "replace"),
    }
    observers = frozenset({"get", "item", "contains"})
    arity: ClassVar[Mapping[str, int]] = {
        "get": 2,
        "item": 1,
        "put": 2,
        "append": 2,
        "delete": 1,
        "del_item": 1,
        "pop": 2,
        "setdefault": 2,
        "contains": 1,
        "cas": 3,
    }

    def __init__(
        self,
        *,
        initial: Any = ABSENT,  # noqa: ANN401  # whatever is stored
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Make the model of a key under which `initial` is stored first."""
        super().__init__(names=names)
        self._initial = initial

    def initial(self) -> Any:  # noqa: ANN401
        """Return what is stored first."""
        return self._initial

    def describe_state(self, state: Any) -> str:  # noqa: ANN401
        """Return the value."""
        return repr(ABSENT) if state is ABSENT else Values(numbered=False).show(state)

    def observes(self, operation: Operation) -> bool:
        """Say whether it leaves every state as it is."""
        verb = self.verb(operation)
        if verb in self.observers or isinstance(operation.output, Raised):
            return True
        return operation.output is False and verb in ("cas", "delete")

    def in_reach(self, state: Any, operation: Operation) -> bool:  # noqa: ANN401
        """Say whether an observer may fit the value, or one that grows out of it by `append`."""
        seen = operation.output
        if type(state) is str and type(seen) is str:  # only a get sees a text
            return seen.startswith(state)
        # Out of nothing anything grows; of what else grows nothing is known.
        if not operation.known or not isinstance(state, _PLAIN):
            return True
        grows = isinstance(state, str | bytes)
        if grows and self.verb(operation) == "cas":
            return True  # it failed, which it may do later where it would not now
        if isinstance(seen, bytes) and isinstance(state, bytes):
            return seen.startswith(state)
        return self.step(state, operation) is not REFUSED

    def jumps_to(self, operation: Operation) -> Any | Refused:  # noqa: ANN401
        """Return what it stores in place of anything."""
        verb = self.verb(operation)
        if verb == "put":
            return self._rest(operation, 0, "value")
        if verb == "cas" and not self.observes(operation):
            return self._rest(operation, 1, "new")
        return ABSENT if verb in {"delete", "del_item", "pop"} else REFUSED

    def key_of(self, operation: Operation) -> Hashable:
        """Return the key that the operation is about.

        Raises:
            OperationError: It names none.
        """
        if self._key_is_beside(operation):
            return operation.key
        key: Hashable = self.argument(operation, 0, "key")
        return key

    def _key_is_beside(self, operation: Operation) -> bool:
        if operation.key is None:
            return False
        fewest = _WITHOUT_KEY.get(self.verb(operation), 0)
        return len(operation.arguments) + len(operation.keywords) <= fewest

    def _rest(self, operation: Operation, place: int, word: str, default: Any = REQUIRED) -> Any:  # noqa: ANN401
        """Return an argument by its place after the key."""
        shift = 0 if self._key_is_beside(operation) else 1
        return self.argument(operation, place + shift, word, default)

    def _get(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        found = self._rest(operation, 0, "default", None) if state is ABSENT else state
        return observed(state, operation, found)

    def _item(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        if state is ABSENT:
            return _missed(state, operation)
        return observed(state, operation, state)

    def _put(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        if tells_nothing(operation) or same(operation.output, state):  # some return what was there
            return self._rest(operation, 0, "value")
        return REFUSED

    def _append(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        added = self._rest(operation, 0, "value")
        now = self._appended(operation, state, added)
        return now if tells_nothing(operation) or same(operation.output, now) else REFUSED

    def _appended(self, operation: Operation, state: Any, added: Any) -> Any:  # noqa: ANN401
        if isinstance(added, str) and (state is ABSENT or isinstance(state, str)):
            return added if state is ABSENT else state + added
        if isinstance(added, bytes) and isinstance(state, bytes):
            return state + added
        if isinstance(state, tuple):
            return (*state, added)
        if isinstance(state, Frozen) and state.kind == "list":
            return Frozen("list", (*state.content, added))
        if state is ABSENT:
            return Frozen("list", (added,))
        why = f"{added!r} cannot be appended to {state!r}, which is neither text nor a list"
        raise OperationError(self.name, operation, why)

    def _delete(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        if state is not ABSENT:
            return ABSENT if tells_nothing(operation) or gives(operation, state) else REFUSED
        if operation.output is None or operation.output is False:
            return state
        return _missed(state, operation)

    def _del_item(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        if state is ABSENT:
            return _missed(state, operation)
        return ABSENT if tells_nothing(operation) else REFUSED

    def _pop(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        if state is not ABSENT:
            return ABSENT if gives(operation, state) else REFUSED
        default = self._rest(operation, 0, "default", ABSENT)
        if default is ABSENT:
            return _missed(state, operation)
        return observed(state, operation, default)

    def _setdefault(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        now = self._rest(operation, 0, "default", None) if state is ABSENT else state
        return now if gives(operation, now) else REFUSED

    def _contains(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        return observed(state, operation, state is not ABSENT)

    def _cas(self, state: Any, operation: Operation) -> Any:  # noqa: ANN401
        held = state is not ABSENT and same(state, self._rest(operation, 0, "expected"))
        new = self._rest(operation, 1, "new")
        if operation.known and operation.output is not held:
            return REFUSED
        return new if held else state


def _missed(state: Any, operation: Operation) -> Any | Refused:  # noqa: ANN401
    """Return the same state if the operation said that there is nothing under the key."""
    return state if not operation.known or raised_one_of(operation, "Key") else REFUSED

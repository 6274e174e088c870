"""A key-value store or dict, judged key by key where nothing looks at the whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from harness.linearizability.errors import OperationError
from harness.linearizability.frozen import Frozen, frozen
from harness.linearizability.model import REFUSED, Refused
from harness.linearizability.models.key_value_part import ABSENT, KeyValuePart
from harness.linearizability.models.vocabulary import ReadyModel, observed, tells_nothing
from harness.linearizability.shown_values import Values as Shown

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from harness.linearizability.operation import Operation

Values = tuple[Any, ...]


class KeyValue(ReadyModel[Values]):
    """Values under keys. `get`, `put`, `append`, `delete`, `pop`, `setdefault`, `contains`, `cas`.

    Those of a dict are taken by their own names, too: `__getitem__`, `__setitem__` and so on. Of
    the whole: `len`, `keys`, `items`, `clear`.

    A state is a tuple with the value of each key, in the order in which this model first met the
    keys: equal contents are equal tuples, and a change copies one tuple.
    """

    name = "kv"
    words: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "size": ("__len__", "len", "size"),
        "keys": ("keys",),
        "items": ("items", "copy"),
        "clear": ("clear",),
    }
    observers = frozenset({"size", "keys", "items"})

    def __init__(
        self,
        *,
        initial: Any = ABSENT,  # noqa: ANN401  # whatever is stored
        names: Mapping[str, str] | None = None,
    ) -> None:
        """Make the model.

        Args:
            initial: What is stored under every key at first; by default nothing is.
            names: More words: the name of an operation, and one that the model knows for it.
        """
        whole = {one for words in self.words.values() for one in words}
        given = dict(names or {})
        super().__init__(names={name: word for name, word in given.items() if word in whole})
        of_a_key = {name: word for name, word in given.items() if word not in whole}
        self._part = KeyValuePart(initial=frozen(initial), names=of_a_key)
        self._places: dict[Hashable, int] = {}

    def initial(self) -> Values:
        """Return the store in which every key has its first value."""
        return ()

    def step(self, state: Values, operation: Operation) -> Values | Refused:
        """Return the state after an operation, or `REFUSED`."""
        if not self._part.knows(operation):
            return super().step(state, operation)
        key = self._part.key_of(operation)
        place = self._places.setdefault(key, len(self._places))
        before = state[place] if place < len(state) else self._part.initial()
        after = self._part.step(before, operation)
        if after is REFUSED or after is before:
            return after if after is REFUSED else state
        return self._with(state, place, after)

    def partition(self, operation: Operation) -> Hashable:
        """Return the key; None for what concerns the whole store."""
        if not self._part.knows(operation):
            self.verb(operation)  # raises if it knows it no more than the part does
            return None
        key = self._part.key_of(operation)
        return ("key", None) if key is None else key  # None would mean the whole

    def part(self) -> KeyValuePart:
        """Return the model of one key."""
        return self._part

    def observes(self, operation: Operation) -> bool:
        """Say whether it leaves every state as it is."""
        if self._part.knows(operation):
            return self._part.observes(operation)
        return super().observes(operation)

    def known_words(self) -> tuple[str, ...]:
        """Return all names of operations that the model takes."""
        return (*self._part.known_words(), *super().known_words())

    def describe_state(self, state: Values) -> str:
        """Return what is stored under the keys."""
        inside = self._inside(state)
        return Shown(numbered=False).show(inside)

    def _with(self, state: Values, place: int, value: Any) -> Values:  # noqa: ANN401
        """Return the state with another value; without a tail of keys that have their first."""
        first = self._part.initial()
        padded = state + (first,) * (place - len(state))
        after = (*padded[:place], value, *padded[place + 1 :])
        end = len(after)
        while end and (after[end - 1] is first or after[end - 1] == first):
            end -= 1
        return after[:end]

    def _inside(self, state: Values) -> dict[Hashable, Any]:
        return {
            key: state[place]
            for key, place in self._places.items()
            if place < len(state) and state[place] is not ABSENT
        }

    def _size(self, state: Values, operation: Operation) -> Values | Refused:
        return observed(state, operation, len(self._whole(state, operation)))

    def _keys(self, state: Values, operation: Operation) -> Values | Refused:
        if not operation.known:
            return state
        shown = operation.output
        content = shown.content if isinstance(shown, Frozen) else shown
        keys = self._whole(state, operation)
        is_all = isinstance(content, Iterable) and _are_the_keys(content, keys)
        return state if is_all else REFUSED

    def _items(self, state: Values, operation: Operation) -> Values | Refused:
        inside = self._whole(state, operation)
        return observed(state, operation, Frozen("dict", tuple(inside.items())))

    def _clear(self, state: Values, operation: Operation) -> Values | Refused:
        self._whole(state, operation)
        return () if tells_nothing(operation) else REFUSED

    def _whole(self, state: Values, operation: Operation) -> dict[Hashable, Any]:
        if self._part.initial() is not ABSENT:
            why = "every key has a first value, so the store as a whole has no end"
            raise OperationError(self.name, operation, why)
        return self._inside(state)


class KeyValueAppend(KeyValue):
    """A key-value store of texts that are empty at first and grow by `append`."""

    name = "kv-append"

    def __init__(self, *, initial: Any = "", names: Mapping[str, str] | None = None) -> None:  # noqa: ANN401
        """Make the model; under every key there is `initial` at first."""
        super().__init__(initial=initial, names=names)


def _are_the_keys(shown: Iterable[Any], keys: Mapping[Hashable, Any]) -> bool:
    """Say whether what is shown are the keys, each once, in any order."""
    listed = list(shown)
    return len(listed) == len(keys) and all(one in keys for one in listed)

"""A plain sequential class as the model: what it returns, call after call, is what is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError
from harness.linearizability.errors import ObserverError, UnknownOperationError
from harness.linearizability.model import REFUSED, Model, Refused
from harness.linearizability.object_state import call_state, identities
from harness.linearizability.sequential_graph import (
    Call,
    Graph,
    Node,
    Run,
    Settle,
    alike,
    settle_plainly,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Mapping

    from harness.linearizability.operation import Operation

MAX_CALLS: Final = 20_000  # that are remembered by operation
_NO_EXCEPTION: Final = (None, None, None)
# Of exactly these classes it is known what only looks, and what concerns one element alone.
_LOOKS: Final[dict[str, frozenset[str]]] = {
    "builtins.dict": frozenset(
        {"get", "__getitem__", "__contains__", "__len__", "keys", "values", "items", "copy"}
    ),
    "builtins.set": frozenset({"__contains__", "__len__", "copy"}),
    "builtins.list": frozenset({"__getitem__", "__contains__", "__len__", "copy", "index"}),
    "collections.deque": frozenset({"__getitem__", "__contains__", "__len__", "copy", "index"}),
    "queue.Queue": frozenset({"qsize", "empty", "full"}),
    "queue.LifoQueue": frozenset({"qsize", "empty", "full"}),
    "queue.PriorityQueue": frozenset({"qsize", "empty", "full"}),
    "_queue.SimpleQueue": frozenset({"qsize", "empty"}),
}
_OF_ONE: Final[dict[str, frozenset[str]]] = {
    "builtins.dict": frozenset(
        {"get", "__getitem__", "__setitem__", "__delitem__", "__contains__", "setdefault", "pop"}
    ),
    "builtins.set": frozenset({"add", "discard", "remove", "__contains__"}),
}


class SequentialModel(Model[Node]):
    """What a class does when its methods are called one after the other.

    The class is made and called for real, as often as it takes, so it should do nothing outside of
    itself. What a method raises is its result. What it does is remembered for all histories that
    are judged with this model: keep one model for many.

    A result is right if it equals that of the sequential run. A new object that is equal only to
    itself (a connection, an iterator) is right if it is of the same class.

    Example:
        >>> check(history, SequentialModel(collections.deque))

    Attributes:
        name: That of the class.
    """

    def __init__(  # noqa: PLR0913  # each of them by its name
        self,
        make: Callable[[], Any],
        *,
        name: str = "",
        calls: Mapping[str, Callable[..., Any]] | None = None,
        observers: Collection[str] = (),
        key: Callable[[Operation], Hashable] | None = None,
        run: Run | None = None,
        settle: Settle = settle_plainly,
    ) -> None:
        """Make the model.

        Args:
            make: Makes a new object: the class, or a function.
            calls: What is called for names that are no methods: a function of the object and the
                arguments.
            observers: Names of operations that never change the object; one that does is an error.
                Judging is quicker for each that is known.
            key: Returns which independent part of the object an operation is about; None: the
                whole. By default the key of a dict, the element of a set, of exactly these classes.
            run: Runs the calls. None: they just run, unless the object leads to a lock or a queue:
                then under the engine, where a call that would wait for ever is found to, and is
                refused. That takes 2 ms each time; inside `with controlled_run() as run` it does
                not.
            settle: Makes of a result what histories keep.

        Raises:
            ArgumentError: An argument is none of these.
        """
        if not callable(make):
            raise ArgumentError("make", make, "a class, or a function that makes an object")
        if isinstance(observers, str):
            raise ArgumentError("observers", observers, "several names: a list, not one string")
        if key is not None and not callable(key):
            raise ArgumentError("key", key, "a function of an operation")
        self.name = name or getattr(make, "__name__", type(make).__name__)
        self._own_calls = dict(calls or {})
        self._graph = Graph(make, calls={**_CALLS, **self._own_calls}, run=run, settle=settle)
        exact = f"{make.__module__}.{make.__qualname__}" if isinstance(make, type) else ""
        self._observers = frozenset(observers) | _LOOKS.get(exact, frozenset())
        self._of_one = _OF_ONE.get(exact, frozenset())
        self._key = key
        self._methods: set[str] = set()  # that were seen to be there
        self._remembered: dict[int, tuple[Operation, Call]] = {}

    def __repr__(self) -> str:
        return f"<sequential model {self.name}, {len(self._graph)} states so far>"

    def initial(self) -> Node:
        """Return the state of a new object."""
        return self._graph.root()

    def step(self, state: Node, operation: Operation) -> Node | Refused:
        """Return the state after an operation, or `REFUSED`.

        Raises:
            UnknownOperationError: The object has no such method.
            ObserverError: What was said to look only has changed the object.
            UnsteadyModelError: The same calls on a new object returned something else.
        """
        edge = self._graph.edge(
            state, self._call(operation), looks=operation.name in self._observers
        )
        if edge.node is None:
            return REFUSED
        if operation.known and not alike(operation.output, edge.output, edge.given):
            return REFUSED
        if edge.node is not state and operation.name in self._observers:
            raise ObserverError(self.name, operation.name)
        return edge.node

    def returns(self, state: Node, operation: Operation) -> object:
        """Return what the operation returns in a state where it need not wait, whatever it did."""
        looks = operation.name in self._observers
        return self._graph.edge(state, self._call(operation), looks=looks).output

    def observes(self, operation: Operation) -> bool:
        """Say whether it is one of those that were said to look only."""
        return operation.name in self._observers

    def partition(self, operation: Operation) -> Hashable:
        """Return which part of the object it concerns."""
        if self._key is not None:
            return self._key(operation)
        if operation.name not in self._of_one or not operation.arguments:
            return None
        return ("of", call_state(operation.arguments[0]))

    def describe_state(self, state: Node) -> str:
        """Return the object as it shows itself."""
        return self._graph.shown(state)

    def _call(self, operation: Operation) -> Call:
        found = self._remembered.get(id(operation))
        if found is not None and found[0] is operation:
            return found[1]
        if len(self._remembered) > MAX_CALLS:
            self._remembered.clear()
        self._check_name(operation)
        given = (operation.arguments, operation.keywords)
        key = (operation.name, call_state(given))
        call = Call(operation.name, operation.arguments, operation.keywords, key, identities(given))
        self._remembered[id(operation)] = (operation, call)
        return call

    def _check_name(self, operation: Operation) -> None:
        name = operation.name
        if name in self._own_calls or name in self._methods:
            return
        if not self._graph.has_method(name):
            known = (*self._own_calls, *self._graph.public_methods())
            raise UnknownOperationError(self.name, operation, known)
        self._methods.add(name)


def _leave(subject: Any) -> object:  # noqa: ANN401  # whatever has an __exit__
    """Leave a `with` block, as histories keep it: without the exception."""
    return type(subject).__exit__(subject, *_NO_EXCEPTION)


_CALLS: Final[dict[str, Callable[..., Any]]] = {"__exit__": _leave}

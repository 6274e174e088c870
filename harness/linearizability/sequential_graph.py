"""What a sequential class does, as a graph that grows as it is asked.

A node is a state, reached by the calls on the way to it. An object cannot be set back, and most
cannot be copied, so a new edge is found by making an object anew and calling it all the way. Two
ways that lead to equal states lead to one node; each edge is walked once, for all histories that
are judged (Koval et al., CAV 2023, section 3, keep such a system in Lincheck).
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from harness.errors import HarnessError
from harness.linearizability.errors import UnsteadyModelError
from harness.linearizability.frozen import Frozen, frozen, same, thawed
from harness.linearizability.may_wait import may_wait
from harness.linearizability.object_state import equals_itself_alone, identities, object_state
from harness.linearizability.raised import raised
from harness.linearizability.shown_values import Values

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

Result = TypeVar("Result")
MAX_NODES: Final = 100_000  # in one graph, some 100 MB; then a new one is begun


class Blocked(Enum):
    """The type of `BLOCKED`: it would wait for ever."""

    BLOCKED = "it would wait for ever"


BLOCKED: Final = Blocked.BLOCKED


class Run(Protocol):
    """Runs a function to its end, in whatever surroundings the object needs."""

    def __call__(self, function: Callable[[], Result], /) -> Result | Blocked:
        """Return its result, or `BLOCKED` if it would wait for ever; what it raises is raised."""


class Settle(Protocol):
    """Makes of a result what a history keeps of it."""

    def __call__(self, output: object, subject: object, given: frozenset[int], /) -> Any:  # noqa: ANN401
        """Return a value that does not change and can be hashed.

        Args:
            subject: The object that was called.
            given: Identities of what was in arguments so far and equals itself alone.
        """


def run_plainly(function: Callable[[], Result], /) -> Result | Blocked:
    """Run it here and now: whatever waits for ever hangs."""
    return function()


def run_under_control(function: Callable[[], Result], /) -> Result | Blocked:
    """Run it in a controlled execution of its own, which takes 2 ms.

    In an execution that is running already, it runs as it is: whatever waits, waits there.
    """
    from harness.engine import board  # noqa: PLC0415  # most models need no engine
    from harness.linearizability.controlled_runs import controlled_run  # noqa: PLC0415

    if board.current() is not None:
        return function()
    with controlled_run() as run:
        return run(function)


def settle_plainly(output: object, subject: object, given: frozenset[int], /) -> Any:  # noqa: ANN401, ARG001
    """Return the result as a `Recording` keeps it."""
    return frozen(output)


@dataclass(frozen=True, slots=True)
class Call:
    """A call, as the graph tells calls apart.

    Attributes:
        key: Equal for calls that do the same.
        given: Identities of what is in its arguments and equals itself alone.
    """

    name: str
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...]
    key: Hashable
    given: frozenset[int]


class Node:
    """A state of the object. One object a state: two are the same if they are identical."""

    __slots__ = ("call", "edges", "output", "parent")

    def __init__(self, parent: Node | None, call: Call | None, output: object) -> None:
        self.parent = parent
        self.call = call
        self.output = output
        self.edges: dict[Hashable, Edge] = {}

    def path(self) -> list[Node]:
        """Return the nodes on the way here, without the first, which no call leads to."""
        found = []
        node = self
        while node.parent is not None:
            found.append(node)
            node = node.parent
        return found[::-1]


@dataclass(frozen=True, slots=True)
class Edge:
    """What a call does in a state.

    Attributes:
        node: Where it leads; None where it waits for ever.
        given: Identities of what in its result was an argument, that very object.
    """

    node: Node | None
    output: Any = None
    given: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Walked:
    """What came of walking to a state: the last result, and what the object is then."""

    output: Any
    given: frozenset[int]
    subject: object
    state: Hashable | None


class Graph:
    """The states of the objects that `make` makes. Not for several threads at once."""

    def __init__(
        self,
        make: Callable[[], Any],
        *,
        calls: Mapping[str, Callable[..., Any]],
        run: Run | None = None,
        settle: Settle = settle_plainly,
    ) -> None:
        self._make = make
        self._calls = calls
        self._chosen_run = run
        self._settle = settle
        self._nodes: dict[Hashable, Node] = {}
        self._found = 0
        self._root: Node | None = None
        # The last object walked, where it stands: most searches go on from there. Only plainly: an
        # object of a controlled execution is of no use after it.
        self._live: tuple[Node, object] | None = None

    def __len__(self) -> int:
        return self._found

    @functools.cached_property
    def _run(self) -> Run:
        """What runs calls: decided by a first object where nobody has said it."""
        run = self._chosen_run
        if run is None and not may_wait(self._make()):
            return run_plainly
        from harness.linearizability.controlled_runs import (  # noqa: PLC0415  # as below
            learn_twins,
            twin_of,
        )

        if run is None:
            learn_twins()
        self._make = twin_of(self._make)
        return run or run_under_control

    def root(self) -> Node:
        """Return the state of a new object."""
        if self._root is None or self._found > MAX_NODES:
            self._nodes, self._found, self._live = {}, 0, None
            state = self._run(lambda: object_state(self._make()))
            self._root = self._node(Node(None, None, None), state)
        return self._root

    def edge(self, node: Node, call: Call, *, looks: bool) -> Edge:
        """Return what a call does in a state.

        Args:
            looks: It is said to leave the object as it is; believed where that cannot be seen.
        """
        found = node.edges.get(call.key)
        if found is None:
            found = node.edges[call.key] = self._walk(node, call, looks=looks)
        return found

    def has_method(self, name: str) -> bool:
        """Say whether the objects have a method of this name."""
        return self._run(lambda: callable(getattr(self._make(), name, None))) is True

    def public_methods(self) -> list[str]:
        """Return the names of the methods that anybody may call."""
        found = self._run(lambda: _methods(self._make()))
        return found if isinstance(found, list) else []

    def shown(self, node: Node) -> str:
        """Return the object of a state in words."""
        shown = self._run(lambda: _shown(self._walked_object(node)))
        return shown if isinstance(shown, str) else "(it waits)"

    def _walk(self, node: Node, call: Call, *, looks: bool) -> Edge:
        walked = self._run(lambda: self._step(node, call))
        if isinstance(walked, Blocked):
            return Edge(None)
        after = node
        if walked.state is not None or not looks:
            after = self._node(Node(node, call, walked.output), walked.state)
        if self._run is run_plainly:
            self._live = (after, walked.subject)
        return Edge(after, walked.output, walked.given)

    def _step(self, node: Node, call: Call) -> _Walked:
        live, self._live = self._live, None
        reuse = live is not None and live[0] is node
        subject = live[1] if live is not None and reuse else self._walked_object(node)
        given = call.given.union(*(one.call.given for one in node.path() if one.call))
        output = self._apply(subject, call, given)
        state = object_state(subject, given)
        return _Walked(output, identities(output) & given, subject, state)

    def _walked_object(self, node: Node) -> object:
        """Return a new object on which the calls that lead to a state were made.

        Raises:
            UnsteadyModelError: They returned something else this time.
        """
        subject = self._make()
        given: frozenset[int] = frozenset()
        for one in node.path():
            assert one.call is not None, "only the root has none"
            given |= one.call.given
            output = self._apply(subject, one.call, given)
            if not alike(output, one.output, identities(one.output) & given):
                raise UnsteadyModelError(one.call.name, one.output, output)
        return subject

    def _apply(self, subject: Any, call: Call, given: frozenset[int]) -> Any:  # noqa: ANN401
        function = self._calls.get(call.name)
        arguments = thawed(call.arguments)
        keywords = {name: thawed(value) for name, value in call.keywords}
        try:
            if function is not None:
                output = function(subject, *arguments, **keywords)
            else:
                output = getattr(subject, call.name)(*arguments, **keywords)
        except HarnessError:
            raise  # of the engine that it runs under
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what the call does
            return raised(error)
        if inspect.iscoroutine(output):
            output.close()
            raise UnsteadyModelError(call.name, "a result", "a coroutine, which nobody awaits")
        return self._settle(output, subject, given)

    def _node(self, node: Node, state: Hashable | None) -> Node:
        if state is not None:
            found = self._nodes.setdefault(state, node)
            if found is not node:
                return found
        self._found += 1
        return node


def alike(seen: object, expected: object, given: frozenset[int]) -> bool:
    """Say whether two results are equal, or differ in no more than which new object they are.

    Args:
        given: Identities of objects in the expected one that are not new.
    """
    seen = frozen(seen)  # a history that was not recorded may hold a plain list
    if same(seen, expected):
        return True
    kind = type(expected)
    if kind is not type(seen) or id(expected) in given:
        return False
    if isinstance(expected, tuple) and isinstance(seen, tuple):
        return len(seen) == len(expected) and all(
            alike(one, other, given) for one, other in zip(seen, expected, strict=True)
        )
    if isinstance(expected, Frozen) and isinstance(seen, Frozen):
        return seen.kind == expected.kind and alike(seen.content, expected.content, given)
    return equals_itself_alone(kind)


def _methods(subject: object) -> list[str]:
    return [
        name
        for name in dir(subject)
        if not name.startswith("_") and callable(inspect.getattr_static(subject, name, None))
    ]


def _shown(subject: object) -> str:
    """Return an object as pictures show values: bounded, and never what bytes are in it."""
    values = Values(numbered=False)  # the picture numbers those that it shows itself
    if type(subject).__repr__ is not object.__repr__:
        return values.show(subject)
    try:
        own = vars(subject)
    except TypeError:
        return type(subject).__name__
    return ", ".join(f"{name}={values.show(value)}" for name, value in own.items())

"""An object as its own specification: what its methods do when they are called one after another.

A state is the calls that led to it: to know what comes next, a fresh object gets them again. So the
object need not be copied, compared or hashed, and what it does in a state is run once however many
histories ask for it. It runs as one task under the engine: a call that would wait for somebody else
is found to wait, and is refused.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from harness.engine.ending import EndingKind
from harness.errors import HarnessError
from harness.finding import message_of
from harness.linearizability.frozen import frozen, same, thawed
from harness.linearizability.model import REFUSED, Model, Refused
from harness.linearizability.raised import raised
from harness.stateful.errors import FactoryError
from harness.stateful.outputs import settled
from harness.stateful.program import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from harness.engine.ending import Ending
    from harness.linearizability.operation import Operation

    Step = tuple[str, tuple[Any, ...], tuple[tuple[str, Any], ...]]
    Steps = tuple[Step, ...]

MAX_KNOWN: Final = 200_000  # results that are remembered, some 100 MB


class Waits(Enum):
    """The type of `WAITS`: a call does not come back by itself."""

    WAITS = "it would wait"


WAITS: Final = Waits.WAITS


class Reference(Model["Steps"]):
    """What the objects of a factory do, one call after another. Not shared between threads.

    Args:
        make: Returns a new object.
        functions: What stands for a call that is no method, by its name.
        run: Runs something as one task of an execution.
        given: Identities of what programs put in; see `settled`.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        functions: Mapping[str, Callable[..., Any]],
        run: Callable[[Callable[[], object]], Ending],
        *,
        name: str,
        given: frozenset[int] = frozenset(),
    ) -> None:
        self.name = name
        self._make = make
        self._functions = dict(functions)
        self._run = run
        self._given = given
        self._known: dict[tuple[Steps, Step], Any] = {}

    def initial(self) -> Steps:
        """Return the state of a new object: no calls."""
        return ()

    def step(self, state: Steps, operation: Operation) -> Steps | Refused:
        """Return the calls so far and this one, unless it does something else here."""
        step = (operation.name, frozen(operation.arguments), frozen(operation.keywords))
        result = self._result(state, step)
        if result is WAITS or (operation.known and not same(operation.output, result)):
            return REFUSED
        return (*state, step)

    def describe_state(self, state: Steps) -> str:
        """Return the calls that led there."""
        return f"after {'; '.join(map(_words, state))}" if state else "new"

    def _result(self, state: Steps, step: Step) -> Any:  # noqa: ANN401  # what it returns
        key = (state, step)
        if key in self._known:
            return self._known[key]
        result = self._ask(state, step)
        if len(self._known) < MAX_KNOWN:
            self._known[key] = result
        return result

    def _ask(self, state: Steps, step: Step) -> Any:  # noqa: ANN401  # as above
        results: list[Any] = []

        def body() -> None:
            subject = self._make()
            for before in state:
                self._apply(subject, before)
            results.append(self._apply(subject, step))

        ending = self._run(body)
        if results:  # whoever goes on in the background is no part of the call
            return results[0]
        if ending.kind in (EndingKind.RAISED, EndingKind.STEP_BOUND, EndingKind.FINISHED):
            what = f"used by one thread alone did not come back from {_words(step)}"
            why = message_of(ending) or ending.kind.value
            raise FactoryError(self.name, what, f"It ended so: {why}")
        return WAITS

    def _apply(self, subject: Any, step: Step) -> Any:  # noqa: ANN401  # any object
        name, arguments, keywords = step
        positional = thawed(arguments)
        named = {word: thawed(value) for word, value in keywords}
        function = self._functions.get(name)
        try:
            if function is None:
                output = getattr(subject, name)(*positional, **named)
            else:
                output = function(subject, *positional, **named)
        except HarnessError:
            raise
        except Exception as error:  # noqa: BLE001  # what it raises is its result
            return raised(error)
        return settled(output, subject, self._given)


def _words(step: Step) -> str:
    name, arguments, keywords = step
    return str(Call(name, arguments, keywords))

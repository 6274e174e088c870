"""The fixtures of one test under pytest: made anew in each execution, or shared by all.

What is wanted: in each of 500 executions a test finds what it would find if it ran alone. So
fixtures of function scope, and the instance of its class, are made and torn down inside every
execution, where the threads and locks that they make are controlled. Wider ones are made once,
before the first execution and outside of it, as pytest does it.

Calling fixture functions ourselves would take some 2 µs each, and would leave out what plugins do
about fixtures. So pytest's own request makes them, at 15 to 20 µs each. Only two things of pytest's
need care: the list of finalisers of a test, which we run down to where it stood before the
execution; and a fixture whose set-up was cut off in the middle, which pytest takes for one that was
never begun.
"""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.outcomes import OutcomeException

from harness.clearing_up import ClearingUp, without_runner
from harness.engine.outside import outside
from harness.errors import HarnessError
from harness.own_loop import OwnLoop
from harness.pytest_run import _pytest_item as foreign
from harness.pytest_run.fresh_state import FreshState, is_emptied
from harness.verdict_errors import FixtureError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from _pytest.fixtures import FixtureDef, SubRequest

    Definition = FixtureDef[Any]


class FixtureLife:
    """What one test finds in each of its executions. Used by one run of the test.

    Attributes:
        doing: `set-up` or `teardown`, while one of the two is at work.
        failed: The fixture that failed in the last execution, and at what.
    """

    def __init__(self, item: pytest.Function) -> None:
        self._item = item
        self._fresh = [name for name in item.fixturenames if self._is_fresh(name)]
        self._of_class = item.cls is not None
        self._base = 0  # finalisers of the test that are not an execution's
        self._values: dict[str, Any] = {}  # of what is shared
        self._shared: dict[str, Definition] = {}
        self._late: dict[str, Definition] = {}  # shared ones that an execution asked for
        self._finalizers: dict[Definition, int] = {}  # those of shared fixtures, before
        self._awaits: dict[Definition, bool] = {}  # coroutine functions, async generators
        self._state = FreshState(item)
        self._loop = OwnLoop()
        self._runs = 0  # executions in which everything was set up
        self.doing = ""
        self.failed: tuple[str, str] | None = None

    def _is_fresh(self, name: str) -> bool:
        if is_emptied(foreign.definition_of(self._item, name)):
            return False  # made once: its folder is emptied, so that the path is always the same
        return foreign.is_function_scoped(self._item, name)

    def take_over(self) -> None:
        """Let pytest's set-up of the test make the shared fixtures only."""
        foreign.fill_by(self._item, self._fill_shared)

    def _fill_shared(self) -> None:
        item = self._item
        for name in item.fixturenames:
            if name not in self._fresh and name not in item.funcargs:
                item.funcargs[name] = foreign.value_of(item, name)
        self._values = dict(item.funcargs)
        self._shared = foreign.definitions_in_use(item)
        self._finalizers = {
            definition: len(foreign.finalizers_of_fixture(definition))
            for definition in self._shared.values()
        }
        self._base = len(foreign.finalizers_of_test(item))
        self._state.take_up()

    def shared(self) -> Iterator[tuple[str, str, Any]]:
        """Yield the name, the kind and the value of everything that all executions share."""
        for name, definition in [*self._shared.items(), *self._late.items()]:
            ours = definition.func.__module__.startswith("_pytest")
            if not ours and definition.cached_result is not None:
                yield name, f"{definition.scope}-scoped fixture", definition.cached_result[0]
        for name, value in foreign.parameters_of(self._item).items():
            yield name, "parameter", value

    # -- one execution -----------------------------------------------------------------------------

    def run(self, call: Callable[[OwnLoop, ClearingUp], object]) -> None:
        """Make what is fresh, call, and tear down; inside an execution.

        Raises:
            FixtureError: A fixture failed, and no choice of the schedule came before.
        """
        __tracebackhide__ = True
        clearing = ClearingUp()
        try:
            self._begin()
            self._make()
            call(self._loop, clearing)
        except BaseException as error:
            self._judge(error, clearing)
            clearing.note(error)
            raise
        finally:
            self._end(clearing)
            clearing.end()

    def _begin(self) -> None:
        item = self._item
        self.failed = None
        self._state.begin(self._shared)
        if self._fresh or self._state.values:
            foreign.new_request(item, self._shared, {**self._values, **self._state.values})
        if self._of_class:
            foreign.new_instance(item)

    def _make(self) -> None:
        self.doing = "set-up"
        for name in self._fresh:
            self._item.funcargs[name] = foreign.value_of(self._item, name)
        self.doing = ""
        self._runs += 1

    def _judge(self, error: BaseException, clearing: ClearingUp) -> None:
        """Call an error one of the fixture, if no thread can have had a part in it.

        Raises:
            FixtureError: It is.
        """
        if self.failed is None or not clearing.unforced or isinstance(error, HarnessError):
            return
        if not isinstance(error, Exception | pytest.fail.Exception):
            return
        name, doing = self.failed
        words = f"{type(error).__name__}: {error}"
        raise FixtureError(name, doing, words, self._runs) from without_runner(error)

    def _end(self, clearing: ClearingUp) -> None:
        """Tear down what was made, all of it; then raise the first error."""
        __tracebackhide__ = True
        self.doing = "teardown"
        before = clearing.failed  # the test itself: that is what has to be told
        first: BaseException | None = None
        waiting = foreign.finalizers_of_test(self._item)
        while len(waiting) > self._base:
            finalizer = waiting.pop()
            untouched = not (clearing.over or clearing.failed)
            error = clearing.tried(finalizer)
            if error is not None and untouched:
                self.failed = foreign.fixture_of(finalizer), self.doing
            first = first or error
        first = first or clearing.tried(self._loop.close)
        self.doing = ""
        for definition, count in self._finalizers.items():
            del foreign.finalizers_of_fixture(definition)[count:]
        if first is not None and not before and not clearing.over:
            self._judge(first, clearing)
            raise without_runner(first)

    # -- one fixture -------------------------------------------------------------------------------

    def set_up(
        self, definition: Definition, request: SubRequest
    ) -> Generator[None, object, object]:
        """Stand around the set-up of a fixture, as a wrapper of pytest's hook does."""
        if request.scope != foreign.FUNCTION:
            with outside():  # asked for by `request.getfixturevalue`, and not made yet
                value = yield
            self._late[definition.argname] = definition
            self._finalizers[definition] = len(foreign.finalizers_of_fixture(definition))
            return value
        try:
            return (yield)
        except BaseException as error:
            self._note_failed(definition, error)
            raise

    def _note_failed(self, definition: Definition, error: BaseException) -> None:
        if self.failed is None:
            self.failed = foreign.shown_name(definition.argname), self.doing or "set-up"
        if not isinstance(error, Exception | OutcomeException):
            # It was thrown out in the middle. pytest believes that nothing was begun, and would
            # trip over its finalisers next time.
            waiting = foreign.finalizers_of_fixture(definition)
            while waiting:
                ClearingUp().tried(waiting.pop())

    def made_async(self, definition: Definition, request: SubRequest) -> bool:
        """Make a fixture that is a coroutine function or an async generator; False for others."""
        awaited = self._awaits.get(definition)
        if awaited is None:
            function = definition.func
            awaited = inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)
            self._awaits[definition] = awaited
        if not awaited:
            return False
        value = self._awaited(definition, request)
        definition.cached_result = value, definition.cache_key(request), None
        return True

    def _awaited(self, definition: Definition, request: SubRequest) -> object:
        arguments = {name: request.getfixturevalue(name) for name in definition.argnames}
        function: Any = definition.func
        if request.instance is not None and hasattr(function, "__self__"):
            function = function.__func__.__get__(request.instance)
        made = function(**arguments)
        if inspect.iscoroutine(made):
            return self._loop.finished(made)
        request.addfinalizer(functools.partial(self._finish_generator, made))
        return self._loop.finished(_next_of(made))

    def _finish_generator(self, generator: Any) -> None:  # noqa: ANN401  # an async generator
        try:
            self._loop.finished(_next_of(generator))
        except StopAsyncIteration:
            return
        raise RuntimeError(f"{generator.__qualname__} has more than one yield")


async def _next_of(generator: Any) -> Any:  # noqa: ANN401  # whatever it yields
    return await generator.__anext__()

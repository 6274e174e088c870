"""One execution of a test of pytest: its fixtures made, the test called, its fixtures torn down."""

from __future__ import annotations

import functools
import unittest
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.case_body import run_case
from harness.pytest_run import _pytest_item as foreign
from harness.wrapped_body import WrappedBody

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from harness.clearing_up import ClearingUp
    from harness.own_loop import OwnLoop
    from harness.pytest_run.fixture_life import FixtureLife
    from harness.pytest_run.shared_watch import SharedWatch


class ItemBody(WrappedBody):
    """Runs the function of one test with what is made for it in this execution."""

    def __init__(
        self,
        function: Callable[..., Any],
        item: pytest.Function,
        life: FixtureLife,
        watch: SharedWatch,
    ) -> None:
        super().__init__(function)
        self._item = item
        self._life = life
        self._watch = watch

    def __call__(self, _reached: object = None) -> None:
        """Run one execution.

        Args:
            _reached: What all executions share: the engine looks there for locks to take up.
        """
        __tracebackhide__ = True
        self._watch.look()
        self._life.run(self._call)

    def _call(self, loop: OwnLoop, clearing: ClearingUp) -> None:
        __tracebackhide__ = True
        item = self._item
        owner = getattr(item.obj, "__self__", None)
        call = self.function if owner is None else functools.partial(self.function, owner)
        if isinstance(owner, unittest.TestCase):
            run_case(owner, call, loop, clearing)
            return
        arguments = {name: item.funcargs[name] for name in foreign.arguments_of(item)}
        loop.finished(call(**arguments))


@contextmanager
def in_place_of_method(item: pytest.Function, run: Callable[[], None]) -> Iterator[None]:
    """Let unittest call `run` where it would call a test method once, set up and torn down."""
    case: Any = item.instance
    method = item.obj

    @functools.wraps(method)
    def call() -> None:
        __tracebackhide__ = True
        run()

    idle: dict[str, Any] = dict.fromkeys(("setUp", "tearDown"), _do_nothing)
    if hasattr(case, "asyncSetUp"):
        idle.update(dict.fromkeys(("asyncSetUp", "asyncTearDown"), _await_nothing))
    vars(case).update(idle)
    item.obj = call
    try:
        yield
    finally:
        foreign.set_instance(item, case, method)
        for name in idle:
            vars(case).pop(name, None)


def _do_nothing() -> None:
    """Stand in for `setUp` and `tearDown` of the instance that runs no test."""


async def _await_nothing() -> None:
    """Stand in for the coroutines of the same kind."""

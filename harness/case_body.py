"""One execution of a method of a `unittest.TestCase`: an instance, set up and torn down."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from harness.clearing_up import ClearingUp
from harness.own_loop import OwnLoop
from harness.wrapped_body import WrappedBody

if TYPE_CHECKING:
    import unittest
    from collections.abc import Callable


class CaseBody(WrappedBody):
    """Runs a test method on a new instance each time.

    The runner has called `setUp` of its own instance by then, once, outside of every execution.
    """

    def __init__(
        self,
        test: Callable[..., Any],
        case: unittest.TestCase,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        super().__init__(test)
        self._case = case
        self._args = args
        self._kwargs = kwargs

    def __call__(self) -> None:
        """Run one execution."""
        case = type(self._case)(self._case._testMethodName)  # noqa: SLF001  # as unittest's loader
        call = functools.partial(self.function, case, *self._args, **self._kwargs)
        loop, clearing = OwnLoop(), ClearingUp()
        try:
            run_case(case, call, loop, clearing)
        finally:
            loop.close()
            clearing.end()


def run_case(
    case: unittest.TestCase, call: Callable[[], Any], loop: OwnLoop, clearing: ClearingUp
) -> None:
    """Do for one execution what unittest does around a test method.

    Its own way runs errors into a result, where the engine would not see them.
    """
    error = clearing.tried(_steps(loop, case.setUp, getattr(case, "asyncSetUp", None)))
    if error is None:
        error = clearing.tried(_steps(loop, call))
        last = clearing.tried(_steps(loop, getattr(case, "asyncTearDown", None), case.tearDown))
        error = error or last
    cleanups: Any = vars(case)["_cleanups"]  # doCleanups() would keep errors to itself
    while cleanups:
        function, args, kwargs = cleanups.pop()
        last = clearing.tried(_steps(loop, functools.partial(function, *args, **kwargs)))
        error = error or last
    if error is not None:
        raise error


def _steps(loop: OwnLoop, *calls: Callable[[], Any] | None) -> Callable[[], None]:
    """Return a call of several functions that may be coroutine functions."""

    def run() -> None:
        for call in calls:
            if call is not None:
                loop.finished(call())

    return run

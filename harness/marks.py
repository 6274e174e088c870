"""`@interleaved` and `@regression`: tests that run under the engine, with or without pytest.

A decorated test is an ordinary function that explores itself, so any runner can call it and none
can pass it by running its body once. The pytest plugin only adds options, fresh fixtures and better
words.
"""

from __future__ import annotations

import functools
import inspect
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, ParamSpec, overload

from harness.errors import ArgumentError
from harness.replay_token import decode_token
from harness.settings import Layer, stated
from harness.trial import Plan, run_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from harness.strategies.protocol import Strategy

PLAN: Final = "__holdfast_plan__"  # the attribute of a decorated test
RUN: Final = "__holdfast_run__"  # and the decorated test itself: a decorator above copies the first
Arguments = ParamSpec("Arguments")


@overload
def interleaved(test: Callable[Arguments, object], /) -> Callable[Arguments, None]: ...


@overload
def interleaved(  # the settings of explore
    *,
    strategy: str | Strategy | None = None,
    executions: int | None = None,
    seed: int | None = None,
    model: str | None = None,
    max_steps: int | None = None,
    workers: int | None = None,
    budget_s: float | None = None,
    fail_on: str | Iterable[str] | None = None,
    early_timeouts: bool | None = None,
    isolated: bool | None = None,
    undecided: str | None = None,
) -> Callable[[Callable[Arguments, object]], Callable[Arguments, None]]: ...


def interleaved(
    test: Callable[..., object] | None = None, /, **settings: Any
) -> Any:  # the overloads say it
    """Return a decorator: the test runs under many interleavings and fails with the first story.

    In each execution the test is called anew. Under pytest so are its function-scoped fixtures and
    the `setup_method` of its class; everywhere, `setUp` and `tearDown` of a `TestCase` run in each
    execution, on an instance of its own. Wider fixtures are shared by all executions.

    What is not stated, or None, comes from a class's or module's `pytest.mark.interleaved`, from
    `[tool.holdfast]`, or is built in, as said below. The profile of the run and the command line
    have the last word.

    Args:
        strategy: As of `explore`; built in: the portfolio.
        executions: At most; built in: 500. A text like "x10" multiplies what would hold otherwise.
        seed: Built in: 0.
        model: `free-threaded`, which is built in, or `gil`.
        max_steps: Choices in one execution after which it is given up; built in: 20 000.
        workers: Processes that share the executions; built in: 1.
        budget_s: Seconds after which no further execution starts; built in: no limit.
        fail_on: Rules that an execution may break and survive; built in: none.
        early_timeouts: Let waits give up at any moment in every execution; built in: False.
        isolated: Run in a child process, so that a crash is a finding; built in: False.
        undecided: `fail`, which is built in, or `warn` when a budget ends first or an execution
            meets `max_steps`.

    Raises:
        ArgumentError: An argument is not what it takes; at once, when the test is defined.

    Example:
        >>> @harness.interleaved(strategy="pct", executions=500)
        ... def test_close_races_with_read(): ...
    """
    layer = stated(settings)
    if test is None:
        return _decorator(layer=layer)
    return _decorator(layer=layer)(test)


def regression(
    token: str, *, isolated: bool = False
) -> Callable[[Callable[Arguments, object]], Callable[Arguments, None]]:
    """Return a decorator: the test runs the one schedule of `token`, which must not fail again.

    May stand more than once on a test, and beside `interleaved`: the schedules are run first.

    Args:
        isolated: Run in a child process; a token of a crash needs it.

    Raises:
        TokenError: The token is damaged; at once, when the test is defined.
        DriftError: When the test runs, and its code no longer fits the schedule: record anew.
            Under pytest the error names the command for that.
    """
    decode_token(token)
    return _decorator(tokens=((token, isolated),))


def plan_of(test: object) -> Plan | None:
    """Return what a decorated test does; None for any other object, and for a decorator's result.

    A decorator above ours calls us; what it does is not ours to take apart.
    """
    test = getattr(test, "__func__", test)
    plan: Plan | None = getattr(test, PLAN, None)
    return plan if getattr(test, RUN, None) is test else None


def _decorator(
    *, tokens: tuple[tuple[str, bool], ...] = (), layer: Layer | None = None
) -> Callable[[Callable[Arguments, object]], Callable[Arguments, None]]:
    def decorate(test: Callable[Arguments, object]) -> Callable[Arguments, None]:
        check_test(test)
        inner = plan_of(test) or Plan(test=test)
        mine = inner.stated if layer is None else layer
        plan = replace(inner, tokens=tokens + inner.tokens, stated=mine)

        @functools.wraps(test)
        def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            __tracebackhide__ = True
            run_trial(plan, _body(plan, args, kwargs))

        setattr(run, PLAN, plan)
        setattr(run, RUN, run)
        return run

    return decorate


def _body(plan: Plan, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[], Any]:
    """Return one execution of a test that some runner called."""
    case: Any = args[0] if args else None
    if _is_test_case(case):
        from harness.case_body import CaseBody  # noqa: PLC0415  # only unittest needs it

        return CaseBody(plan.test, case, args[1:], kwargs)
    return functools.partial(plan.test, *args, **kwargs)


def _is_test_case(value: object) -> bool:
    """Say whether a value is a `TestCase`, which nothing is before that is imported."""
    module = sys.modules.get("unittest.case")
    return module is not None and isinstance(value, module.TestCase)


def check_test(test: object) -> None:
    """Check that something can be a test of ours.

    Raises:
        ArgumentError: It is no function that runs when it is called.
    """
    if isinstance(test, type) or not callable(test):
        raise ArgumentError("test", test, "a function; write @interleaved(...) above a def")
    if inspect.isgeneratorfunction(test) or inspect.isasyncgenfunction(test):
        raise ArgumentError("test", test, "a function that runs when it is called, no generator")
    if getattr(test, "is_hypothesis_test", False):
        wants = "a test without examples: put @given above @interleaved, which explores each one"
        raise ArgumentError("test", test, wants)

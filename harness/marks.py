"""`@interleaved` and `@regression`: tests that run under the engine, with or without pytest.

A decorated test is an ordinary function that explores itself, so any runner can call it and none
can pass it by running its body once. The pytest plugin only adds options and better words.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, ParamSpec, overload

from harness.errors import ArgumentError
from harness.exploration import Exploration, Verdict
from harness.exploring import check_arguments, explore
from harness.exploring import replay as replay_here
from harness.isolate import DistantError, explore_isolated, replay_isolated, type_name
from harness.replay_token import decode_token
from harness.rules import rules_from
from harness.strategies.registry import make_strategy
from harness.verdict_errors import InterleavingError, RegressionError, UndecidedWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from harness.finding import Finding
    from harness.rules import Rule
    from harness.strategies.protocol import Strategy

PLAN: Final = "__holdfast_plan__"  # the attribute of a decorated test
Arguments = ParamSpec("Arguments")


class Undecided(StrEnum):
    """What an undecided exploration does to its test."""

    FAIL = "fail"
    WARN = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a decorated test is explored; the names are those of `explore`."""

    strategy: str | Strategy | None = None
    executions: int = 500
    seed: int = 0
    model: str = "free-threaded"
    max_steps: int = 20_000
    budget_s: float | None = None
    fail_on: tuple[Rule, ...] = ()
    early_timeouts: bool = False
    isolated: bool = False
    undecided: Undecided = Undecided.FAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a decorated test does when it is called.

    Attributes:
        test: The function as it was written.
        tokens: Schedules that are run first, each with whether it runs in a child process.
        settings: How it is explored after them; None: not at all.
    """

    test: Callable[..., object]
    tokens: tuple[tuple[str, bool], ...] = ()
    settings: Settings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a test runner adds to every decorated test that it calls.

    Attributes:
        replay: Run this schedule only.
        command: Tells the command that runs a token of the test again.
        told: Called with every result.
        outcomes: Exceptions with which a body speaks to the runner (a skip), not of a failure.
    """

    replay: str = ""
    seed: int | None = None
    executions: int | None = None
    command: Callable[[str], str] | None = field(default=None, compare=False)
    told: Callable[[Exploration], None] | None = field(default=None, compare=False)
    outcomes: tuple[type[BaseException], ...] = ()


_options = RunOptions()


@contextmanager
def run_options(options: RunOptions) -> Iterator[None]:
    """Let decorated tests that are called inside use these options."""
    global _options  # noqa: PLW0603  # one test runs at a time, as one engine does
    before, _options = _options, options
    try:
        yield
    finally:
        _options = before


@overload
def interleaved(test: Callable[Arguments, object], /) -> Callable[Arguments, None]: ...


@overload
def interleaved(  # the settings of explore
    *,
    strategy: str | Strategy | None = None,
    executions: int = 500,
    seed: int = 0,
    model: str = "free-threaded",
    max_steps: int = 20_000,
    budget_s: float | None = None,
    fail_on: str | Iterable[str] = (),
    early_timeouts: bool = False,
    isolated: bool = False,
    undecided: str = "fail",
) -> Callable[[Callable[Arguments, object]], Callable[Arguments, None]]: ...


def interleaved(  # noqa: PLR0913  # the settings of explore
    test: Callable[..., object] | None = None,
    /,
    *,
    strategy: str | Strategy | None = None,
    executions: int = 500,
    seed: int = 0,
    model: str = "free-threaded",
    max_steps: int = 20_000,
    budget_s: float | None = None,
    fail_on: str | Iterable[str] = (),
    early_timeouts: bool = False,
    isolated: bool = False,
    undecided: str = "fail",
) -> Any:
    """Return a decorator: the test runs under many interleavings and fails with the first story.

    Fixtures, parameters and `setUp` are made once and shared by all executions. State that has to
    be new each time belongs in the test itself.

    Args:
        isolated: Run in a child process, so that a crash is a finding.
        undecided: `fail` or `warn` when a budget ends first or an execution meets `max_steps`.

    The other arguments are those of `explore`.

    Raises:
        ArgumentError: An argument is not what it takes; at once, when the test is defined.

    Example:
        >>> @harness.interleaved(strategy="pct", executions=500)
        ... def test_close_races_with_read(): ...
    """
    if undecided not in tuple(Undecided):
        raise ArgumentError("undecided", undecided, " or ".join(Undecided))
    settings = Settings(
        strategy=strategy,
        executions=executions,
        seed=seed,
        model=model,
        max_steps=max_steps,
        budget_s=budget_s,
        fail_on=rules_from(fail_on),
        early_timeouts=early_timeouts,
        isolated=isolated,
        undecided=Undecided(undecided),
    )
    _check(settings)
    return _decorator(settings=settings) if test is None else _decorator(settings=settings)(test)


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
    """
    decode_token(token)
    return _decorator(tokens=((token, isolated),))


def _decorator(
    *, tokens: tuple[tuple[str, bool], ...] = (), settings: Settings | None = None
) -> Callable[[Callable[Arguments, object]], Callable[Arguments, None]]:
    def decorate(test: Callable[Arguments, object]) -> Callable[Arguments, None]:
        _check_test(test)
        inner: Plan = getattr(test, PLAN, None) or Plan(test=test)
        plan = replace(inner, tokens=tokens + inner.tokens, settings=settings or inner.settings)

        @functools.wraps(test)
        def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            __tracebackhide__ = True
            _run(plan, functools.partial(plan.test, *args, **kwargs))

        setattr(run, PLAN, plan)
        return run

    return decorate


def _run(plan: Plan, body: Callable[[], Any]) -> None:
    """Run what the plan says, and raise what the test has to fail with."""
    __tracebackhide__ = True
    isolated = plan.settings is not None and plan.settings.isolated
    if _options.replay:
        in_child = isolated or any(apart for _, apart in plan.tokens)
        _run_token(body, _options.replay, isolated=in_child, interactive=True)
        return
    for token, apart in plan.tokens:
        _run_token(body, token, isolated=apart)
    if plan.settings is not None:
        _explore(body, plan.settings, plan.test.__qualname__)


def _run_token(
    body: Callable[[], Any], token: str, *, isolated: bool, interactive: bool = False
) -> None:
    __tracebackhide__ = True
    if isolated:
        finding = replay_isolated(body, token)
    else:
        finding = replay_here(body, token, interactive=interactive)
    if finding is not None:
        _let_outcome_through(finding)
        raise RegressionError(_with_command(finding)) from None


def _explore(body: Callable[[], Any], settings: Settings, name: str) -> None:
    __tracebackhide__ = True
    run = explore_isolated if settings.isolated else explore
    result = run(
        body,
        settings.strategy,
        executions=_options.executions or settings.executions,
        seed=settings.seed if _options.seed is None else _options.seed,
        max_steps=settings.max_steps,
        model=settings.model,
        budget_s=settings.budget_s,
        fail_on=settings.fail_on,
        early_timeouts=settings.early_timeouts,
    )
    result = replace(result, name=name)
    if result.finding is not None:
        _let_outcome_through(result.finding)
        result = replace(result, finding=_with_command(result.finding))
    if _options.told is not None:
        _options.told(result)
    if result.verdict is Verdict.FAILED:
        raise InterleavingError(result) from None
    if result.verdict is Verdict.UNDECIDED:
        if settings.undecided is Undecided.FAIL:
            raise InterleavingError(result)
        warnings.warn(f"{name}: {result.evidence}", UndecidedWarning, stacklevel=4)


def _let_outcome_through(finding: Finding) -> None:
    """Raise what a body told the runner: a skip is no failure."""
    __tracebackhide__ = True
    error = finding.error
    if isinstance(error, DistantError):
        for kind in _options.outcomes:
            if type_name(kind) in error.types:
                raise kind(error.text)
    if error is not None and isinstance(error, _options.outcomes):
        raise error from None


def _with_command(finding: Finding) -> Finding:
    if _options.command is None or not finding.token:
        return finding
    return replace(finding, command=_options.command(finding.token))


def _check(settings: Settings) -> None:
    check_arguments(
        executions=settings.executions,
        seed=settings.seed,
        max_steps=settings.max_steps,
        model=settings.model,
        workers=1,
        budget_s=settings.budget_s,
    )
    make_strategy(settings.strategy, settings.seed)
    for name in ("isolated", "early_timeouts"):
        if type(getattr(settings, name)) is not bool:
            raise ArgumentError(name, getattr(settings, name), "True or False")


def _check_test(test: object) -> None:
    if isinstance(test, type) or not callable(test):
        raise ArgumentError("test", test, "a function; write @interleaved(...) above a def")
    if inspect.isgeneratorfunction(test) or inspect.isasyncgenfunction(test):
        raise ArgumentError("test", test, "a function that runs when it is called, no generator")

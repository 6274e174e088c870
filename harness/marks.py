"""`@interleaved` and `@regression`: tests that run under the engine, with or without pytest."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, ParamSpec

from harness.errors import ArgumentError
from harness.exploration import Exploration, Verdict
from harness.explore import check_arguments, explore
from harness.explore import replay as replay_token
from harness.isolate import explore_isolated, replay_isolated
from harness.replay_token import decode_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.finding import Finding
    from harness.strategies.protocol import Strategy

SETTINGS: Final = "__holdfast__"  # the attribute of a decorated test that holds its settings
Arguments = ParamSpec("Arguments")


class Undecided(StrEnum):
    """What an undecided exploration does to its test."""

    FAIL = "fail"
    WARN = "warn"


class InterleavingError(AssertionError):
    """A test failed under some interleaving; the text is its story."""

    def __init__(self, result: Exploration) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        if self.result.finding is None:
            return f"{self.result.name}: UNDECIDED: {self.result.evidence}"
        return f"{self.result.finding}\n\n{self.result.evidence}"


class RegressionError(AssertionError):
    """A pinned schedule fails again; the text is its story."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding

    def __str__(self) -> str:
        return f"the pinned schedule fails again\n\n{self.finding}"


class UndecidedWarning(UserWarning):
    """An exploration ended undecided, and the test said to warn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a decorated test is explored.

    Attributes:
        replay: Run this schedule only.
        command: Tells the command that replays a token of this test; set by the pytest plugin.
        last: Called with each result; set by the pytest plugin.
    """

    strategy: str | Strategy | None = None
    executions: int = 500
    seed: int = 0
    model: str = "free-threaded"
    max_steps: int = 20_000
    budget_s: float | None = None
    isolated: bool = False
    undecided: Undecided = Undecided.FAIL
    replay: str = ""
    command: Callable[[str], str] | None = field(default=None, compare=False)
    last: Callable[[Exploration], None] | None = field(default=None, compare=False)


def interleaved(  # noqa: PLR0913  # the settings of explore
    *,
    strategy: str | Strategy | None = None,
    executions: int = 500,
    seed: int = 0,
    model: str = "free-threaded",
    max_steps: int = 20_000,
    budget_s: float | None = None,
    isolated: bool = False,
    undecided: str = "fail",
) -> Callable[[Callable[Arguments, object]], Callable[Arguments, None]]:
    """Return a decorator: the test runs under many interleavings and fails with the first story.

    Fixtures and parameters are made once and given to every execution. State that has to be new
    each time belongs in the test itself.

    Args:
        isolated: Run in a child process, so that a crash is a finding.
        undecided: `fail` or `warn` when a budget ends first or an execution meets `max_steps`.

    The other arguments are those of `explore`.

    Raises:
        ArgumentError: An argument is not what it takes.
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
        isolated=isolated,
        undecided=Undecided(undecided),
    )
    _check(settings)

    def decorate(test: Callable[Arguments, object]) -> Callable[Arguments, None]:
        if not callable(test):
            raise ArgumentError("test", test, "a function: write @harness.interleaved()")

        @functools.wraps(test)
        def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            __tracebackhide__ = True
            wanted: Settings = getattr(run, SETTINGS)
            run_settings(functools.partial(test, *args, **kwargs), wanted, name=test.__qualname__)

        setattr(run, SETTINGS, settings)
        return run

    return decorate


def regression(
    token: str, *, isolated: bool = False
) -> Callable[[Callable[Arguments, object]], Callable[Arguments, None]]:
    """Return a decorator: the test runs the one schedule of `token`, which must not fail again.

    Raises:
        TokenError: The token is damaged; at once, when the test is defined.
        DriftError: When the test runs, and its code no longer fits the schedule: record anew.
    """
    decode_token(token)

    def decorate(test: Callable[Arguments, object]) -> Callable[Arguments, None]:
        @functools.wraps(test)
        def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
            __tracebackhide__ = True
            body = functools.partial(test, *args, **kwargs)
            finding = replay_isolated(body, token) if isolated else replay_token(body, token)
            if finding is not None:
                raise RegressionError(finding) from finding.error

        return run

    return decorate


def run_settings(body: Callable[[], Any], settings: Settings, *, name: str) -> None:
    """Explore a test's body, and raise what the test has to fail with."""
    __tracebackhide__ = True
    if settings.replay:
        _replay_one(body, settings)
        return
    result = replace(_explored(body, settings), name=name)
    if result.finding is not None and settings.command is not None:
        told = replace(result.finding, command=settings.command(result.finding.token))
        result = replace(result, finding=told)
    if settings.last is not None:
        settings.last(result)
    if result.finding is not None:
        raise InterleavingError(result) from result.finding.error
    if result.verdict is Verdict.UNDECIDED:
        if settings.undecided is Undecided.FAIL:
            raise InterleavingError(result)
        import warnings  # noqa: PLC0415  # rare

        warnings.warn(f"{name}: {result.evidence}", UndecidedWarning, stacklevel=3)


def _explored(body: Callable[[], Any], settings: Settings) -> Exploration:
    run = explore_isolated if settings.isolated else explore
    return run(
        body,
        settings.strategy,
        executions=settings.executions,
        seed=settings.seed,
        max_steps=settings.max_steps,
        model=settings.model,
        budget_s=settings.budget_s,
    )


def _replay_one(body: Callable[[], Any], settings: Settings) -> None:
    __tracebackhide__ = True
    if settings.isolated:
        finding = replay_isolated(body, settings.replay)
    else:
        finding = replay_token(body, settings.replay, interactive=True)
    if finding is not None:
        if settings.command is not None:
            finding = replace(finding, command=settings.command(finding.token))
        raise RegressionError(finding) from finding.error


def _check(settings: Settings) -> None:
    check_arguments(
        executions=settings.executions,
        seed=settings.seed,
        max_steps=settings.max_steps,
        model=settings.model,
        workers=1,
        budget_s=settings.budget_s,
    )

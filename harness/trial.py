"""One run of a decorated test: its pinned schedules, the one kept from last time, then the search.

It raises what the test has to fail with. A test runner has a say through `RunOptions`.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from harness.errors import DriftError, TokenError
from harness.exploration import Exploration, Verdict
from harness.exploring import explore
from harness.exploring import replay as replay_here
from harness.isolate import DistantError, explore_isolated, replay_isolated, type_name
from harness.settings import Layer, Settings, Undecided, settle
from harness.verdict_errors import (
    InterleavingError,
    KeptFailureError,
    PinnedDriftError,
    RegressionError,
    UndecidedWarning,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.finding import Finding


class Kept(Protocol):
    """A schedule that failed in an earlier run, and who wants to know what became of it."""

    token: str

    def passed(self) -> None:
        """Hear that it does not fail any more."""

    def drifted(self, error: TokenError) -> None:
        """Hear that it does not fit the code any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a decorated test does when it is called.

    Attributes:
        test: The function as it was written.
        tokens: Schedules that are run first, each with whether it runs in a child process.
        stated: What the test itself says of how it is explored; None: not at all.
    """

    test: Callable[..., object]
    tokens: tuple[tuple[str, bool], ...] = ()
    stated: Layer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What a test runner adds to every decorated test that it calls.

    Attributes:
        replay: Run this schedule only.
        record: Explore, and do not run what is pinned: somebody wants a new token.
        below: Settings that count where the test states none.
        above: Settings that count whatever the test states; the later the stronger.
        command: Tells the command that runs a token of the test again.
        rerecord: The command that finds a new token for the test.
        kept: A schedule to try before the search.
        told: Called with every result.
        refound: Called with the finding of a schedule that was known, and whence: `given`,
            `pinned` or `kept`.
        outcomes: Exceptions with which a body speaks to the runner (a skip), not of a failure.
        warn: Gives a warning the test's own place.
    """

    replay: str = ""
    record: bool = False
    below: Layer = field(default_factory=dict)
    above: tuple[Layer, ...] = ()
    command: Callable[[str], str] | None = field(default=None, compare=False)
    rerecord: str = ""
    kept: Kept | None = None
    told: Callable[[Exploration], None] | None = field(default=None, compare=False)
    refound: Callable[[Finding, str], None] | None = field(default=None, compare=False)
    outcomes: tuple[type[BaseException], ...] = ()
    warn: Callable[[Warning], None] | None = field(default=None, compare=False)

    def settings(self, stated: Layer | None) -> Settings:
        """Return how a test is explored that states so much."""
        return settle(self.below, stated or {}, *self.above)


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


def run_trial(plan: Plan, body: Callable[[], Any]) -> None:
    """Do what the plan says with a body that is one execution of its test.

    Raises:
        InterleavingError: Some schedule fails, or none could decide it.
        RegressionError: A pinned schedule, or the kept one, fails again.
        PinnedDriftError: A pinned schedule does not fit the code any more.
    """
    __tracebackhide__ = True
    options = _options
    settings = options.settings(plan.stated)
    explored = plan.stated is not None or options.record
    if options.replay:
        in_child = settings.isolated or any(apart for _, apart in plan.tokens)
        _run_known(body, options.replay, isolated=in_child, whence="given")
        return
    if not options.record:
        for token, apart in plan.tokens:
            _run_pinned(body, token, isolated=apart)
        if explored:
            _run_kept(body, isolated=settings.isolated)
    if explored:
        _explore(body, settings, plan.test.__qualname__)


def _run_known(body: Callable[[], Any], token: str, *, isolated: bool, whence: str) -> None:
    """Run one schedule; `whence` it is says what a failure of it is called."""
    __tracebackhide__ = True
    if isolated:
        finding = replay_isolated(body, token)
    else:
        finding = replay_here(body, token, interactive=whence == "given")
    if finding is None:
        return
    _let_outcome_through(finding)
    finding = _with_command(finding)
    if _options.refound is not None:
        _options.refound(finding, whence)
    raise (KeptFailureError if whence == "kept" else RegressionError)(finding) from None


def _run_pinned(body: Callable[[], Any], token: str, *, isolated: bool) -> None:
    __tracebackhide__ = True
    try:
        _run_known(body, token, isolated=isolated, whence="pinned")
    except DriftError as error:
        if not _options.rerecord:
            raise
        raise PinnedDriftError(error.reason, error.remedy, _options.rerecord) from None


def _run_kept(body: Callable[[], Any], *, isolated: bool) -> None:
    """Try the schedule that failed last time, before anything else is explored."""
    __tracebackhide__ = True
    kept = _options.kept
    if kept is None or not kept.token:
        return
    try:
        _run_known(body, kept.token, isolated=isolated, whence="kept")
    except TokenError as error:
        kept.drifted(error)
    else:
        kept.passed()


def _explore(body: Callable[[], Any], settings: Settings, name: str) -> None:
    __tracebackhide__ = True
    run = explore_isolated if settings.isolated else explore
    result = run(
        body,
        settings.strategy,
        executions=settings.executions,
        seed=settings.seed,
        max_steps=settings.max_steps,
        model=settings.model,
        workers=settings.workers,
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
        warning = UndecidedWarning(f"{name}: {result.evidence}")
        if _options.warn is not None:
            _options.warn(warning)
        else:
            warnings.warn(warning, stacklevel=4)


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

"""Decides about a test that starts threads: how it is explored, and what comes of it."""

from __future__ import annotations

import inspect
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from _pytest.outcomes import Exit, Skipped, XFailed

from harness.errors import TokenError
from harness.exploration import Exploration, Verdict
from harness.isolate import DistantError, type_name
from harness.pytest_run.item_run import command
from harness.pytest_run.token_store import KeptToken, TokenStore
from harness.settings import Settings, settle
from harness.whole_suite import reasons
from harness.whole_suite.account import Account, Standing
from harness.whole_suite.exploring import BUDGET_S, ItemExploring
from harness.whole_suite.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from harness.finding import Finding
    from harness.pytest_run.run_choice import RunChoice
    from harness.whole_suite.starts import Start, StartWatch

# A test that nobody wrote for exploring: less than one that asks for it.
OWN: Final[dict[str, Any]] = {"executions": 200, "budget_s": BUDGET_S}
LET_GO_S: Final = 0.2  # for threads that are about to end when their test does
_OUTCOMES: Final = (Skipped, XFailed, Exit)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a schedule that was given.

    Attributes:
        evidence: Which one it was.
    """

    finding: Finding | None
    evidence: str


Came = Exploration | Replayed | Reason


class Examining:
    """Explores tests one after the other, by what the run is told.

    Attributes:
        replays: One schedule is run, and nothing is searched.
        story: Of the last failure, whole.
    """

    def __init__(self, choice: RunChoice) -> None:
        self._choice = choice
        self._settings: Settings = settle(OWN, choice.below, *choice.above)
        self.replays = bool(choice.replay)
        self.story = ""

    def account_of(
        self, item: pytest.Function, watch: StartWatch, shared: Sequence[Start]
    ) -> Account:
        """Explore a test that has passed and is torn down, and say what came of it.

        Args:
            watch: What the test started.
            shared: Threads of fixtures of wider scopes, also of those that it does not use.
        """
        started_s = time.perf_counter()
        notes: list[str] = []
        errors = tuple(dict.fromkeys(watch.errors))
        exploring = ItemExploring(item, self._settings, errors=errors)
        came = self._examine(item, exploring, notes)
        # An execution that starts as many threads needs none of those that the plain run left. Of a
        # schedule that failed before, that was decided when it was found.
        alone = isinstance(came, Replayed) or exploring.threads >= len(watch.starts)
        left = [] if alone else watch.starts
        came = _excused(came, item, [*left, *shared]) or came
        self._keep(item, came, notes)
        return replace(
            self._account(item, came),
            threads=len(watch.starts),
            elapsed_s=time.perf_counter() - started_s,
            notes=tuple(notes),
        )

    def _examine(self, item: pytest.Function, exploring: ItemExploring, notes: list[str]) -> Came:
        unfit = _unfit(item)
        if unfit is not None:
            return unfit
        try:
            if self.replays:
                return _replayed(exploring, self._choice.replay, "the schedule of the token")
            return self._try_kept(item, exploring, notes) or exploring.explore()
        except Exception as error:  # noqa: BLE001  # one test's trouble must not end the run
            return reasons.reason_of(error)

    def _try_kept(
        self, item: pytest.Function, exploring: ItemExploring, notes: list[str]
    ) -> Replayed | None:
        """Run the schedule that failed last time; return it if it fails again."""
        if not self._choice.configuration.keep_failures:
            return None
        kept = KeptToken(TokenStore(item.config.rootpath), item.nodeid, notes.append)
        if not kept.token:
            return None
        try:
            came = _replayed(exploring, kept.token, "a schedule that is known fails again")
        except TokenError as error:
            kept.drifted(error)
            return None
        if isinstance(came, Replayed) and came.finding is None:
            kept.passed()
        return came if isinstance(came, Replayed) and came.finding is not None else None

    def _keep(self, item: pytest.Function, came: Came, notes: list[str]) -> None:
        if isinstance(came, Reason) or came.finding is None:
            return
        if self._choice.configuration.keep_failures:
            store = TokenStore(item.config.rootpath)
            KeptToken(store, item.nodeid, notes.append).replace(came.finding)

    # -- what is told ------------------------------------------------------------------------------

    def _account(self, item: pytest.Function, came: Came) -> Account:
        if isinstance(came, Reason):
            return self._uncontrolled(item, came)
        executions = came.executions if isinstance(came, Exploration) else 1
        if came.finding is not None:
            return self._failed(item, came.finding, executions, came.evidence)
        passed = isinstance(came, Replayed) or came.verdict is Verdict.PASSED
        return Account(
            test=item.nodeid,
            standing=Standing.PASSED if passed else Standing.UNDECIDED,
            executions=executions,
            words=came.evidence.removeprefix("undecided: "),
        )

    def _uncontrolled(self, item: pytest.Function, reason: Reason) -> Account:
        """Return the account of a test that could not be controlled; a replay has to be."""
        self.story = "\n".join(filter(None, (reason.what, reason.where, reason.remedy)))
        return Account(
            test=item.nodeid,
            standing=Standing.FAILED if self.replays else Standing.UNCONTROLLED,
            words=reason.what,
            where=" ".join(reason.where.split()),
            remedy=reason.remedy,
        )

    def _failed(
        self, item: pytest.Function, finding: Finding, executions: int, evidence: str
    ) -> Account:
        again = command(item, "--holdfast-all", "--holdfast-replay", finding.token)
        self.story = f"{replace(finding, command=again)}\n\n{item.nodeid}: FAILED: {evidence}"
        return Account(
            test=item.nodeid,
            standing=Standing.FAILED,
            executions=executions,
            words=next(iter(finding.message.splitlines()), finding.kind.value),
            token=finding.token,
            gil=finding.gil_reachable,
        )


def _replayed(exploring: ItemExploring, token: str, evidence: str) -> Replayed | Reason:
    found = exploring.replay(token)
    return found if isinstance(found, Reason) else Replayed(found, evidence)


def _unfit(item: pytest.Function) -> Reason | None:
    """Return why a test is not explored at all."""
    if getattr(item.obj, "is_hypothesis_test", False):
        return reasons.HYPOTHESIS
    if "subtests" in item.fixturenames:
        return reasons.SUBTESTS
    if inspect.iscoroutinefunction(inspect.unwrap(item.obj)):
        return reasons.COROUTINE
    return None


def _excused(came: Came, item: pytest.Function, starts: Sequence[Start]) -> Reason | None:
    """Return what else than a bug explains a failure."""
    if isinstance(came, Reason):
        message = came.where if came.doubtful else ""
    else:
        message = "" if came.finding is None else came.finding.message
        skip = None if came.finding is None else _skip_of(came.finding)
        if skip is not None:
            return skip
    missing = _missing(item, starts) if message else None
    if missing is None:
        return None
    by = f"the fixture {missing.fixture!r}" if missing.fixture else "the test"
    return reasons.real_threads(f"{missing.name}, by {by} at {missing.where}", message)


def _skip_of(finding: Finding) -> Reason | None:
    if isinstance(finding.error, DistantError):
        for kind in _OUTCOMES:
            if type_name(kind) in finding.error.types:
                return reasons.skips(finding.error.text)
    return None


def _missing(item: pytest.Function, starts: Sequence[Start]) -> Start | None:
    """Return a real thread that a test may need, and that the child of an exploration lacks."""
    names = {"", *item.fixturenames}
    return next((start for start in starts if start.fixture in names and _stays(start)), None)


def _stays(start: Start) -> bool:
    if start.thread is not None and start.runs():
        start.thread.join(LET_GO_S)
    return start.runs()

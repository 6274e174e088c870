"""Decides about a test that starts threads: how it is explored, and what comes of it."""

from __future__ import annotations

import inspect
import os
import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from _pytest.outcomes import Exit, Skipped, XFailed

from harness.exploration import Exploration, Verdict
from harness.finding import Finding
from harness.isolate import DistantError, type_name
from harness.run_choice import choose
from harness.settings import settle
from harness.whole_suite import reasons
from harness.whole_suite.account import Account, Standing
from harness.whole_suite.exploring import ItemExploring, Wish
from harness.whole_suite.reasons import Reason
from harness.whole_suite.story import first_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from harness.whole_suite.starts import Start, StartWatch

EXECUTIONS: Final = 200
BUDGET_S: Final = 10.0  # of each test; most need less than one
_OUTCOMES: Final = (Skipped, XFailed, Exit)
_LET_GO_S: Final = 0.2  # for threads that are about to end when their test does


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of the schedule of a token."""

    finding: Finding | None


class Examining:
    """Explores tests one after the other, by the options of the run.

    Attributes:
        replays: One schedule is run, and nothing is searched.
        story: Of the last failure, whole.
    """

    def __init__(self, config: pytest.Config) -> None:
        choice = choose(config)
        asked = settle({"executions": EXECUTIONS, "budget_s": BUDGET_S}, *choice.above)
        self._token = choice.replay
        self._wish = Wish(
            executions=asked.executions, seed=asked.seed, budget_s=asked.budget_s or BUDGET_S
        )
        self.replays = bool(self._token)
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
        errors = tuple(dict.fromkeys(watch.errors))
        came = self._examine(item, errors)
        if isinstance(came, Exploration | Replayed) and came.finding is not None:
            came = _excused(came.finding, item, [*watch.starts, *shared]) or came
        account = self._account(item, came)
        return replace(
            account, threads=len(watch.starts), elapsed_s=time.perf_counter() - started_s
        )

    def _examine(
        self, item: pytest.Function, errors: tuple[type[BaseException], ...]
    ) -> Exploration | Replayed | Reason:
        unfit = _unfit(item)
        if unfit is not None:
            return unfit
        exploring = ItemExploring(item, self._wish, errors=errors)
        try:
            if not self._token:
                return exploring.explore()
            found = exploring.replay(self._token)
        except Exception as error:  # noqa: BLE001  # one test's trouble must not end the run
            return reasons.reason_of(error)
        return found if isinstance(found, Reason) else Replayed(found)

    def _account(
        self, item: pytest.Function, came: Exploration | Replayed | Reason
    ) -> Account:
        if isinstance(came, Reason):
            standing = Standing.FAILED if self.replays else Standing.UNCONTROLLED
            self.story = f"{came.what}\n{came.where}\n{came.remedy}"
            return Account(
                test=item.nodeid, standing=standing,
                words=came.what, where=first_line(came.where), remedy=came.remedy,
            )  # fmt: skip
        executions = came.executions if isinstance(came, Exploration) else 1
        evidence = came.evidence if isinstance(came, Exploration) else "the schedule of the token"
        if came.finding is None:
            passed = isinstance(came, Replayed) or came.verdict is Verdict.PASSED
            return Account(
                test=item.nodeid, standing=Standing.PASSED if passed else Standing.UNDECIDED,
                executions=executions, words=evidence,
            )  # fmt: skip
        return self._failed(item, came.finding, executions, evidence)

    def _failed(
        self, item: pytest.Function, finding: Finding, executions: int, evidence: str
    ) -> Account:
        finding = replace(finding, command=replay_command(item, finding.token))
        self.story = f"{finding}\n\n{item.nodeid}: FAILED: {evidence}"
        return Account(
            test=item.nodeid, standing=Standing.FAILED, executions=executions,
            words=first_line(finding.message), token=finding.token,
        )  # fmt: skip


def replay_command(item: pytest.Item, token: str) -> str:
    """Return the command that runs one schedule of a test, from the folder pytest was called in."""
    path, *names = item.nodeid.split("::")
    place = os.path.relpath(item.config.rootpath / path, item.config.invocation_params.dir)
    test = "::".join([Path(place).as_posix(), *names])
    return shlex.join(["pytest", test, "--holdfast-all", "--holdfast-replay", token])


def _unfit(item: pytest.Function) -> Reason | None:
    """Return why a test is not explored at all."""
    if getattr(item.obj, "is_hypothesis_test", False):
        return reasons.HYPOTHESIS
    if inspect.iscoroutinefunction(inspect.unwrap(item.obj)):
        return reasons.COROUTINE
    return None


def _excused(
    finding: Finding, item: pytest.Function, starts: Sequence[Start]
) -> Reason | None:
    """Return what else than a bug explains a failure."""
    if isinstance(finding.error, DistantError):
        for kind in _OUTCOMES:
            if type_name(kind) in finding.error.types:
                return reasons.skips(finding.error.text)
    names = set(item.fixturenames)
    missing = [
        start for start in starts if (not start.fixture or start.fixture in names) and _stays(start)
    ]
    if not missing:
        return None
    first = missing[0]
    by = f"the fixture {first.fixture!r}" if first.fixture else "the test"
    return reasons.real_threads(f"{first.name}, by {by} at {first.where}", finding.message)


def _stays(start: Start) -> bool:
    if start.thread is not None and start.runs():
        start.thread.join(_LET_GO_S)
    return start.runs()

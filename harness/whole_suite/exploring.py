"""Explores one test of pytest's in a child process, and doubts what it finds.

The child is forked when the test has passed with real threads: what modules and fixtures of wider
scopes hold is there, and whatever the exploration does to it, hangs in or dies of is over with the
child. A test that was never written for this fails for reasons that are no bug: it counts on real
time, or on being run once. So a failure counts only if some schedule passes, and if the failing one
fails again in a child of its own, where nothing ran before it.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Final

from harness.child_process import run_in_child
from harness.child_start import choose_start
from harness.crash import Crash
from harness.errors import DriftError
from harness.exchange import Exchange
from harness.exploration import Exploration, Verdict
from harness.finding import FindingKind
from harness.isolate import returned
from harness.replay_token import decode_token
from harness.strategies.patient import Patient
from harness.watchdog import EXIT_STUCK
from harness.whole_suite.errors import OvertimeError
from harness.whole_suite.jobs import Explored, ExploreJob, ReplayJob, Subject
from harness.whole_suite.reasons import Reason, always_fails, keeps_state, stuck, unsteady

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from harness.exchange import Outcome
    from harness.finding import Finding
    from harness.headway import Headway
    from harness.settings import Settings

BUDGET_S: Final = 10.0  # of each test; most need less than one
OVERTIME_S: Final = 30.0  # beside the budget: comparing, shrinking, the search under the GIL model


class ItemExploring:
    """What the parent does for one test.

    Attributes:
        threads: How many a controlled execution started that passed; 0 where none did.

    Args:
        errors: Exceptions that left threads when the test passed by itself.
    """

    def __init__(
        self,
        item: pytest.Function,
        settings: Settings,
        *,
        errors: tuple[type[BaseException], ...] = (),
    ) -> None:
        self.threads = 0
        self._item = item
        self._settings = settings
        self._errors = errors

    def explore(self) -> Exploration | Reason:
        """Return the result, or why there is none.

        Raises:
            HarnessError: The test could not be controlled.
        """
        started_s = time.perf_counter()
        with self._exchange() as (exchange, subject):
            outcome = self._run(ExploreJob(subject, self._settings), exchange, subject)
            if isinstance(outcome, Reason):
                return outcome
            if outcome.death:
                return self._crashed(exchange, subject, outcome, started_s)
            explored: Explored = returned(outcome)
        self.threads = explored.threads
        return self._doubted(explored)

    def replay(self, token: str) -> Finding | Reason | None:
        """Run the schedule of a token in a child.

        Raises:
            HarnessError: The token does not fit, or the test could not be controlled.
        """
        with self._exchange() as (exchange, subject):
            outcome = self._run(ReplayJob(subject, token), exchange, subject)
            if isinstance(outcome, Reason):
                return outcome
            if outcome.death:
                wanted = decode_token(token)
                crash = self._crash(exchange, subject, outcome, seed=wanted.chance_seed or 0)
                return crash.tell_again()
            finding: Finding | None = returned(outcome)
            return finding

    def _doubted(self, explored: Explored) -> Exploration | Reason:
        """Return a failure only if it fails in a child of its own, too, and others do not."""
        result, changed = explored.result, explored.changed
        finding = result.finding
        if finding is None:
            return result
        if finding.kind is FindingKind.NONDETERMINISM:
            return unsteady(finding.message, changed)
        try:
            again = self.replay(finding.token)
        except DriftError:
            again = None
        if isinstance(again, Reason):
            return again
        if again is None:
            return keeps_state(finding.message, changed)
        return result if explored.some_pass else always_fails(finding.message)

    def _crashed(
        self, exchange: Exchange, subject: Subject, outcome: Outcome, started_s: float
    ) -> Exploration:
        crash = self._crash(exchange, subject, outcome, seed=self._settings.seed)
        finding = crash.examine()
        return Exploration(
            name=self._item.nodeid,
            verdict=Verdict.FAILED,
            executions=crash.executions,
            exhausted=False,
            finding=finding,
            evidence=f"execution {crash.executions} killed the process",
            strategy=Patient.__name__,
            seed=self._settings.seed,
            model=self._settings.model,
            elapsed_s=time.perf_counter() - started_s,
        )

    def _crash(self, exchange: Exchange, subject: Subject, outcome: Outcome, *, seed: int) -> Crash:
        start = choose_start(None, subject.body)
        return Crash(
            subject,
            exchange,
            outcome,
            start=start,
            max_steps=self._settings.max_steps,
            chance_seed=seed,
        )

    def _run(
        self, job: ExploreJob | ReplayJob, exchange: Exchange, subject: Subject
    ) -> Outcome | Reason:
        limit_s = (self._settings.budget_s or BUDGET_S) + OVERTIME_S

        def watch(headway: Headway) -> None:
            if headway.elapsed_s > limit_s or time.monotonic() - begun_s > limit_s:
                raise OvertimeError(limit_s)

        begun_s = time.monotonic()
        outcome = run_in_child(job, exchange, start=choose_start(None, job), progress=watch)
        if outcome.status == EXIT_STUCK and not outcome.done:
            return stuck(subject.said.read_text("utf-8", "replace"))
        return outcome

    @contextlib.contextmanager
    def _exchange(self) -> Iterator[tuple[Exchange, Subject]]:
        exchange = Exchange()
        try:
            yield exchange, Subject(self._item, exchange.folder, errors=self._errors)
        finally:
            exchange.close()

"""Explores one test of pytest's in a child process, and doubts what it finds.

The child is forked when the test has passed with real threads: what modules and fixtures of wider
scopes hold is there, and whatever the exploration does to it, hangs in or dies of is over with the
child. A test that was never written for this fails for reasons that are no bug: it counts on real
time, or on being run once. So a failure counts only if some schedule passes, and if the failing one
fails again in a child of its own, where nothing ran before it.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.campaign import Campaign
from harness.child_process import run_in_child
from harness.child_start import choose_start
from harness.crash import Crash
from harness.errors import DriftError, HarnessError
from harness.exchange import Exchange
from harness.exploration import Exploration, Verdict
from harness.exploring import explore, replay
from harness.finding import FindingKind, kind_of, message_of, signature_of
from harness.isolate import portable, returned
from harness.primitives.chance import chance
from harness.replay_token import decode_token
from harness.strategies.fair import Alternate
from harness.strategies.patient import Patient
from harness.strategies.random_walk import RandomWalk
from harness.watchdog import EXIT_STUCK
from harness.whole_suite.item_body import body_of
from harness.whole_suite.reasons import Reason, always_fails, keeps_state, stuck

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from harness.child_life import Send
    from harness.engine.task import Task
    from harness.exchange import Outcome
    from harness.finding import Finding
    from harness.headway import Headway
    from harness.strategies.protocol import Strategy

MAX_STEPS: Final = 20_000
RANDOM_TRIALS: Final = 5  # beside three fixed schedules; all eight fail: it is not the schedule
OVERTIME_S: Final = 30.0  # beside the budget: comparing, shrinking, the search under the GIL model


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How every test is explored."""

    executions: int
    seed: int
    budget_s: float


class NeverPassesError(HarnessError):
    """No schedule passes of a test that passes with real threads."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return f"it fails under every schedule: {self.message}"


class OvertimeError(HarnessError):
    """A child was ended because it took too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"it was given up after {self.seconds:.0f} s"


class Subject:
    """A test in a child: `body` settles in first. One a child.

    Args:
        folder: Takes temporary files and what is printed; removed by the parent.
        errors: Exceptions that left threads when the test passed by itself.
    """

    def __init__(
        self, item: pytest.Function, folder: Path, *, errors: tuple[type[BaseException], ...]
    ) -> None:
        self._item = item
        self._folder = folder
        self._errors = errors
        self.name = item.nodeid

    @property
    def said(self) -> Path:
        """What the child printed."""
        return self._folder / "said"

    def body(self) -> Callable[[], object]:
        """Return the body, in a process that may be disturbed."""
        with self.said.open("ab") as said, Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        temporary = self._folder / "tmp"
        temporary.mkdir(exist_ok=True)
        factory: Any = getattr(self._item.config, "_tmp_path_factory", None)
        if factory is not None:
            factory._basetemp = temporary  # noqa: SLF001  # hundreds of folders: not beside the user's
        if self._errors:
            threading.excepthook = self._forgive
        return body_of(self._item)

    def _forgive(self, args: threading.ExceptHookArgs) -> None:
        """Let pass what left threads before, too, when the test passed."""
        if args.exc_value is not None and not issubclass(args.exc_type, self._errors):
            raise args.exc_value


@dataclass(frozen=True, slots=True)
class ExploreJob:
    """Tries whether any schedule passes, then explores; in a child."""

    subject: Subject
    wish: Wish

    def __call__(self, _send: Send) -> Exploration:
        """Return the result without what cannot be sent.

        Raises:
            NeverPassesError: No schedule passes.
        """
        body = self.subject.body()
        _try_schedules(body)
        wish = self.wish
        result = explore(
            body,
            Patient(wish.seed),
            executions=wish.executions,
            seed=wish.seed,
            max_steps=MAX_STEPS,
            budget_s=wish.budget_s,
        )
        return replace(result, name=self.subject.name, finding=portable(result.finding))


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """Runs the schedule of a token; in a child."""

    subject: Subject
    token: str

    def __call__(self, _send: Send) -> Finding | None:
        """Return the finding without what cannot be sent.

        Raises:
            DriftError: The test does not do what it did.
        """
        body = self.subject.body()
        try:
            return portable(replay(body, self.token))
        except DriftError:
            # The first execution fills caches and imports; the token may come from a later one.
            return portable(replay(body, self.token))


class _Onwards:
    """Nobody is interrupted; who comes next is the first that can, or the last."""

    def __init__(self, *, last: bool) -> None:
        self._index = -1 if last else 0

    def begin(self, execution: int) -> bool:
        return not execution

    def pick(self, ready: list[Task], current: Task | None) -> Task:
        return current or ready[self._index]


def _try_schedules(body: Callable[[], object]) -> None:
    """Run different schedules until one passes.

    Raises:
        NeverPassesError: None does, and all fail in the same way.
    """
    fixed = [_Onwards(last=False), _Onwards(last=True), Alternate((), early_timeouts=False)]
    strategies: list[Any] = [*fixed, *(RandomWalk(seed) for seed in range(RANDOM_TRIALS))]
    failures = {}
    with Campaign(model="free-threaded", max_steps=MAX_STEPS, body=body) as campaign:
        for strategy in strategies:
            with chance.seeded(0):
                strategy.begin(0)
                ending, _ = campaign.run(body, strategy)
            if kind_of(ending) is None:
                return
            failures[signature_of(ending)] = message_of(ending)
    if len(failures) == 1:
        raise NeverPassesError(next(iter(failures.values())))


class ItemExploring:
    """What the parent does for one test.

    Args:
        errors: Exceptions that left threads when the test passed by itself.
    """

    def __init__(
        self, item: pytest.Function, wish: Wish, *, errors: tuple[type[BaseException], ...] = ()
    ) -> None:
        self._item = item
        self._wish = wish
        self._errors = errors

    def explore(self) -> Exploration | Reason:
        """Return the result, or why there is none.

        Raises:
            HarnessError: The test could not be controlled.
        """
        started_s = time.perf_counter()
        with self._exchange() as (exchange, subject):
            outcome = self._run(ExploreJob(subject, self._wish), exchange, subject)
            if isinstance(outcome, Reason):
                return outcome
            if outcome.death:
                return self._crashed(exchange, subject, outcome, started_s)
            try:
                result: Exploration = returned(outcome)
            except NeverPassesError as error:
                return always_fails(error.message)
        return self._doubted(result)

    def replay(self, token: str) -> Finding | None | Reason:
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

    def _doubted(self, result: Exploration) -> Exploration | Reason:
        """Return a failure only if it fails in a child of its own as well."""
        finding = result.finding
        if finding is None or finding.kind is FindingKind.NONDETERMINISM:
            return result if finding is None else _unsteady(finding)
        try:
            again = self.replay(finding.token)
        except DriftError:
            again = None
        if isinstance(again, Reason):
            return again
        return keeps_state(finding.message) if again is None else result

    def _crashed(
        self, exchange: Exchange, subject: Subject, outcome: Outcome, started_s: float
    ) -> Exploration:
        crash = self._crash(exchange, subject, outcome, seed=self._wish.seed)
        finding = crash.examine()
        return Exploration(
            name=self._item.nodeid,
            verdict=Verdict.FAILED,
            executions=crash.executions,
            exhausted=False,
            finding=finding,
            evidence=f"execution {crash.executions} killed the process",
            strategy=Patient.__name__,
            seed=self._wish.seed,
            model="free-threaded",
            elapsed_s=time.perf_counter() - started_s,
        )

    @staticmethod
    def _crash(exchange: Exchange, subject: Subject, outcome: Outcome, *, seed: int) -> Crash:
        start = choose_start(None, subject.body)
        return Crash(
            subject, exchange, outcome, start=start, max_steps=MAX_STEPS, chance_seed=seed
        )

    def _run(
        self, job: ExploreJob | ReplayJob, exchange: Exchange, subject: Subject
    ) -> Outcome | Reason:
        limit_s = self._wish.budget_s + OVERTIME_S

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


def _unsteady(finding: Finding) -> Reason:
    """Return the reason of a test that does not do the same under the same schedule."""
    return Reason(
        "it does not do the same twice under the same schedule",
        finding.message,
        "See the likely cause there; make what is kept between executions anew in the test.",
    )


def supported() -> bool:
    """Say whether this system can explore a test in a child."""
    return hasattr(os, "fork") and sys.platform != "win32"

"""What the child of an exploration does: prepare one test, and run its schedules."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from _pytest.outcomes import OutcomeException

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.engine.recorder import Recorder
from harness.errors import DriftError
from harness.exploring import explore, replay
from harness.finding import kind_of, message_of, signature_of
from harness.isolate import portable
from harness.primitives.chance import chance
from harness.strategies.fair import Alternate
from harness.strategies.patient import Patient
from harness.strategies.random_walk import RandomWalk
from harness.whole_suite.errors import NeverPassesError, NotSetUpError
from harness.whole_suite.fresh_item import fresh_body

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from harness.child_life import Send
    from harness.engine.ending import Ending
    from harness.engine.task import Task
    from harness.exploration import Exploration
    from harness.finding import Finding
    from harness.pytest_run.shared_watch import SharedWatch
    from harness.settings import Settings
    from harness.strategies.protocol import Strategy

LONG_RUNS: Final = (
    2  # executions of a test that does not end within the step bound: each takes long
)
STEADY_RUNS: Final = 3  # of a schedule that is said to pass
RANDOM_TRIALS: Final = 5  # beside three fixed schedules; all eight fail: it is not the schedule


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
        self._watch: SharedWatch | None = None
        self.name = item.nodeid

    @property
    def said(self) -> Path:
        """What the child printed."""
        return self._folder / "said"

    def body(self) -> Callable[[], object]:
        """Return the body, in a process that may be disturbed.

        Raises:
            NotSetUpError: A fixture of a wider scope fails, or skips the test.
        """
        with self.said.open("ab") as said, Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        temporary = self._folder / "tmp"
        temporary.mkdir(exist_ok=True)
        if self._errors:
            threading.excepthook = self._forgive
        try:
            body, self._watch = fresh_body(self._item, temporary)
        except (Exception, OutcomeException) as error:
            raise NotSetUpError(type(error).__name__, str(error)) from error
        return body

    def changed(self) -> str:
        """Return what executions have changed of what they share, in words."""
        return "" if self._watch is None else "; ".join(self._watch.end())

    def _forgive(self, args: threading.ExceptHookArgs) -> None:
        """Let pass what left threads before, too, when the test passed."""
        if args.exc_value is not None and not issubclass(args.exc_type, self._errors):
            raise args.exc_value


@dataclass(frozen=True, slots=True)
class Explored:
    """What a child sends.

    Attributes:
        changed: What executions changed of what they share, in words.
        threads: How many one execution started that did not fail.
        some_pass: Some schedule still passes, after one has failed.
    """

    result: Exploration
    changed: str
    threads: int
    some_pass: bool = True


@dataclass(frozen=True, slots=True)
class ExploreJob:
    """Tries whether any schedule passes, then explores; in a child."""

    subject: Subject
    settings: Settings

    def __call__(self, _send: Send) -> Explored:
        """Return the result without what cannot be sent.

        Raises:
            NeverPassesError: No schedule passes.
        """
        body = self.subject.body()
        settings = self.settings
        executions = settings.executions
        finished, threads = _try_schedules(body, settings)
        if not finished:
            executions = min(executions, LONG_RUNS)
        result = explore(
            body,
            strategy_of(settings),
            executions=executions,
            seed=settings.seed,
            max_steps=settings.max_steps,
            model=settings.model,
            budget_s=settings.budget_s,
            fail_on=settings.fail_on,
            early_timeouts=settings.early_timeouts,
        )
        failed = result.finding is not None
        some_pass = not failed or _some_pass(body, settings)
        changed = self.subject.changed() if failed else ""
        result = replace(result, name=self.subject.name, finding=portable(result.finding))
        return Explored(result, changed, threads, some_pass)


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


def strategy_of(settings: Settings) -> Strategy | str:
    """Return what chooses: the one that was asked for, or the patient one."""
    return settings.strategy or Patient(settings.seed)


class _Onwards:
    """Nobody is interrupted; who comes next is the first that can, or the last."""

    def __init__(self, *, last: bool) -> None:
        self._index = -1 if last else 0

    def begin(self, execution: int) -> bool:
        return not execution

    def pick(self, ready: list[Task], current: Task | None) -> Task:
        return current or ready[self._index]


def _try_schedules(body: Callable[[], object], settings: Settings) -> tuple[bool, int]:
    """Run different schedules until one does not fail.

    Returns:
        Whether that came to an end, and how many threads it started.

    Raises:
        NeverPassesError: All fail, and in the same way.
    """
    failures = {}
    with Campaign(model=settings.model, max_steps=settings.max_steps, body=body) as campaign:
        for strategy in _different():
            recorder = Recorder()
            ending = _run(campaign, body, strategy, recorder)
            if kind_of(ending) is None:
                threads = sum(event.kind == "start" for event in recorder.events)
                return ending.kind is EndingKind.FINISHED, threads
            failures[signature_of(ending)] = message_of(ending)
    if len(failures) == 1:
        raise NeverPassesError(next(iter(failures.values())))
    return True, 0


def _some_pass(body: Callable[[], object], settings: Settings) -> bool:
    """Say whether some schedule passes each time, in a process that has run the test before.

    A test that reads real time may pass by chance, when the machine is slow for a moment, and most
    easily in its first execution.
    """
    with Campaign(model=settings.model, max_steps=settings.max_steps, body=body) as campaign:
        return any(
            all(kind_of(_run(campaign, body, strategy)) is None for _ in range(STEADY_RUNS))
            for strategy in _different()
        )


def _different() -> list[Any]:
    """Return strategies whose first schedules have little in common."""
    # The fair one first: under the others, who polls is never interrupted.
    fixed = [Alternate((), early_timeouts=False), _Onwards(last=False), _Onwards(last=True)]
    return [*fixed, *(RandomWalk(seed) for seed in range(RANDOM_TRIALS))]


def _run(
    campaign: Campaign,
    body: Callable[[], object],
    strategy: Any,  # noqa: ANN401  # of several classes
    recorder: Recorder | None = None,
) -> Ending:
    with chance.seeded(0):
        strategy.begin(0)
        ending, _ = campaign.run(body, strategy, recorder=recorder)
    return ending

"""One interleaved test in one run of pytest: what is shared and fresh, what came of it."""

from __future__ import annotations

import functools
import os
import shlex
import unittest
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from _pytest.outcomes import Exit, Skipped, XFailed

from harness.errors import ExplorationInterrupted
from harness.pytest_run import _pytest_item as foreign
from harness.pytest_run.alarm import Alarm
from harness.pytest_run.captured_output import keep_what_matters
from harness.pytest_run.fixture_life import FixtureLife
from harness.pytest_run.item_body import ItemBody, in_place_of_method
from harness.pytest_run.item_plan import item_plan
from harness.pytest_run.shared_watch import REMEDY, SharedWatch
from harness.pytest_run.token_store import KeptToken, TokenStore
from harness.trial import RunOptions, run_options, run_trial
from harness.verdict_errors import SharedStateWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    import pytest

    from harness.exploration import Exploration
    from harness.finding import Finding
    from harness.pytest_run.run_choice import RunChoice
    from harness.pytest_run.run_summary import Covered

_OUTCOMES: Final = (Skipped, XFailed, Exit, unittest.SkipTest)


class ItemRun:
    """Runs one test. Made at its set-up.

    Attributes:
        life: Its fixtures; None where another decorator passes them on.
        covered: What is told at the end of the run.
        token: Of the failure, if there was one.
        alarm: Rings where its time ends.

    Raises:
        ArgumentError: A mark of the test says what there is not.
    """

    def __init__(self, item: pytest.Function, choice: RunChoice) -> None:
        self._item = item
        self._choice = choice
        self._plan = item_plan(item)
        self._body: Callable[[], object] | None = None
        self.alarm = Alarm()
        self.token = ""
        self.changed: list[str] = []
        self.covered: Covered = {
            "test": item.nodeid, "executions": 0, "verdict": "", "evidence": "",
            "elapsed_s": 0.0, "exhausted": False, "notes": [],
        }  # fmt: skip
        self.life = FixtureLife(item) if self._plan.whole else None
        if self.life is not None:
            self.life.take_over()
        self._kept: KeptToken | None = None

    def call(self) -> Generator[None, Any, Any]:
        """Stand around pytest's call of the test, as a wrapper of its hook does."""
        self._kept = self._find_kept()
        method = self.life is not None and hasattr(self._item, "_testcase")
        instead = in_place_of_method(self._item, self.run) if method else nullcontext()
        with self.alarm.heard(), run_options(self._options()), instead:
            if self.life is None:
                self._tell_of_decorator()
            return (yield)

    def run(self) -> None:
        """Explore the test, in the place of pytest's calling it once."""
        __tracebackhide__ = True
        assert self.life is not None
        plan = self._plan.plan
        settings = self._options().settings(plan.stated)
        apart = settings.isolated or settings.workers > 1
        watch = SharedWatch(self.life.shared(), children=apart)
        body = ItemBody(plan.test, self._item, self.life, watch)
        self._body = functools.partial(body, watch.values())
        passed = False
        try:
            with _quiet(self._item.config):
                run_trial(plan, self._body)
            passed = True
        except ExplorationInterrupted as interrupt:
            self._interrupted(cast("Exploration", interrupt.partial))
            raise
        finally:
            self.changed = watch.end()
            if passed:
                for words in self.changed:
                    self._item.warn(SharedStateWarning(f"{words}. {REMEDY}"))

    # -- what a trial is told ----------------------------------------------------------------------

    def _options(self) -> RunOptions:
        choice = self._choice
        return RunOptions(
            replay=choice.replay,
            record=choice.record,
            below={**choice.below, **self._plan.marks},
            above=choice.above,
            command=functools.partial(replay_command, self._item),
            rerecord=command(self._item, "--holdfast-record"),
            kept=self._kept,
            told=self._told,
            refound=self._refound,
            outcomes=_OUTCOMES,
            warn=self._item.warn,
        )

    def _find_kept(self) -> KeptToken | None:
        if not self._choice.configuration.keep_failures:
            return None
        store = TokenStore(self._item.config.rootpath)
        notes: list[str] = self.covered["notes"]
        return KeptToken(store, self._item.nodeid, notes.append)

    def _told(self, result: Exploration) -> None:
        self.covered.update(
            executions=result.executions,
            verdict=result.verdict.name,
            evidence=result.evidence,
            elapsed_s=result.elapsed_s,
            exhausted=result.exhausted,
        )
        if self._choice.record and self._plan.plan.tokens and result.finding is None:
            self.covered["notes"].append(
                "no schedule failed, so there is no new token: put the bug back for a moment"
            )
        if result.finding is not None:
            self.token = result.finding.token
        if self._kept is not None:
            self._kept.explored(result.finding)
        if self._body is not None:
            isolated = self._options().settings(self._plan.plan.stated).isolated
            keep_what_matters(self._item.config, result, self._body, isolated=isolated)

    def _interrupted(self, partial: Exploration) -> None:
        """Note how far it was when Ctrl-C came; do not lose a failure that was not told."""
        self.covered.update(
            executions=partial.executions,
            verdict=partial.verdict.name,
            evidence=partial.evidence,
            elapsed_s=partial.elapsed_s,
        )
        finding = partial.finding
        if finding is None or not finding.token:
            return
        first = next(iter(finding.message.splitlines()), "")
        self.covered["notes"].append(
            f"it had failed when Ctrl-C came, and was being made smaller: {first}\n"
            f"{replay_command(self._item, finding.token)}"
        )
        if self._kept is not None:
            self._kept.explored(finding)

    def _refound(self, finding: Finding, whence: str) -> None:
        """Note a schedule that was known, and fails again."""
        self.token = finding.token
        evidence = f"the {whence} schedule fails again"
        self.covered.update(executions=1, verdict="FAILED", evidence=evidence)
        kept = self._kept
        if kept is not None and kept.token and finding.token != kept.token:
            kept.replace(finding)

    def _tell_of_decorator(self) -> None:
        """Say which fixtures cannot be new in each execution."""
        item = self._item
        names = [
            name
            for name in foreign.arguments_of(item)
            if name != foreign.REQUEST
            and name not in foreign.parameters_of(item)
            and foreign.is_function_scoped(item, name)
        ]
        if names:
            words = (
                f"{', '.join(names)}: made once and shared by all executions, because another "
                "decorator stands above @harness.interleaved and passes them on. Put "
                "@harness.interleaved on top, and they are made anew in each execution"
            )
            item.warn(SharedStateWarning(words))


@contextmanager
def _quiet(config: pytest.Config) -> Iterator[None]:
    """Let `--setup-show` leave out what is made hundreds of times."""
    shown = getattr(config.option, "setupshow", False)
    config.option.setupshow = False
    try:
        yield
    finally:
        config.option.setupshow = shown


def replay_command(item: pytest.Item, token: str) -> str:
    """Return the command that runs one schedule of a test again."""
    return command(item, "--holdfast-replay", token)


def command(item: pytest.Item, *words: str) -> str:
    """Return a command for one test, for the folder that pytest was called in."""
    path, *names = item.nodeid.split("::")
    place = os.path.relpath(item.config.rootpath / path, item.config.invocation_params.dir)
    test = "::".join([Path(place).as_posix(), *names])
    return shlex.join(["pytest", test, *words])

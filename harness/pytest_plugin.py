"""The pytest plugin: visible accesses, options, and stories instead of engine frames.

`holdfast.pytest_guard` loads it in runs that use the harness; other runs never import this.
"""

from __future__ import annotations

import os
import shlex
import sys
import unittest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from _pytest._code.code import ReprExceptionInfo, ReprFileLocation, ReprTracebackNative
from _pytest.outcomes import Exit, Skipped, XFailed

from harness.errors import ArgumentError, HarnessError
from harness.instrument.test_imports import TestImports
from harness.project_packages import packages_of
from harness.whole_suite.packages import packages_beside
from harness.whole_suite.registration import (
    every_file,
    register_whole_suite,
    replays_one,
    wants_whole_suite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from harness.exploration import Exploration

_MARKS: Final = "harness.marks"  # loaded by the first test file that decorates
_RESULT: Final = pytest.StashKey[dict[str, Any]]()
_COVERED: Final = "holdfast_covered"  # a report's attribute of plain values: xdist carries it
_OUTCOMES: Final = (Skipped, XFailed, Exit, unittest.SkipTest)
NAME: Final = "holdfast-plugin"


def begin(config: pytest.Config, uses_harness: Callable[[Path], bool]) -> Plugin:
    """Make accesses visible, and register the plugin.

    The packages that `holdfast_instrument` names are rewritten, else the project's own, and test
    files that use the harness.

    Raises:
        pytest.UsageError: The setting names what cannot be instrumented.
    """
    include = list(config.getini("holdfast_instrument")) or packages_of(config.rootpath)
    whole = wants_whole_suite(config)
    if whole:
        include = include or packages_beside(config.rootpath)
        uses_harness = every_file
    try:
        imports = TestImports(include, uses_harness)
    except ArgumentError as error:
        raise pytest.UsageError(f"holdfast_instrument: {error}") from error
    plugin = Plugin(imports)
    imports.install()
    config.pluginmanager.register(plugin, NAME)
    if whole:
        register_whole_suite(config, _is_decorated)
    return plugin


class Plugin:
    """What the plugin knows in one run of pytest."""

    def __init__(self, imports: TestImports) -> None:
        self._imports = imports
        self._covered: list[dict[str, Any]] = []
        self._plain = imports.already_imported()

    def pytest_unconfigure(self) -> None:
        """Take the import hook out again."""
        self._imports.remove()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse a token for several tests: it is the schedule of one."""
        if not session.config.getoption("holdfast_replay"):
            return
        chosen = [item.nodeid for item in session.items if _is_decorated(item)]
        if len(chosen) != 1 and not (not chosen and replays_one(session)):
            names = f" ({', '.join(chosen[:3])})" if chosen else ""
            raise pytest.UsageError(
                f"--holdfast-replay takes the token of one test, and {len(chosen)} decorated "
                f"tests are chosen{names}. Name it: pytest FILE::TEST --holdfast-replay TOKEN"
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        """Give a decorated test the options of this run."""
        if not _is_decorated(item):
            return (yield)
        marks = sys.modules[_MARKS]
        getoption = item.config.getoption
        options = marks.RunOptions(
            replay=getoption("holdfast_replay") or "",
            seed=getoption("holdfast_seed"),
            executions=getoption("holdfast_executions"),
            command=lambda token: replay_command(item, token),
            told=lambda result: _keep(item, result),
            outcomes=_OUTCOMES,
        )
        with marks.run_options(options):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show the story of a failing interleaving in place of the engine's frames."""
        report = yield
        if call.when == "call" and _is_decorated(item):
            if _RESULT in item.stash:
                setattr(report, _COVERED, item.stash[_RESULT])
            story = _story_of(item, call.excinfo.value) if call.excinfo is not None else None
            report.longrepr = story or report.longrepr
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test covered, whichever process ran it."""
        covered = getattr(report, _COVERED, None)
        if isinstance(covered, dict):
            self._covered.append(covered)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was covered, and what stayed invisible."""
        if not self._covered:
            return
        terminalreporter.section("holdfast")
        verbose = terminalreporter.config.get_verbosity() > 0
        for line in self._lines(verbose=verbose):
            terminalreporter.line(line)

    def _lines(self, *, verbose: bool) -> Generator[str]:
        tests, executions = len(self._covered), sum(one["executions"] for one in self._covered)
        plural = "s" if tests != 1 else ""
        count = f"{executions:,}".replace(",", " ")
        yield f"{tests} interleaved test{plural}, {count} executions"
        for one in self._covered:
            if one["verdict"] == "UNDECIDED" or (verbose and one["verdict"] == "PASSED"):
                yield f"  {one['test']}: {one['evidence']}"
        if self._plain:
            yield (
                f"imported too early, so their accesses are no switching points: "
                f"{', '.join(self._plain)}. Name them in the setting holdfast_instrument"
            )


def _is_decorated(item: pytest.Item) -> bool:
    marks = sys.modules.get(_MARKS)
    if marks is None or not isinstance(item, pytest.Function):
        return False
    return hasattr(item.obj, marks.PLAN)


def replay_command(item: pytest.Item, token: str) -> str:
    """Return the command that runs one schedule of a test, from the folder pytest was called in."""
    path, *names = item.nodeid.split("::")
    place = os.path.relpath(item.config.rootpath / path, item.config.invocation_params.dir)
    test = "::".join([Path(place).as_posix(), *names])
    return shlex.join(["pytest", test, "--holdfast-replay", token])


def _keep(item: pytest.Item, result: Exploration) -> None:
    item.stash[_RESULT] = {
        "test": item.nodeid,
        "executions": result.executions,
        "verdict": result.verdict.name,
        "evidence": result.evidence,
    }


def _story_of(item: pytest.Item, error: BaseException) -> ReprExceptionInfo | None:
    """Return how to print what a decorated test raised; None leaves it to pytest."""
    marks = sys.modules[_MARKS]
    if isinstance(error, marks.InterleavingError):
        finding = error.result.finding
        headline = error.result.evidence if finding is None else finding.message
        return _story(item, str(error), headline)
    if isinstance(error, marks.RegressionError):
        return _story(item, str(error), error.finding.message)
    if isinstance(error, HarnessError):
        text = f"{type(error).__name__}: {error}"
        return _story(item, text, text)
    return None


def _story(item: pytest.Item, text: str, headline: str) -> ReprExceptionInfo:
    """Return a failure as pytest prints it: the whole text below, its first line in the summary.

    pytest's own classes, because xdist carries them whole from a worker, and other ones as text.
    """
    path, line, _ = item.location
    first = next(iter(headline.splitlines()), "")
    rows = [] if item.config.getoption("tbstyle") == "line" else text.splitlines()
    return ReprExceptionInfo(
        reprtraceback=ReprTracebackNative([f"{row}\n" for row in rows]),
        reprcrash=ReprFileLocation(path, (line or 0) + 1, first),
    )

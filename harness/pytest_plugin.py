"""The pytest plugin: visible accesses, fresh fixtures, options, and stories of failures.

`holdfast.pytest_guard` loads it in runs that use the harness; other runs never import this. What
explores is loaded by the first test that does.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from harness.errors import ArgumentError, HarnessError
from harness.instrument.test_imports import TestImports
from harness.project_packages import packages_of
from harness.pytest_run.run_choice import RunChoice, choose
from harness.pytest_run.run_summary import Covered, summary_lines
from harness.run_wishes import wish
from harness.whole_suite.registration import (
    every_file,
    packages_of_suite,
    register_whole_suite,
    replays_one,
    wants_whole_suite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from _pytest.fixtures import FixtureDef, SubRequest

    from harness.pytest_run.item_run import ItemRun

MARK: Final = "interleaved"
_PLAN: Final = "__holdfast_plan__"  # the attribute of a decorated test
_COVERED: Final = "holdfast_covered"  # a report's attribute of plain values: xdist carries it
_ENGINE: Final = "harness.engine.board"  # loaded by the first test that explores
NAME: Final = "holdfast-plugin"


def begin(config: pytest.Config, uses_harness: Callable[[Path], bool]) -> Plugin:
    """Make accesses visible, and register the plugin.

    The packages that `holdfast_instrument` names are rewritten, else those that `instrument` in
    `[tool.holdfast]` names, else the project's own; and test files that use the harness.

    Raises:
        pytest.UsageError: An option or a setting is not what it takes.
    """
    choice = choose(config)
    named = list(config.getini("holdfast_instrument")) or list(choice.configuration.instrument)
    include = named or packages_of(config.rootpath)
    whole = wants_whole_suite(config)
    if whole:
        include = include or packages_of_suite(config.rootpath)
        uses_harness = every_file
    try:
        imports = TestImports(include, uses_harness)
    except ArgumentError as error:
        setting = "holdfast_instrument" if config.getini("holdfast_instrument") else "instrument"
        raise pytest.UsageError(f"{setting}: {error}") from error
    plugin = Plugin(imports, choice)
    imports.install()
    config.pluginmanager.register(plugin, NAME)
    config.pluginmanager.register(AsyncFixtures(plugin), f"{NAME}-async-fixtures")
    if whole:
        register_whole_suite(config, is_interleaved, choice)
    return plugin


class Plugin:
    """What the plugin knows in one run of pytest.

    Attributes:
        run: The interleaved test that is at work.
    """

    def __init__(self, imports: TestImports, choice: RunChoice) -> None:
        self._imports = imports
        self._choice = choice
        self._covered: list[Covered] = []
        self._plain = imports.already_imported()
        self._wishes = wish(choice.above)  # for tests that call a search themselves
        self.run: ItemRun | None = None

    def pytest_unconfigure(self) -> None:
        """Take the import hook out again."""
        self._imports.remove()
        wish(self._wishes)

    def pytest_report_header(self) -> list[str]:
        """Say what this run explores by, if somebody chose something."""
        header = self._choice.header()
        return [header] if header else []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Refuse a token for several tests: it is the schedule of one."""
        if not self._choice.replay:
            return
        chosen = [item.nodeid for item in session.items if is_interleaved(item)]
        if len(chosen) != 1 and not (not chosen and replays_one(session)):
            names = f" ({', '.join(chosen[:3])})" if chosen else ""
            raise pytest.UsageError(
                f"--holdfast-replay takes the token of one test, and {len(chosen)} decorated "
                f"tests are chosen{names}. Name it: pytest FILE::TEST --holdfast-replay TOKEN"
            )

    # -- one test ----------------------------------------------------------------------------------

    def pytest_runtest_logstart(self) -> None:
        """Forget the last test."""
        self.run = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Keep function-scoped fixtures for the executions of an interleaved test."""
        self.run = None
        if isinstance(item, pytest.Function) and is_interleaved(item):
            from harness.pytest_run.item_run import ItemRun  # noqa: PLC0415  # only tests that explore need it

            self.run = ItemRun(item, self._choice)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        """Give an interleaved test the options of this run."""
        if self.run is None:
            return (yield)
        return (yield from self.run.call())

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self) -> bool | None:
        """Explore an interleaved test in the place of calling it once."""
        __tracebackhide__ = True
        if self.run is None or self.run.life is None:
            return None
        self.run.run()
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: FixtureDef[Any], request: SubRequest
    ) -> Generator[None, Any, Any]:
        """Note which fixture fails in an execution; make a wider one outside of it."""
        if self.run is None or self.run.life is None or not is_exploring():
            return (yield)
        return (yield from self.run.life.set_up(fixturedef, request))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Show the story of a failing interleaving in place of the engine's frames."""
        run = self.run
        if run is None or call.when == "teardown":
            if run is None and call.when == "setup" and call.excinfo is not None:
                return (yield from _wrong_mark(item, call.excinfo.value))
            return (yield)
        from harness.pytest_run.item_report import add_properties, tell_failure  # noqa: PLC0415  # as above

        if call.when == "call":
            add_properties(item, run)
        report = yield
        if call.when == "call":
            setattr(report, _COVERED, run.covered)
            if call.excinfo is not None:
                tell_failure(item, run, report, error=call.excinfo.value)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        """Let a debugger see the lines of the test that failed, not those that report it."""
        if self.run is None or call.excinfo is None:
            return
        from harness.pytest_run.failure_text import finding_of  # noqa: PLC0415  # as above

        finding = finding_of(call.excinfo.value)
        if finding is not None and finding.error is not None and finding.error.__traceback__:
            call.excinfo = pytest.ExceptionInfo.from_exception(finding.error)

    # -- at the end --------------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test covered, whichever process ran it."""
        covered = getattr(report, _COVERED, None)
        if isinstance(covered, dict) and (covered["verdict"] or covered["notes"]):
            self._covered.append(covered)

    def pytest_keyboard_interrupt(self) -> None:
        """Note how far the test was that Ctrl-C has ended: no report is made of it."""
        if self.run is not None and self.run.covered["verdict"]:
            self._covered.append(self.run.covered)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was covered, and what stayed invisible."""
        if not self._covered:
            return
        verbosity = terminalreporter.config.get_verbosity()
        lines = list(summary_lines(self._covered, verbosity=verbosity))
        if self._plain:
            lines.append(
                f"imported too early, so their accesses are no switching points: "
                f"{', '.join(self._plain)}. Name them in the setting holdfast_instrument"
            )
        terminalreporter.section("holdfast")
        for line in lines:
            terminalreporter.line(line)


class AsyncFixtures:
    """Makes the fixtures of an execution that are coroutine functions or async generators."""

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    @pytest.hookimpl(tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: FixtureDef[Any], request: SubRequest
    ) -> object | None:
        """Return anything where the fixture was made; its value is in its definition."""
        run = self._plugin.run
        if run is None or run.life is None or not is_exploring():
            return None
        return True if run.life.made_async(fixturedef, request) else None


def is_interleaved(item: pytest.Item) -> bool:
    """Say whether a test explores; quick, for tests that do not."""
    if not isinstance(item, pytest.Function):
        return False
    return hasattr(item.obj, _PLAN) or item.get_closest_marker(MARK) is not None


def is_exploring() -> bool:
    """Say whether an execution runs in this thread."""
    board = sys.modules.get(_ENGINE)
    return board is not None and board.current() is not None


def _wrong_mark(
    item: pytest.Item, error: BaseException
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say what is wrong with a mark, without the frames that found it."""
    report = yield
    if isinstance(error, HarnessError) and is_interleaved(item):
        from harness.pytest_run.failure_text import error_story  # noqa: PLC0415  # as above

        report.longrepr = error_story(item, error)
    return report

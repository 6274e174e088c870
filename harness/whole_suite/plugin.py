"""`pytest --holdfast-all`: runs every test as it is, then explores those that start threads.

A test that starts none costs next to nothing. One that does is torn down, except for what it shares
with others, and explored in a child process; its report waits for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from harness.pytest_run.failure_text import story
from harness.whole_suite._pytest_protocol import (
    report_of,
    request_of,
    stop_clock,
    tear_down_to,
)
from harness.whole_suite.account import Account, Standing, account_from
from harness.whole_suite.examining import Examining
from harness.whole_suite.starts import Start, StartWatch
from harness.whole_suite.summary import SECTION, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from harness.pytest_run.run_choice import RunChoice

NAME: Final = "holdfast-whole-suite"
ACCOUNT: Final = "holdfast_account"  # a report's attribute of plain values: xdist carries it


class WholeSuite:
    """The plugin of one run of pytest.

    Args:
        is_decorated: Says whether a test explores itself: such are left to their decorator.
    """

    def __init__(self, is_decorated: Callable[[pytest.Item], bool], choice: RunChoice) -> None:
        self._is_decorated = is_decorated
        self._examining = Examining(choice)
        self._watch = StartWatch()
        self._shared: list[Start] = []  # threads of fixtures of wider scopes
        self._accounts: list[Account] = []

    # -- watching the plain run --------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        """Note the threads that fixtures start."""
        with self._watch:
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        """Note the threads that the test starts."""
        with self._watch:
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        """Note whose threads are shared by tests."""
        before = self._watch.fixture
        if fixturedef.scope != "function":
            self._watch.fixture = fixturedef.argname
        try:
            return (yield)
        finally:
            self._watch.fixture = before

    # -- the protocol ------------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> object | None:
        """Run a test, explore it if it starts threads, and report what came of both."""
        if not isinstance(item, pytest.Function) or self._is_decorated(item):
            return None
        if item.config.getoption("setuponly", default=False):
            return None
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._run(item, nextitem)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _run(self, item: pytest.Function, nextitem: pytest.Item | None) -> None:
        self._watch.clear()
        with request_of(item):
            setup = report_of(item, "setup")
            _log(item, setup)
            call = report_of(item, "call") if setup.passed else None
            self._shared += [start for start in self._watch.starts if start.fixture]
            if call is not None and self._is_wanted(call):
                teardown, account = self._look_closer(item, call, nextitem)
            else:
                account = self._plain_account(item, call)
                if call is not None:
                    _log(item, call)
                teardown = report_of(item, "teardown", following=_following(item, nextitem))
        setattr(teardown, ACCOUNT, account.to_plain())
        if account.threads:
            teardown.user_properties = [*teardown.user_properties, *account.properties()]
        _log(item, teardown)

    def _is_wanted(self, call: pytest.TestReport) -> bool:
        asked = bool(self._watch.starts) or self._examining.replays
        return asked and call.passed and not hasattr(call, "wasxfail")

    def _plain_account(self, item: pytest.Function, call: pytest.TestReport | None) -> Account:
        threads = len(self._watch.starts)
        if not threads:
            return Account(test=item.nodeid, standing=Standing.LEFT_ALONE)
        words = "setup failed" if call is None else call.outcome
        return Account(
            test=item.nodeid, standing=Standing.NOT_EXPLORED, threads=threads, words=words
        )

    def _look_closer(
        self, item: pytest.Function, call: pytest.TestReport, nextitem: pytest.Item | None
    ) -> tuple[pytest.TestReport, Account]:
        """Tear down what is the test's own, explore it, and tear down the rest."""
        stop_clock(item)
        teardown = report_of(item, "teardown", following=item.parent)
        if teardown.passed:
            account = self._examining.account_of(item, self._watch, self._shared)
            if account.standing is Standing.FAILED:
                call.outcome = "failed"
                call.longrepr = story(item, self._examining.story, account.words)
        else:
            account = self._plain_account(item, teardown)
        _log(item, call)
        rest = tear_down_to(item, _following(item, nextitem))
        return (rest if rest is not None and teardown.passed else teardown), account

    # -- telling -----------------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the account of a test, whichever process ran it."""
        plain = getattr(report, ACCOUNT, None)
        if isinstance(plain, dict):
            self._accounts.append(account_from(plain))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say what was explored, what failed, and what could not be controlled and why."""
        if not self._accounts:
            return
        terminalreporter.section(SECTION)
        verbosity = terminalreporter.config.get_verbosity()
        for line in lines_of(self._accounts, verbosity=verbosity):
            terminalreporter.line(line)


def _log(item: pytest.Item, report: pytest.TestReport) -> None:
    item.ihook.pytest_runtest_logreport(report=report)


def _following(item: pytest.Item, nextitem: pytest.Item | None) -> pytest.Item | None:
    """Return the next test that will run: none if the run stops here."""
    return None if item.session.shouldfail or item.session.shouldstop else nextitem

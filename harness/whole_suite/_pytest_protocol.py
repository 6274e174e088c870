"""What of pytest's protocol for one test has no public name; nobody else here touches it."""

# ruff: noqa: SLF001  # this module is the one place for it

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import call_and_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    Phase = Literal["setup", "call", "teardown"]


@contextlib.contextmanager
def request_of(item: pytest.Function) -> Iterator[None]:
    """Give a test a request, as pytest's own protocol does, and take it away again."""
    own: Any = item
    if not own._request:
        own._initrequest()
    try:
        yield
    finally:
        own._request = False
        own.funcargs = None


def report_of(
    item: pytest.Function, when: Phase, *, following: pytest.Item | pytest.Collector | None = None
) -> pytest.TestReport:
    """Run a phase of a test, and return its report, which nobody has heard of yet.

    Args:
        when: `setup`, `call` or `teardown`.
        following: For `teardown`: what this leads to stays set up.
    """
    more = {"nextitem": following} if when == "teardown" else {}
    return call_and_report(item, when, log=False, **more)


def tear_down_to(item: pytest.Function, following: pytest.Item | None) -> pytest.TestReport | None:
    """Tear down what the next test does not share; return the report if that failed."""
    capture: Any = item.config.pluginmanager.getplugin("capturemanager")

    def tear_down() -> None:
        quiet = contextlib.nullcontext()
        with quiet if capture is None else capture.item_capture("teardown", item):
            item.session._setupstate.teardown_exact(following)

    info = pytest.CallInfo.from_call(
        tear_down, when="teardown", reraise=(pytest.exit.Exception, KeyboardInterrupt)
    )
    if info.excinfo is None:
        return None
    report: pytest.TestReport = item.ihook.pytest_runtest_makereport(item=item, call=info)
    return report


def stop_clock(item: pytest.Item) -> None:
    """Stop the timer of pytest-timeout: the test itself has ended in time."""
    cancel = getattr(item.config.hook, "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)

"""How a test's report tells that an exploration failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _pytest._code.code import ReprExceptionInfo, ReprFileLocation, ReprTracebackNative

if TYPE_CHECKING:
    import pytest


def fail_with(report: pytest.TestReport, item: pytest.Item, text: str, headline: str) -> None:
    """Make a report of a test that passed one of a failure.

    pytest's own classes, because xdist carries them whole from a worker.

    Args:
        headline: What the short summary says; its first line.
    """
    path, line, _ = item.location
    rows = [] if item.config.getoption("tbstyle") == "line" else text.splitlines()
    report.outcome = "failed"
    report.longrepr = ReprExceptionInfo(
        reprtraceback=ReprTracebackNative([f"{row}\n" for row in rows]),
        reprcrash=ReprFileLocation(path, (line or 0) + 1, first_line(headline)),
    )


def first_line(text: str) -> str:
    """Return the first line of a text; empty where there is none."""
    return next(iter(text.splitlines()), "")

"""Failures of interleaved tests as pytest prints them: a story, and no frames of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _pytest._code.code import ReprExceptionInfo, ReprFileLocation, ReprTracebackNative

from harness.errors import HarnessError, UncontrolledError
from harness.verdict_errors import InterleavingError, RegressionError

if TYPE_CHECKING:
    import pytest

    from harness.finding import Finding


def story_of(
    item: pytest.Item, error: BaseException, *, fixture: str = "", changed: str = ""
) -> ReprExceptionInfo | None:
    """Return how to print what an interleaved test raised; None leaves it to pytest.

    Args:
        fixture: The fixture whose set-up or teardown failed, if one did.
        changed: What the executions changed of what they share, in words.
    """
    if isinstance(error, InterleavingError | RegressionError):
        finding = finding_of(error)
        headline = error.result.evidence if isinstance(error, InterleavingError) else ""
        headline = headline if finding is None else finding.message
        words = (str(error), _of_fixture(fixture), changed[:1].upper() + changed[1:])
        return story(item, "\n\n".join(filter(None, words)), headline)
    if isinstance(error, UncontrolledError) and fixture:
        return story(item, f"{type(error).__name__}: {error}\n\n{_wider(fixture)}", str(error))
    if isinstance(error, HarnessError):
        text = f"{type(error).__name__}: {error}"
        return story(item, text, text)
    return None


def finding_of(error: BaseException) -> Finding | None:
    """Return the finding that a test failed with; None where it failed in another way."""
    if isinstance(error, RegressionError):
        return error.finding
    return error.result.finding if isinstance(error, InterleavingError) else None


def story(item: pytest.Item, text: str, headline: str) -> ReprExceptionInfo:
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


def _of_fixture(fixture: str) -> str:
    return f"It happened in the fixture {fixture!r}." if fixture else ""


def _wider(fixture: str) -> str:
    return (
        f"It was met in the fixture {fixture!r}, which has function scope: it is made anew "
        'inside each execution. Give it a wider scope, @pytest.fixture(scope="module"), and it is '
        "made once, outside, and shared by all executions."
    )

"""Failures of interleaved tests as pytest prints them: a story, and no frames of the engine."""

from __future__ import annotations

import shutil
import textwrap
from typing import TYPE_CHECKING

from _pytest._code.code import ReprExceptionInfo, ReprFileLocation, ReprTracebackNative

from harness.errors import HarnessError, UncontrolledError
from harness.render.story import MAX_WIDTH, MIN_WIDTH
from harness.verdict_errors import InterleavingError, RegressionError

if TYPE_CHECKING:
    import pytest

    from harness.finding import Finding


def story_of(
    item: pytest.Item, error: BaseException, *, fixture: str = "", changed: str = ""
) -> ReprExceptionInfo | None:
    """Return how to print what an interleaved test raised; None leaves it to pytest.

    Args:
        fixture: What failed, "the set-up of till", if it was a fixture.
        changed: What the executions changed of what they share, in words.
    """
    if isinstance(error, InterleavingError | RegressionError):
        finding = finding_of(error)
        headline = error.result.evidence if isinstance(error, InterleavingError) else ""
        headline = headline if finding is None else finding.message
        words = (str(error), _of_fixture(fixture), wrapped(changed[:1].upper() + changed[1:]))
        return story(item, "\n\n".join(filter(None, words)), headline)
    if isinstance(error, UncontrolledError) and fixture:
        return error_story(item, error, _wider(fixture))
    if isinstance(error, HarnessError):
        return error_story(item, error)
    return None


def finding_of(error: BaseException) -> Finding | None:
    """Return the finding that a test failed with; None where it failed in another way."""
    if isinstance(error, RegressionError):
        return error.finding
    return error.result.finding if isinstance(error, InterleavingError) else None


def error_story(item: pytest.Item, error: BaseException, more: str = "") -> ReprExceptionInfo:
    """Return an error of ours as a failure: its words, without the frames that found it."""
    text = f"{type(error).__name__}: {error}"
    return story(item, wrapped(f"{text}\n\n{more}" if more else text), text)


def wrapped(text: str) -> str:
    """Return text whose lines fit the terminal; what is indented, like a command, stays."""
    width = max(MIN_WIDTH, min(shutil.get_terminal_size((100, 24)).columns, MAX_WIDTH))
    lines: list[str] = []
    for line in text.splitlines():
        whole = line.startswith(" ") or len(line) <= width
        lines += (
            [line]
            if whole
            else textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)
        )
    return "\n".join(lines)


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
    return f"It happened in {fixture}." if fixture else ""


def _wider(fixture: str) -> str:
    return (
        f"It was met in {fixture}, a fixture of function scope: it is made anew "
        'inside each execution. Give it a wider scope, @pytest.fixture(scope="module"), and it is '
        "made once, outside, and shared by all executions."
    )

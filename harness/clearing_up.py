"""What an execution goes on to do after its test has failed: fixtures and `tearDown`."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Final

from harness.engine import board
from harness.engine.ending import Ending, EndingKind
from harness.engine.task import TaskKilled
from harness.errors import HarnessError

if TYPE_CHECKING:
    from types import TracebackType

_RUNNERS: Final = ("_pytest", "pluggy", "harness")  # their frames say nothing about user code


def note_failure(error: BaseException) -> None:
    """Let the running execution end with this error, whatever happens while it clears up.

    A teardown that fails or waits for ever is the consequence of a failure, not the failure. The
    first error that is noted counts.
    """
    running = board.current()
    if running is None or isinstance(error, TaskKilled | HarnessError | KeyboardInterrupt):
        return
    ending = Ending(EndingKind.RAISED, task=running.current, error=error)
    running.ending = running.ending or ending


def is_over() -> bool:
    """Say whether the running execution is over, and its tasks are thrown out of their code."""
    running = board.current()
    return running is not None and running.stopping


def without_runner(error: BaseException) -> BaseException:
    """Take the frames of the test runner, and ours, out of an error's traceback."""
    kept: list[TracebackType] = []
    step = error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in _RUNNERS:
            kept.append(step)
        step = step.tb_next
    following = None
    for step in reversed(kept):
        following = types.TracebackType(following, step.tb_frame, step.tb_lasti, step.tb_lineno)
    return error.with_traceback(following)

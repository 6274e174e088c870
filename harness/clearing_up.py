"""What an execution goes on to do after its test has failed: fixtures and `tearDown`."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, Final

from harness.engine import board
from harness.engine.ending import Ending, EndingKind
from harness.engine.task import TaskKilled
from harness.errors import HarnessError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_RUNNERS: Final = ("_pytest", "pluggy", "harness")  # their frames say nothing about user code


class ClearingUp:
    """Keeps the first error of one execution apart from what follows it.

    A teardown that fails or waits for ever is the consequence of a failure, not the failure; and
    the steps that it takes are no part of how the failure came to be.

    Attributes:
        failed: An error was noted.
    """

    __slots__ = ("_events", "_recorder", "_running", "failed")

    def __init__(self) -> None:
        self._running: Any = board.current()
        self._recorder: Any = None
        self._events = 0
        self.failed = False

    @property
    def over(self) -> bool:
        """The execution has ended, and its tasks are thrown out of their code."""
        return self._running is not None and bool(self._running.stopping)

    @property
    def unforced(self) -> bool:
        """No choice was made so far: whatever goes wrong, no schedule has a part in it."""
        return self._running is not None and not self._running.schedule

    def note(self, error: BaseException) -> None:
        """Let the execution end with this error, whatever happens while it clears up."""
        running = self._running
        if self.failed or isinstance(error, TaskKilled | HarnessError | KeyboardInterrupt):
            return
        self.failed = True
        if running is None:
            return
        ending = Ending(EndingKind.RAISED, task=running.current, error=error)
        running.ending = running.ending or ending
        self._recorder = running.recorder
        if self._recorder is not None:
            self._recorder.settle()
            self._events = len(self._recorder.events)

    def tried(self, call: Callable[[], object]) -> BaseException | None:
        """Call something that clears up; return what it raised."""
        try:
            call()
        except BaseException as error:  # noqa: BLE001  # the others have to run, too
            self.note(error)
            return error
        return None

    def end(self) -> None:
        """Take the steps that followed the failure out of the record."""
        if self._recorder is not None:
            del self._recorder.events[self._events :]
            del self._recorder.stacks[self._events :]


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

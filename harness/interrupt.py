"""Ctrl-C while executions run: it ends the exploration even if the body swallows it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from harness.engine.execution import Execution


class Interrupt:
    """Stands before the program's own handler of SIGINT. Main thread only.

    Attributes:
        execution: The one that runs now, if any.
        happened: Ctrl-C came.
        rescue: The watchdog sends the next SIGINT, to free a blocked main thread.
    """

    __slots__ = ("_before", "_caught", "execution", "happened", "rescue")

    def __init__(self) -> None:
        self._before: Any = None
        self._caught = False
        self.execution: Execution | None = None
        self.happened = False
        self.rescue = False

    def catch(self) -> None:
        """Put our handler first; one that was not set from Python cannot be put back and stays."""
        self._before = signal.getsignal(signal.SIGINT)
        if self._before is not None:
            self._caught = True
            signal.signal(signal.SIGINT, self._handle)

    def release(self) -> None:
        """Put the program's own handler back."""
        if self._caught:
            self._caught = False
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.rescue:
            self.rescue = False
            raise KeyboardInterrupt
        if self._before is signal.SIG_IGN:
            return
        if self._before is signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        if self._before is not signal.default_int_handler:
            self._before(number, frame)  # the program's own; if it raises, the task ends
            return
        self.happened = True
        if self.execution is not None:
            self.execution.interrupt()
        raise KeyboardInterrupt

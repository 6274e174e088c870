"""Reports an execution that stands still: a real lock, blocking I/O, a loop without a step."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Final

from harness.errors import StuckExecutionError
from harness.primitives import real

if TYPE_CHECKING:
    from harness.engine.execution import Execution

PERIOD_S: Final = 0.5
STUCK_S: Final = 4.0  # a report within 5 s; the longest single step in our scenarios takes 0.1 s
GIVE_UP_S: Final = 4.0  # after the report, until the process is given up
EXIT_STUCK: Final = 86  # the exit status of a process that could not be freed


class Watchdog:
    """A real thread that looks at the running execution twice a second."""

    __slots__ = ("_execution", "_ident", "_idle", "_last", "_stop", "_told")

    def __init__(self) -> None:
        self._stop = real.allocate_lock()
        self._execution: Execution | None = None
        self._ident = real.get_ident()
        self._last: tuple[int, int, int] | None = None
        self._idle = 0.0
        self._told = False

    def start(self) -> None:
        """Begin to watch the thread that calls this."""
        self._stop.acquire()
        real.start_new_thread(self._watch, ())

    def stop(self) -> None:
        """End the watching thread."""
        self._execution = None
        if self._stop.locked():
            self._stop.release()

    def watch(self, execution: Execution | None) -> None:
        """Say which execution runs now, if any."""
        self._execution = execution

    def _watch(self) -> None:
        while not self._stop.acquire(timeout=PERIOD_S):
            self._look()
        self._stop.release()

    def _look(self) -> None:
        execution = self._execution
        if execution is None:
            self._idle = 0.0
            return
        now = (id(execution), len(execution.schedule), execution.steps)
        if now != self._last:
            self._last = now
            self._idle = 0.0
            return
        self._idle += PERIOD_S
        if self._idle >= STUCK_S and not self._told:
            self._told = True
            self._report(execution)
        elif self._idle >= STUCK_S + GIVE_UP_S:
            self._give_up()

    def _report(self, execution: Execution) -> None:
        """Make the stuck thread raise, wherever it is."""
        frame = sys._current_frames().get(self._ident)  # noqa: SLF001  # the documented way
        stack = "".join(traceback.format_stack(frame, limit=12)) if frame is not None else "?"
        execution.tool_error = StuckExecutionError(self._idle, stack)
        execution.max_steps = -1
        if self._ident == threading.main_thread().ident and hasattr(signal, "pthread_kill"):
            # A blocked lock or read in the main thread returns only for a signal.
            signal.pthread_kill(self._ident, signal.SIGINT)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._ident), ctypes.py_object(KeyboardInterrupt)
            )

    def _give_up(self) -> None:
        execution = self._execution
        if execution is not None and execution.tool_error is not None:
            os.write(2, f"holdfast: {execution.tool_error}\n".encode())
        os.write(2, b"holdfast: the thread cannot be freed; this process ends now\n")
        os._exit(EXIT_STUCK)

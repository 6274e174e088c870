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
    from harness.interrupt import Interrupt

PERIOD_S: Final = 0.25
STUCK_S: Final = 3.5  # a report within 5 s; the longest single step in our scenarios takes 0.1 s
PRINT_S: Final = 0.75  # after the report, if the thread was not freed by then: print it
GIVE_UP_S: Final = 4.0  # after the report, until the process is given up
EXIT_STUCK: Final = 86  # the exit status of a process that could not be freed


class Watchdog:
    """A real thread that looks at the running execution four times a second."""

    __slots__ = (
        "_ended",
        "_execution",
        "_ident",
        "_idle_s",
        "_interrupt",
        "_last",
        "_printed",
        "_stop",
        "_told",
    )

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._stop = real.allocate_lock()
        self._ended = real.allocate_lock()
        self._execution: Execution | None = None
        self._ident = real.get_ident()
        self._last: tuple[int, ...] | None = None
        self._idle_s = 0.0
        self._told = False
        self._printed = False

    def start(self) -> None:
        """Begin to watch the thread that calls this."""
        self._stop.acquire()
        self._ended.acquire()
        begun = real.allocate_lock()
        begun.acquire()
        real.start_new_thread(self._watch, (begun,))
        # A thread is counted once it runs: counted later, in the middle of an execution, it would
        # look like one that the body has started past the engine.
        begun.acquire()

    def stop(self) -> None:
        """End the watching thread, and wait until it has."""
        self._execution = None
        if self._stop.locked():
            self._stop.release()
            self._ended.acquire()

    def watch(self, execution: Execution | None) -> None:
        """Say which execution runs now, if any."""
        self._execution = execution

    def _watch(self, begun: threading.Lock) -> None:
        begun.release()
        before_s = real.monotonic()
        try:
            while not self._stop.acquire(timeout=PERIOD_S):
                now_s = real.monotonic()
                # A process that was stopped and goes on finds a long time gone: it was not idle.
                self._look(min(now_s - before_s, 2 * PERIOD_S))
                before_s = now_s
        finally:
            self._ended.release()

    def _look(self, passed_s: float) -> None:
        execution = self._execution
        if execution is None:
            self._idle_s = 0.0
            self._told = self._printed = False
            return
        now = (id(execution), len(execution.schedule), execution.steps, len(execution.tasks))
        if now != self._last:
            self._last = now
            self._idle_s = 0.0
            return
        self._idle_s += passed_s
        if self._idle_s >= STUCK_S and not self._told:
            self._told = True
            self._report(execution)
        elif self._idle_s >= STUCK_S + PRINT_S and not self._printed:
            self._printed = True
            self._print(execution)
        elif self._idle_s >= STUCK_S + GIVE_UP_S:
            os.write(2, b"holdfast: the thread cannot be freed; this process ends now\n")
            os._exit(EXIT_STUCK)

    def _report(self, execution: Execution) -> None:
        """Make the stuck thread raise, wherever it is."""
        frame = sys._current_frames().get(self._ident)  # noqa: SLF001  # the documented way
        stack = "".join(traceback.format_stack(frame, limit=12)) if frame is not None else "?"
        if execution.tool_error is None:
            execution.tool_error = StuckExecutionError(self._idle_s, stack)
        execution.interrupt()
        if self._ident == threading.main_thread().ident and hasattr(signal, "pthread_kill"):
            # A blocked lock or read in the main thread returns only for a signal.
            self._interrupt.rescue = True
            signal.pthread_kill(self._ident, signal.SIGINT)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self._ident), ctypes.py_object(KeyboardInterrupt)
            )

    def _print(self, execution: Execution) -> None:
        """Tell whoever watches; the thread may never come back to raise it."""
        os.write(2, f"holdfast: {execution.tool_error}\n".encode(errors="replace"))

"""Signals at random moments: a handler that runs Python code in the main thread, and EINTR.

The timer's signal goes to the process; its handler runs in the main thread between any two of its
instructions. From there another signal goes to some other thread, whose system call it interrupts:
Python takes the call up again, C libraries have to do that themselves.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

# From within a system call to a handful of them; longer ones leave threads alone for a while.
INTERVALS_S: Final = (0.000_2, 0.001, 0.003, 0.01)
_callbacks: list[Callable[[], object]] = []


@contextlib.contextmanager
def on_signal(callback: Callable[[], object]) -> Any:  # noqa: ANN401  # a context
    """Call `callback` in every signal handler of chaos while the block runs.

    As a program's own handler would: in the main thread, wherever that stands. Without chaos it is
    never called.
    """
    _callbacks.append(callback)
    try:
        yield
    finally:
        _callbacks.remove(callback)


class RandomSignals:
    """The timer and its handler. Belongs to the main thread."""

    def __init__(self) -> None:
        self._before: dict[int, Any] = {}
        self._chance: random.Random | None = None
        self._count = 0
        self._interrupted = 0
        self._tgkill = _thread_kill()
        if sys.platform == "win32" or not hasattr(signal, "setitimer"):
            raise OSError("this system has no interval timer that sends a signal")

    @property
    def done(self) -> str:
        """How many came, in words."""
        return f"{self._count} to the process, {self._interrupted} to single threads"

    def begin(self, chance: random.Random) -> None:
        """Let signals come from now on."""
        if sys.platform == "win32":
            return
        self._chance = chance
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._handle)
        self._before[signal.SIGUSR2] = signal.signal(signal.SIGUSR2, self._heard)
        self._again()

    def end(self) -> None:
        """Let no more come."""
        if sys.platform == "win32" or not self._before:
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._chance = None
        # One that is still on its way is dropped by this; the default would end the process.
        for number in self._before:
            signal.signal(number, signal.SIG_IGN)
        for number, handler in self._before.items():
            if number != signal.SIGUSR2 or handler not in (signal.SIG_DFL, None):
                signal.signal(number, handler)
        self._before.clear()

    def _handle(self, number: int, frame: object) -> None:
        del number, frame
        self._count += 1
        for callback in tuple(_callbacks):
            callback()
        self._disturb_a_thread()
        self._again()

    def _heard(self, number: int, frame: object) -> None:
        del number, frame  # the interrupted system call is all that was wanted

    def _again(self) -> None:
        if self._chance is not None and sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, self._chance.choice(INTERVALS_S))

    def _disturb_a_thread(self) -> None:
        if sys.platform == "win32" or self._tgkill is None or self._chance is None:
            return
        # Without the lock of `threading`: the main thread may hold it where the signal came.
        ids = [thread.native_id for thread in list(vars(threading)["_active"].values())]
        if ids and (chosen := self._chance.choice(ids)) is not None:
            self._interrupted += not self._tgkill(os.getpid(), chosen, int(signal.SIGUSR2))


def _thread_kill() -> Callable[[int, int, int], int] | None:
    """Return tgkill(2): by the system's own id, so that a thread that has ended is an error."""
    if sys.platform == "win32":
        return None
    try:
        found = ctypes.CDLL(None).tgkill
    except (AttributeError, OSError):
        return None
    found.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int)
    found.restype = ctypes.c_int
    return found

"""Opt-in: wipe every secret before a signal ends the process.

A handler may run anywhere in the main thread, inside an access or while it holds a secret's
lock, so it can neither wait nor unmap. It wipes every page in place, through the kernel where
that works, and then lets the signal end the process; nobody reads the zeros.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from secmem.memory.registry import live_states

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType

__all__ = ["purge_on_signals"]

_DEFAULT_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_FATAL_BASE: Final = 128  # a shell's exit status for a process that a signal ended


def purge_on_signals(
    handler: Callable[[int], object] | None = None,
    *,
    signals: Iterable[signal.Signals] = _DEFAULT_SIGNALS,
) -> None:
    """From now on, let each of `signals` call `handler`, wipe all secrets and end the process.

    The process ends by the signal itself, so its parent sees why. An error of `handler` is
    printed and does not stop the wipe.

    Args:
        handler: Called first, with the signal's number, in the main thread.
        signals: Which signals; SIGINT and SIGTERM by default.

    Raises:
        ValueError: This is not the main thread.
        TypeError: `handler` cannot be called.
    """
    if handler is not None and not callable(handler):
        raise TypeError(f"handler is a function of a signal number, not {type(handler).__name__}")
    if threading.current_thread() is not threading.main_thread():
        raise ValueError("only the main thread can install signal handlers; call it from there")

    def purge_and_die(number: int, frame: FrameType | None) -> None:
        del frame
        try:
            if handler is not None:
                handler(number)
        finally:
            _wipe_all()
            _die(number)

    for number in tuple(signals):
        signal.signal(number, purge_and_die)


def _wipe_all() -> None:
    for state in live_states():
        with suppress(OSError):  # the process ends either way, and the next secret waits
            state.wipe_in_place()


def _die(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(_FATAL_BASE + number)  # where the default is not to end

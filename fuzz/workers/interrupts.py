"""Ctrl-C: once ends cleanly, twice ends at once. For the command line alone."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Final, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

EXIT_INTERRUPTED: Final = 130  # what a shell reports for a program that Ctrl-C ended


class Interrupts:
    """While inside, Ctrl-C and SIGTERM ask instead of ending. A context manager, main thread.

    Args:
        told: Called at the first one, to say what happens now.
    """

    def __init__(self, told: Callable[[], object] = lambda: None) -> None:
        self._told = told
        self._count = 0
        self._before: dict[int, object] = {}

    def asked(self) -> bool:
        """Whether somebody wants an end."""
        return self._count > 0

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *_exc: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]  # what signal.signal gave

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 1:
            _leave()
        self._told()


def _leave() -> None:
    """End at once. Whatever was found is on the disk already."""
    for process in psutil.Process().children(recursive=True):
        try:
            process.kill()
        except psutil.Error:
            continue  # it has ended
    os._exit(EXIT_INTERRUPTED)

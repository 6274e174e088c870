"""An alarm of the test runner that rings while a test is explored: the test's time has ended."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from harness.engine import board

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class Alarm:
    """Stands before the handler of SIGALRM with which pytest-timeout ends a test.

    What that raises would leave a task of the execution, and look like a failure of its schedule.

    Attributes:
        rang: What the handler raised.
    """

    def __init__(self) -> None:
        self.rang: BaseException | None = None
        self._handler: Any = None

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Let the alarm end the exploration, and not an execution."""
        number = getattr(signal, "SIGALRM", None)
        main = threading.current_thread() is threading.main_thread()
        self._handler = signal.getsignal(number) if number is not None and main else None
        if number is None or not callable(self._handler):
            yield
            return
        signal.signal(number, self._ring)
        try:
            yield
        finally:
            if signal.getsignal(number) == self._ring:
                signal.signal(number, self._handler)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        try:
            self._handler(number, frame)
        except BaseException as error:
            self.rang = error
            running = board.current()
            if running is not None:
                running.tool_error = running.tool_error or error
                running.interrupt()
            raise

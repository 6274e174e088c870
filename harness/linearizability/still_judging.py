"""Says now and then that a long check is still at work."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final, Self

from harness.primitives import real

if TYPE_CHECKING:
    from types import TracebackType

FIRST_S: Final = 2.0  # most checks are over before
TERMINAL_EVERY_S: Final = 1.0
LOG_EVERY_S: Final = 15.0
_CLEAR: Final = "\r\x1b[K"


class StillJudging:
    """Shows on standard error which file is judged, and for how long. Use as a context manager.

    A thread of its own tells, for the search has no place to do it; it ends with the block.
    """

    def __init__(self, name: str, budget_s: float | None) -> None:
        self._name = name
        self._budget = "" if budget_s is None else f" of {budget_s:.0f} s"
        self._began_s = time.monotonic()
        self._over = real.Event()
        self._terminal = sys.stderr.isatty()
        self._shown = False
        self._thread = real.Thread(target=self._tell, name="holdfast-still-judging", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._shown and self._terminal:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def _tell(self) -> None:
        wait_s = FIRST_S
        while not self._over.wait(wait_s):
            elapsed_s = time.monotonic() - self._began_s
            words = f"{self._name}: still judging, {elapsed_s:.0f} s{self._budget}"
            sys.stderr.write(f"{_CLEAR}{words}" if self._terminal else f"{words}\n")
            sys.stderr.flush()
            self._shown = True
            wait_s = TERMINAL_EVERY_S if self._terminal else LOG_EVERY_S

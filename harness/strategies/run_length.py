"""How long executions are: what strategies that place something at random points must know."""

from __future__ import annotations

WINDOW = 64  # executions after which an outlier (a loop that polled to its bound) begins to fade


class RunLength:
    """The greatest number of choices in one of the last executions; 1 before there were any.

    The greatest of all would let one endless execution thin out the points of all that follow. So
    it is taken over the executions of this window and of the one before.
    """

    __slots__ = ("_before", "_noted", "_now", "greatest")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.greatest = 1
        self._now = 1
        self._before = 1
        self._noted = 0

    def note(self, choices: int) -> None:
        """Hear how many choices an execution had."""
        self._noted += 1
        if self._noted > WINDOW:
            self._noted = 1
            self._before, self._now = self._now, 1
        self._now = max(self._now, choices)
        self.greatest = max(self._before, self._now)

"""How long a child may be silent before it counts as stuck."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

# Of one core: sleepers take nothing, a loop a share of a machine that thirty others want as well.
BUSY_SHARE: Final = 0.015
# Noise holds threads up at their accesses, and rewritten code is slow: a round takes 3 to 20 times
# as long. A child that sleeps is stuck all the same, so only one that works gets that long.
NOISY_LIMITS: Final = 10


class Patience:
    """Tells when a child has been silent for too long. Belongs to one thread.

    Args:
        limits: How many times its limit a child may take that is busy all the while.
        clock: Tells seconds.
    """

    def __init__(self, *, limits: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limits = limits
        self._left = 0
        self._limit_s = 0.0
        self._until_s = 0.0
        self._cpu_s = 0.0

    def renew(self, limit_s: float, *, cpu_s: float) -> None:
        """Begin anew: the child has said something.

        Args:
            cpu_s: Its processor time up to now.
        """
        self._left = self._limits - 1
        self._limit_s = limit_s
        self._until_s = self._clock() + limit_s
        self._cpu_s = cpu_s

    def is_over(self, *, cpu_s: float) -> bool:
        """Return whether the child counts as stuck."""
        if self._clock() <= self._until_s:
            return False
        if not self._left or cpu_s - self._cpu_s < BUSY_SHARE * self._limit_s:
            return True
        self._left -= 1
        self._until_s += self._limit_s
        self._cpu_s = cpu_s
        return False

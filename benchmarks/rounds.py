"""Measuring two things fairly: in turns, in CPU time of this thread, with their spread.

A machine that slows down for a second slows both sides of a round, and a ratio taken within each
round hardly notices. Ratios of two separate totals do.
"""

from __future__ import annotations

import gc
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def no_collection() -> Iterator[None]:
    """Keep the garbage collector out of the timed part; a collection costs 100 accesses."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def thread_cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds that this thread spends in `work`."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def ratios(
    measured: Callable[[], float], floor: Callable[[], float], *, rounds: int
) -> list[float]:
    """Return `measured() / floor()` of each round; which goes first alternates."""
    found = []
    for at in range(rounds):
        if at % 2:
            below = floor()
            above = measured()
        else:
            above = measured()
            below = floor()
        found.append(above / below)
    return found

"""Twins of the clocks and of `sleep`, on virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.engine import board
from harness.engine.execution import EPOCH_NS, START_NS
from harness.primitives import real

if TYPE_CHECKING:
    from collections.abc import Callable


def sleep(seconds: float, /) -> None:
    """Stand in for `time.sleep`."""
    execution = board.current()
    if execution is None:
        real.sleep(seconds)
        return
    if not isinstance(seconds, int | float) and not hasattr(seconds, "__index__"):
        raise TypeError(f"{type(seconds).__name__!r} object cannot be interpreted as an integer")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    execution.sleep(int(seconds * 1e9))


def _monotonic_like(
    original_ns: Callable[[], int],
) -> tuple[Callable[[], int], Callable[[], float]]:
    """Return the nanosecond and the second form of a clock that has no fixed start."""

    def clock_ns() -> int:
        execution = board.current()
        return original_ns() if execution is None else execution.read_clock()

    def clock() -> float:
        execution = board.current()
        return original_ns() / 1e9 if execution is None else execution.read_clock() / 1e9

    return clock_ns, clock


monotonic_ns, monotonic = _monotonic_like(real.monotonic_ns)
perf_counter_ns, perf_counter = _monotonic_like(real.perf_counter_ns)
process_time_ns, process_time = _monotonic_like(real.process_time_ns)
thread_time_ns, thread_time = _monotonic_like(real.thread_time_ns)


def wall_time_ns() -> int:
    """Stand in for `time.time_ns`."""
    execution = board.current()
    if execution is None:
        return real.wall_time_ns()
    return EPOCH_NS + execution.read_clock() - START_NS


def wall_time() -> float:
    """Stand in for `time.time`."""
    execution = board.current()
    if execution is None:
        return real.wall_time()
    return (EPOCH_NS + execution.read_clock() - START_NS) / 1e9

"""Twins of the clocks and of `sleep`, on virtual time."""

from __future__ import annotations

import operator
import threading
from typing import TYPE_CHECKING, Any

from harness.engine import board
from harness.engine.state import START_NS
from harness.engine.turns import EPOCH_NS
from harness.primitives import real

if TYPE_CHECKING:
    from collections.abc import Callable


def sleep(seconds: float, /) -> None:
    """Stand in for `time.sleep`."""
    execution = board.current()
    if execution is None:
        real.sleep(seconds)
        return
    given: Any = seconds
    length_s = given if isinstance(given, float) else _whole_seconds(given)
    if length_s is None or not 0 <= length_s <= threading.TIMEOUT_MAX:
        real.sleep(seconds)  # raises, in the words of this Python
        raise ValueError(f"sleep length must be between 0 and TIMEOUT_MAX, got {length_s!r}")
    execution.sleep(int(length_s * 1e9))


def _whole_seconds(seconds: Any) -> int | None:  # noqa: ANN401  # that is the question
    """Return what a real `sleep` makes of a number that is no float; None if it is no number."""
    try:
        return operator.index(seconds)
    except TypeError:
        return None


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

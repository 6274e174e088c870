"""What back-pressure costs: a slot taken and given back, alone and among a hundred threads."""

from __future__ import annotations

import threading
import time
from typing import Final

from figure import Effort, Figure
from rounds import no_collection

from reports import Direction
from secmem.flow import FlowController

THREADS: Final = 100
HIGH: Final = 64  # below the threads, so that some always wait
LOW: Final = 16


def turn_many(flow: FlowController, times: int) -> None:
    """Take a slot and give it back; so many times."""
    for _ in range(times):
        flow.acquire()
        flow.release()


def uncontended_s(effort: Effort) -> list[float]:
    """Return the CPU seconds of one acquire and release that nobody competes for."""
    times, rounds = effort.pick(quick=1_000, full=5_000), effort.pick(quick=7, full=31)
    flow = FlowController(high=HIGH, low=LOW)
    found = []
    with no_collection():
        for _ in range(rounds):
            start = time.thread_time()
            turn_many(flow, times)
            found.append((time.thread_time() - start) / times)
    return found


def crowd_s(times: int) -> float:
    """Return the wall seconds in which `THREADS` threads take `times` slots each."""
    flow = FlowController(high=HIGH, low=LOW)
    start_line = threading.Barrier(THREADS + 1)

    def work() -> None:
        start_line.wait()
        turn_many(flow, times)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    start_line.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def crowd_rate(effort: Effort) -> list[float]:
    """Return the slots a second that a hundred threads get through one controller."""
    times, rounds = effort.pick(quick=50, full=500), effort.pick(quick=3, full=9)
    return [THREADS * times / crowd_s(times) for _ in range(rounds)]


FIGURES: Final = (
    Figure(
        name="flow-uncontended",
        about="CPU time of one uncontended acquire and release",
        metric="time",
        unit="s",
        direction=Direction.LOWER,
        measure=uncontended_s,
    ),
    Figure(
        name="flow-100-threads",
        about="slots a second through one controller by 100 threads, real threads and wall time",
        metric="rate",
        unit="slots/s",
        direction=Direction.HIGHER,
        measure=crowd_rate,
    ),
)

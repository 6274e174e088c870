"""Pairs of back-pressure: who gets through the gate before and after the documents' repairs."""

from __future__ import annotations

import threading
import time
from typing import Final

from pairs import Claim, ClaimKind, Pair, Side

from secmem.flow import FlowController, FlowTimeout
from tests.planted.flow import twins

WAITERS: Final = 100
HIGH: Final = 100  # nobody shuts the gate again while the waiters pass
LOW: Final = 10
LOOK_AGAIN_S: Final = 0.001
GIVE_UP_S: Final = 1.0  # whom nobody wakes leaves by this limit of its own
PROMPT_S: Final = 0.5  # who got through by then was woken


def waiters_through(side: Side, times: int) -> float:
    """Return how many of a hundred blocked waiters are woken within half a second."""
    return sum(_through(side) for _ in range(times)) / times


def _through(side: Side) -> int:
    kind = twins.WakesOne if side is Side.BEFORE else FlowController
    flow = kind(high=HIGH, low=LOW)
    for _ in range(HIGH):
        flow.acquire()
    passed: list[float] = []

    def wait() -> None:
        try:
            flow.acquire(timeout_s=GIVE_UP_S)
        except FlowTimeout:
            return
        passed.append(time.perf_counter())
        flow.release()

    threads = [threading.Thread(target=wait) for _ in range(WAITERS)]
    for thread in threads:
        thread.start()
    while flow.waiting < WAITERS:
        time.sleep(LOOK_AGAIN_S)
    opened = time.perf_counter()
    for _ in range(HIGH):
        flow.release()
    for thread in threads:
        thread.join()
    return sum(at - opened < PROMPT_S for at in passed)


def crowd(side: Side, times: int) -> float:
    """Return the CPU seconds of one slot, among 16 threads at a gate for eight."""
    kind = twins.CountDecides if side is Side.BEFORE else FlowController
    flow = kind(high=8, low=2)

    def work() -> None:
        for _ in range(times):
            flow.acquire()
            flow.release()

    threads = [threading.Thread(target=work) for _ in range(16)]
    start = time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.process_time() - start) / (16 * times)


PAIRS: Final = (
    Pair(
        name="flow-100-waiters",
        about="how many of 100 blocked waiters are woken within 0.5 s of the gate's opening",
        planted="B-53: a signal with room for one wakes one of many",
        claim=Claim(
            kind=ClaimKind.FASTER,
            words="Stress test with 100 blocked goroutines all unblock correctly",
            source="Improvement Plan for Glueberry, 0.2, Acceptance Criteria 1",
        ),
        measure=waiters_through,
        quick=1,
        full=1,
        unit="woken",
        batches=1,
    ),
    Pair(
        name="flow-crowd",
        about="CPU time of one slot among 16 threads at a gate for eight",
        planted="B-57: newcomers pass between the marks, because the count decides",
        claim=Claim(
            kind=ClaimKind.NONE,
            words="Benchmark shows acceptable performance (no figure)",
            source="Improvement Plan for Glueberry, 0.2, Acceptance Criteria 3",
        ),
        measure=crowd,
        quick=25,
        full=500,
    ),
)

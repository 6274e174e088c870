"""Back-pressure under many threads: everybody gets through, and nobody too many."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from secmem.flow import FlowController
from stress.scenarios.scenario import Scale, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

WAKE_LIMIT_S: Final = 2.0  # R-FL-03
GATHER_LIMIT_S: Final = 20.0  # 100 threads start in about 20 ms
LOOK_AGAIN_S: Final = 0.001


def waiters_all_pass(scale: Scale, *, make: Callable[..., FlowController] = FlowController) -> None:
    """Fill the controller, let threads queue up behind it, drain it: all of them get through.

    Finds a wake-up that reaches one waiter where several may go on, waiters that count as taken
    slots, and woken waiters that do not look again.
    """
    high = max(scale.threads // 2, 2)
    flow = make(high, 1)
    for _ in range(high):
        flow.acquire()
    threads = [
        threading.Thread(target=_pass_through, args=(flow, scale.operations), daemon=True)
        for _ in range(scale.threads)
    ]
    for thread in threads:
        thread.start()
    if scale.gather:
        _wait_for_waiters(flow, scale.threads)
    drained_s = time.monotonic()
    for _ in range(high):
        flow.release()
    _join(threads, drained_s + WAKE_LIMIT_S if scale.gather else None, flow)
    _check_empty(flow)


def acquire_release(scale: Scale, *, make: Callable[..., FlowController] = FlowController) -> None:
    """Many threads take and give back slots again and again; never too many, and none left over."""
    high = 50 if scale.gather else 2
    flow = make(high, max(high // 5, 1))
    start = threading.Barrier(scale.threads)
    threads = [
        threading.Thread(target=_meet_and_pass, args=(flow, scale, start), daemon=True)
        for _ in range(scale.threads)
    ]
    for thread in threads:
        thread.start()
    _join(threads, None, flow)
    _check_empty(flow)


def _meet_and_pass(flow: FlowController, scale: Scale, start: threading.Barrier) -> None:
    if scale.gather:
        start.wait()  # else the first thread is through before the last has started
    _pass_through(flow, scale.operations)


def _pass_through(flow: FlowController, operations: int) -> None:
    for _ in range(operations):
        flow.acquire()
        pending = flow.pending
        time.sleep(0)  # let others run while the slot is taken
        flow.release()
        # After the release, so that a failure here does not turn into everybody else's hang.
        assert 1 <= pending <= flow.high, f"{pending} slots were taken, the mark is {flow.high}"


def _wait_for_waiters(flow: FlowController, count: int) -> None:
    deadline_s = time.monotonic() + GATHER_LIMIT_S
    while flow.waiting < count:
        assert time.monotonic() < deadline_s, f"only {flow.waiting} of {count} threads wait"
        time.sleep(LOOK_AGAIN_S)  # nothing tells that a thread has begun to wait


def _join(threads: list[threading.Thread], deadline_s: float | None, flow: FlowController) -> None:
    """Join all, without a limit where the engine or the parent process tells a hang better."""
    for thread in threads:
        thread.join(None if deadline_s is None else max(deadline_s - time.monotonic(), 0.0))
    stuck = sum(thread.is_alive() for thread in threads)
    assert not stuck, (
        f"{stuck} of {len(threads)} threads were not through {WAKE_LIMIT_S:g} s after the drain; "
        f"{flow!r}, {flow.waiting} waiting"
    )


def _check_empty(flow: FlowController) -> None:
    assert flow.pending == 0, f"{flow.pending} slots are still taken after every release"
    assert flow.waiting == 0, f"{flow.waiting} callers still wait after every thread has ended"
    assert flow.misuse_count == 0, f"{flow.misuse_count} releases found no slot to give back"


FLOW_100_WAITERS: Final = Scenario(
    name="flow_100_waiters",
    body=waiters_all_pass,
    exploration_scale=Scale(threads=3, operations=1),
    stress_scale=Scale(threads=100, operations=1, gather=True),
    what="threads blocked at a full flow controller all get through within 2 s of its drain",
)
FLOW_ACQUIRE_RELEASE_100X500: Final = Scenario(
    name="flow_acquire_release_100x500",
    body=acquire_release,
    exploration_scale=Scale(threads=3, operations=2),
    stress_scale=Scale(threads=100, operations=500, gather=True),
    what="threads take and give back slots at marks 50/10; no slot and no thread is left over",
)

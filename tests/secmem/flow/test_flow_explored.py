"""Schedules of a few threads at one controller, in virtual time: the engine, not the clock."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

import harness
from secmem.flow import CancelToken, FlowCancelled, FlowClosed, FlowController, FlowTimeout
from stress.scenarios import find_scenario

EXECUTIONS = 300


def holds(body: Callable[[], None], strategy: str = "random") -> None:
    result = harness.explore(body, strategy, executions=EXECUTIONS, seed=1)
    assert result.finding is None, str(result.finding)
    assert not result.overruns, result.evidence
    # A search of so many schedules is not through with them; what is drawn is.
    assert strategy == "dfs" or result.verdict is harness.Verdict.PASSED, result.evidence


def start(*targets: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    return threads


def join(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join()


def full(high: int, low: int, **how: Any) -> FlowController:
    flow = FlowController(high, low, **how)
    for _ in range(high):
        flow.acquire()
    return flow


@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
@pytest.mark.parametrize("name", ["flow_100_waiters", "flow_acquire_release_100x500"])
def test_a_flow_scenario_holds_in_every_schedule_tried(name: str, strategy: str) -> None:
    holds(find_scenario(name), strategy)


def test_a_cancel_is_heard_in_no_time_at_all() -> None:
    def body() -> None:
        flow, token, heard_s = full(1, 1), CancelToken(), []

        def wait() -> None:
            with pytest.raises(FlowCancelled):
                flow.acquire(cancel=token)
            heard_s.append(time.monotonic())

        threads = start(wait)
        time.sleep(7)
        cancelled_s = time.monotonic()
        token.cancel()
        join(threads)
        # A waiter that polls would be late by its interval; a wake-up takes no virtual time but
        # the nanoseconds that each look at the clock costs.
        assert heard_s[0] - cancelled_s < 0.000_1
        assert (flow.pending, flow.waiting) == (1, 0)

    holds(body)


def test_a_timeout_ends_after_its_time_and_not_earlier() -> None:
    def body() -> None:
        flow = full(2, 1)
        began_s = time.monotonic()
        with pytest.raises(FlowTimeout):
            flow.acquire(timeout_s=30)
        assert 30 <= time.monotonic() - began_s < 30.001  # nobody else is there to be waited for

    holds(body)


def test_wake_ups_for_others_never_end_a_wait_before_its_time() -> None:
    def body() -> None:
        flow, waited_s = full(1, 1), []

        def impatient() -> None:
            began_s = time.monotonic()
            try:
                flow.acquire(timeout_s=10)
            except FlowTimeout:
                waited_s.append(time.monotonic() - began_s)
            else:
                flow.release()

        threads = start(impatient, impatient)
        time.sleep(6)
        flow.release()
        flow.acquire()  # takes it back before, between or after the others
        time.sleep(6)
        flow.release()
        join(threads)
        # No upper bound: a thread may be ready and not run while the others' sleeps end.
        assert all(waited >= 10 for waited in waited_s), waited_s
        assert (flow.pending, flow.waiting) == (0, 0)

    holds(body)


def test_a_timeout_that_meets_a_release_leaks_no_slot() -> None:
    def body() -> None:
        flow = full(1, 1)
        granted: list[None] = []

        def wait() -> None:
            try:
                flow.acquire(timeout_s=5)
            except FlowTimeout:
                return
            granted.append(None)

        def release_at_the_deadline() -> None:
            time.sleep(5)
            flow.release()

        join(start(wait, release_at_the_deadline))
        assert (flow.pending, flow.waiting) == (len(granted), 0)

    holds(body)


def test_cancel_close_and_release_meet_and_everybody_comes_back() -> None:
    def body() -> None:
        flow, token, endings = full(2, 1), CancelToken(), []

        def wait() -> None:
            try:
                flow.acquire(cancel=token)
            except (FlowCancelled, FlowClosed) as error:
                endings.append(type(error))
            else:
                flow.release()

        join(start(wait, wait, token.cancel, flow.close, flow.release))
        assert (flow.pending, flow.waiting, flow.closed) == (1, 0, True)

    holds(body)


def test_every_blocking_episode_is_announced_once() -> None:
    class Counting(FlowController):
        shuts = 0

        def _shut(self) -> None:
            super()._shut()
            self.shuts += 1

    def body() -> None:
        heard: list[int] = []
        flow = Counting(2, 1, on_blocked=lambda: heard.append(flow.pending))

        def pass_twice() -> None:
            for _ in range(2):
                flow.acquire()
                flow.release()

        join(start(pass_twice, pass_twice, pass_twice))
        assert len(heard) == flow.shuts
        assert all(0 <= pending <= 2 for pending in heard)

    holds(body)


def test_a_callback_that_closes_the_controller_wakes_the_waiters() -> None:
    def body() -> None:
        endings: list[str] = []
        flow = FlowController(1, 1, on_blocked=lambda: flow.close())  # noqa: PLW0108  # made later

        def ask() -> None:
            try:
                flow.acquire()
            except FlowClosed:
                endings.append("closed")
            else:
                endings.append("granted")

        join(start(ask, ask))
        assert sorted(endings) == ["closed", "granted"]

    holds(body)

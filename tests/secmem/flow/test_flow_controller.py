"""The thread face with real threads; schedules are explored in test_flow_explored.py."""

import gc
import threading
import time
from typing import Any

import pytest

from secmem.flow import (
    CancelToken,
    FlowCancelled,
    FlowClosed,
    FlowController,
    FlowError,
    FlowTimeout,
)

LIMIT_S = 5.0


def waits(flow: Any, count: int) -> None:
    """Wait until `count` callers wait: nothing tells a test, so it looks again."""
    deadline_s = time.monotonic() + LIMIT_S
    while flow.waiting != count:
        assert time.monotonic() < deadline_s, f"{flow.waiting} callers wait, not {count}"
        time.sleep(0.000_2)


class Caller(threading.Thread):
    """One acquire in a thread, and how it ended."""

    def __init__(self, flow: Any, **how: Any) -> None:
        super().__init__(daemon=True)
        self.flow, self.how = flow, how
        self.ending: Any = "never ended"
        self.start()

    def run(self) -> None:
        try:
            self.flow.acquire(**self.how)
        except FlowError as error:
            self.ending = type(error)
        else:
            self.ending = "granted"

    def ended(self) -> Any:
        self.join(LIMIT_S)
        return self.ending


def full(high: int = 2, low: int = 1, **how: Any) -> Any:
    flow = FlowController(high, low, **how)
    for _ in range(high):
        flow.acquire(timeout_s=0)
    return flow


def test_reaching_the_high_mark_blocks_and_draining_to_the_low_mark_opens() -> None:
    flow = full(high=4, low=2)
    assert (flow.pending, flow.blocked) == (4, True)
    flow.release()
    assert (flow.pending, flow.blocked) == (3, True)
    flow.release()
    assert (flow.pending, flow.blocked) == (2, False)


def test_between_the_marks_nobody_passes_while_the_gate_is_shut() -> None:
    flow = full(high=4, low=1)
    flow.release()
    with pytest.raises(FlowTimeout):
        flow.acquire(timeout_s=0)
    assert flow.pending == 3


def test_every_waiter_wakes_when_the_gate_opens() -> None:
    flow = full(high=20, low=5)
    callers = [Caller(flow) for _ in range(15)]
    waits(flow, 15)
    for _ in range(15):
        flow.release()
    assert [caller.ended() for caller in callers] == ["granted"] * 15
    assert (flow.pending, flow.waiting, flow.blocked) == (20, 0, True)


def test_waiters_beyond_the_free_slots_wait_on() -> None:
    flow = full(high=2, low=1)
    callers = [Caller(flow) for _ in range(3)]
    waits(flow, 3)
    flow.release()
    waits(flow, 2)
    assert flow.pending == 2
    for _ in range(3):
        flow.release()
    assert [caller.ended() for caller in callers] == ["granted"] * 3


def test_waiters_are_not_counted_as_pending() -> None:
    flow = full(high=3, low=1)
    callers = [Caller(flow) for _ in range(5)]
    waits(flow, 5)
    assert flow.pending == 3
    flow.close()
    assert {caller.ended() for caller in callers} == {FlowClosed}


def test_an_extra_release_is_counted_as_misuse_and_changes_nothing_else() -> None:
    flow = FlowController(2, 1)
    flow.release()
    flow.release()
    assert (flow.pending, flow.misuse_count) == (0, 2)
    flow.acquire()
    flow.acquire()
    with pytest.raises(FlowTimeout):
        flow.acquire(timeout_s=0)


def test_close_wakes_every_waiter_and_refuses_newcomers() -> None:
    flow = full()
    callers = [Caller(flow) for _ in range(4)]
    waits(flow, 4)
    flow.close()
    flow.close()
    assert {caller.ended() for caller in callers} == {FlowClosed}
    with pytest.raises(FlowClosed, match="2 slots were still taken"):
        flow.acquire()


def test_release_after_close_gives_back_and_opens_nothing() -> None:
    flow = full(high=2, low=1)
    flow.close()
    for _ in range(3):
        flow.release()
    assert (flow.pending, flow.misuse_count, flow.closed) == (0, 1, True)
    with pytest.raises(FlowClosed):
        flow.acquire()


def test_a_timeout_takes_no_slot_and_leaves_no_waiter() -> None:
    flow = full()
    with pytest.raises(FlowTimeout) as caught:
        flow.acquire(timeout_s=0.01)
    assert (caught.value.timeout_s, caught.value.pending) == (0.01, 2)
    assert (flow.pending, flow.waiting) == (2, 0)


def test_a_timeout_is_a_timeout_error_too() -> None:
    with pytest.raises(TimeoutError):
        full().acquire(timeout_s=0)


def test_an_endless_timeout_is_taken_as_no_timeout() -> None:
    flow = full()
    caller = Caller(flow, timeout_s=float("inf"))
    waits(flow, 1)
    flow.release()
    assert caller.ended() == "granted"


def test_a_cancel_ends_the_wait_of_its_own_caller_only() -> None:
    flow = full()
    token = CancelToken()
    cancelled, other = Caller(flow, cancel=token), Caller(flow)
    waits(flow, 2)
    token.cancel()
    assert cancelled.ended() is FlowCancelled
    assert (flow.waiting, flow.pending) == (1, 2)
    flow.release()
    assert other.ended() == "granted"


def test_a_cancel_is_heard_within_50_ms() -> None:
    flow = full()
    token = CancelToken()
    heard_s = []

    def wait_and_look() -> None:
        with pytest.raises(FlowCancelled):
            flow.acquire(cancel=token)
        heard_s.append(time.monotonic())

    thread = threading.Thread(target=wait_and_look)
    thread.start()
    waits(flow, 1)
    cancelled_s = time.monotonic()
    token.cancel()
    thread.join(LIMIT_S)
    # R-FL-05 asks for 50 ms; tests carry 20 times that, the figure itself belongs to `bench`.
    assert heard_s[0] - cancelled_s < 20 * 0.050


def test_one_token_cancels_many_waits_at_many_controllers() -> None:
    token = CancelToken()
    flows = [full(), full()]
    callers = [Caller(flow, cancel=token) for flow in flows for _ in range(3)]
    for flow in flows:
        waits(flow, 3)
    token.cancel()
    assert {caller.ended() for caller in callers} == {FlowCancelled}


def test_a_token_that_is_cancelled_already_refuses_even_a_free_slot() -> None:
    flow = FlowController(2, 1)
    token = CancelToken()
    token.cancel()
    with pytest.raises(FlowCancelled):
        flow.acquire(cancel=token)
    assert flow.pending == 0


def test_a_token_forgets_a_waiter_that_has_left() -> None:
    flow = full()
    token = CancelToken()
    with pytest.raises(FlowTimeout):
        flow.acquire(timeout_s=0.001, cancel=token)
    assert token._wake_ups == {}
    token.cancel()


def test_the_callback_runs_once_per_blocking_episode_and_may_call_in() -> None:
    seen = []
    flow = FlowController(2, 1, on_blocked=lambda: seen.append((flow.pending, flow.blocked)))
    flow.acquire()
    flow.acquire()
    with pytest.raises(FlowTimeout):
        flow.acquire(timeout_s=0)
    assert seen == [(2, True)]
    flow.release()
    flow.acquire()
    assert seen == [(2, True), (2, True)]


def test_a_callback_may_release_the_slot_that_shut_the_gate() -> None:
    flow = FlowController(2, 1, on_blocked=lambda: flow.release())  # noqa: PLW0108  # made later
    flow.acquire()
    flow.acquire()
    assert (flow.pending, flow.blocked) == (1, False)


def test_a_callback_that_raises_costs_no_slot() -> None:
    def refuse() -> None:
        raise RuntimeError("no")

    flow = FlowController(1, 1, on_blocked=refuse)
    with pytest.raises(RuntimeError, match="no"):
        flow.acquire()
    assert (flow.pending, flow.blocked) == (0, False)


def test_a_slot_is_given_back_when_its_block_raises() -> None:
    flow = FlowController(2, 1)
    with pytest.raises(ZeroDivisionError), flow.slot(timeout_s=1):
        flow.pending / 0  # it raises
    assert flow.pending == 0


def test_a_waiter_interrupted_in_its_sleep_leaves_nothing_behind() -> None:
    class Interrupted(FlowController):
        def _left_s(self, began_s: Any, timeout_s: Any) -> None:
            raise KeyboardInterrupt

    flow = Interrupted(1, 1)
    flow.acquire()
    token = CancelToken()
    with pytest.raises(KeyboardInterrupt):
        flow.acquire(cancel=token)
    assert (flow.waiting, flow.pending, token._wake_ups) == (0, 1, {})
    flow.release()
    assert flow.pending == 0


@pytest.mark.parametrize(
    ("how", "error", "says"),
    [
        ({"timeout_s": "1"}, TypeError, "timeout_s takes seconds as a number.*got '1'"),
        ({"timeout_s": True}, TypeError, "timeout_s takes seconds"),
        ({"timeout_s": -0.5}, ValueError, "timeout_s takes 0 or more seconds.*got -0.5"),
        ({"timeout_s": float("nan")}, ValueError, "got nan"),
        ({"cancel": threading.Event()}, TypeError, "CancelToken, got a Event; a threading.Event"),
    ],
)
def test_what_acquire_cannot_wait_by_is_refused(how: Any, error: Any, says: Any) -> None:
    flow = FlowController(2, 1)
    with pytest.raises(error, match=says):
        flow.acquire(**how)
    assert flow.pending == 0


def test_a_repr_shows_state_and_figures() -> None:
    flow = full()
    assert repr(flow) == "<FlowController blocked, 2 of 2 taken>"
    flow.close()
    assert repr(flow) == "<FlowController closed, 2 of 2 taken>"
    assert repr(CancelToken()) == "<CancelToken live>"


def test_a_repr_takes_no_lock_since_a_log_line_may_ask_while_it_is_held() -> None:
    flow, token = full(), CancelToken()
    with flow._lock, token._lock:
        assert repr(flow) == "<FlowController blocked, 2 of 2 taken>"
        assert repr(token) == "<CancelToken live>"


def test_a_controller_that_nobody_holds_is_freed_with_its_waiters_gone() -> None:
    before = threading.active_count()
    flow = full()
    caller = Caller(flow)
    waits(flow, 1)
    flow.close()
    caller.ended()
    del flow, caller
    gc.collect()
    assert threading.active_count() == before


def test_a_wake_up_that_fails_does_not_keep_the_others_from_theirs() -> None:
    token, woken = CancelToken(), []

    def fail() -> None:
        raise RuntimeError("no")

    token.subscribe(1, lambda: woken.append(1))
    token.subscribe(2, fail)
    token.subscribe(3, lambda: woken.append(3))
    with pytest.raises(RuntimeError, match="no"):
        token.cancel()
    assert sorted(woken) == [1, 3]
    token.cancel()
    assert len(woken) == 2
    assert not token.subscribe(4, fail)

"""What must hold for any flow controller; each body tells one bad twin from the good class.

No body waits with a limit for what a bug may keep away: a thread that is never woken is for the
engine to find and explain, and a strategy may let any timed wait run out early.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from secmem.flow import CancelToken, FlowCancelled, FlowClosed, FlowController, FlowTimeout
from stress.scenarios.flow import FLOW_100_WAITERS, waiters_all_pass
from stress.scenarios.flow_model import Fate, FlowModel

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Make = Callable[..., FlowController]

LOOK_AGAIN_S: Final = 0.001
STEPS: Final = 30
MARKS: Final = ((1, 1), (2, 1), (4, 1), (4, 3), (9, 4))


def waiters(make: Make) -> None:
    """The stress scenario at its exploration's scale."""
    waiters_all_pass(FLOW_100_WAITERS.exploration_scale, make=make)


def cancelled_before_any_release(make: Make) -> None:
    """A cancelled waiter comes back although nobody releases."""
    flow, token = make(1, 1), CancelToken()
    flow.acquire()
    endings: list[Fate] = []
    waiter = threading.Thread(target=_acquire, args=(flow, token, endings))
    waiter.start()
    # Who is counted as waiting holds the lock until it sleeps: the cancel meets it asleep.
    while flow.waiting == 0:
        time.sleep(LOOK_AGAIN_S)
    token.cancel()
    waiter.join()
    assert endings == [Fate.CANCELLED], f"the cancelled caller was {endings}"
    flow.release()
    _check_empty(flow)


def cancel_races_with_release(make: Make) -> None:
    """A release and a cancel meet: the other waiter gets through, and no slot is left over."""
    flow, token = make(3, 1), CancelToken()
    for _ in range(3):
        flow.acquire()
    endings: list[Fate] = []
    threads = [
        threading.Thread(target=_acquire, args=(flow, token, endings)),
        threading.Thread(target=_acquire, args=(flow, None, endings)),
        threading.Thread(target=token.cancel),
    ]
    for thread in threads:
        thread.start()
    flow.release()
    flow.release()  # opens with room for both waiters, so neither has to wait for the other
    for thread in threads:
        thread.join()
    for _ in range(1 + endings.count(Fate.GRANTED)):
        flow.release()
    _check_empty(flow)


def close_wakes_waiters(make: Make) -> None:
    """Whoever waits when the controller is closed hears of it."""
    flow = make(1, 1)
    flow.acquire()
    endings: list[Fate] = []
    threads = [threading.Thread(target=_acquire, args=(flow, None, endings)) for _ in range(2)]
    for thread in threads:
        thread.start()
    flow.close()
    for thread in threads:
        thread.join()
    assert endings == [Fate.CLOSED] * 2, f"after close the callers were {endings}"


def callback_calls_in(make: Make) -> None:
    """The blocked callback looks at the controller that calls it."""
    seen: list[int] = []
    flow: FlowController = make(1, 1, on_blocked=lambda: seen.append(flow.pending))
    thread = threading.Thread(target=flow.acquire)
    thread.start()
    thread.join()
    assert seen == [1], f"one blocking episode, and the callback saw {seen}"


def follows_the_model(make: Make, rng: random.Random) -> None:
    """One thread, nobody waits (every timeout is 0): each figure and fate is the model's."""
    high, low = rng.choice(MARKS)
    episodes: list[None] = []
    flow = make(high, low, on_blocked=lambda: episodes.append(None))
    model = FlowModel(high=flow.high, low=flow.low)
    closes_at = rng.randrange(STEPS)
    for number in range(STEPS):
        if number == closes_at:
            model.close()
            flow.close()
        elif rng.random() < 0.55:  # somewhat more asking than giving back
            model.acquire("caller", patient=False)
            model.judge({"caller": _try(flow)})
        else:
            model.release()
            flow.release()
        model.check(flow, len(episodes))


def _try(flow: FlowController) -> Fate:
    try:
        flow.acquire(timeout_s=0)
    except FlowClosed:
        return Fate.CLOSED
    except FlowTimeout:
        return Fate.TIMED_OUT
    return Fate.GRANTED


def _acquire(flow: FlowController, token: CancelToken | None, endings: list[Fate]) -> None:
    try:
        flow.acquire(cancel=token)
    except FlowCancelled:
        endings.append(Fate.CANCELLED)
    except FlowClosed:
        endings.append(Fate.CLOSED)
    else:
        endings.append(Fate.GRANTED)


def _check_empty(flow: FlowController) -> None:
    assert flow.pending == 0, f"{flow.pending} slots are still taken after every release"
    assert flow.waiting == 0, f"{flow.waiting} callers still wait after every thread has ended"
    assert flow.misuse_count == 0, f"{flow.misuse_count} releases found no slot to give back"

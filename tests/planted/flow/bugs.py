"""The planted bugs of back-pressure, B-53 to B-61."""

from __future__ import annotations

from functools import partial
from typing import Any

from harness import FindingKind
from secmem.flow import FlowController
from stress import Ending
from tests.planted.catalogue import Method, PlantedBug
from tests.planted.flow import bodies, twins

STUCK = (FindingKind.LOST_WAKEUP, FindingKind.DEADLOCK)
WRONG = (FindingKind.ASSERTION,)

_flow: Any = partial(PlantedBug, component="flow", good=FlowController)

BUGS: tuple[PlantedBug, ...] = (
    _flow(
        number="B-53",
        what="when the gate opens, a signal with room for one wakes one of many waiters",
        method=Method.EXPLORATION,
        body=bodies.waiters,
        bad=twins.WakesOne,
        kinds=STUCK,
    ),
    _flow(
        number="B-53",
        variant="-stress",
        what="when the gate opens, a signal with room for one wakes one of many waiters",
        method=Method.STRESS,
        noise="heavy",
        body=bodies.waiters,
        bad=twins.WakesOne,
        endings=(Ending.HANG,),
    ),
    _flow(
        number="B-54",
        what="waiters count as pending, so the low mark is never reached",
        method=Method.EXPLORATION,
        body=bodies.waiters,
        bad=twins.CountsWaiters,
        kinds=(*STUCK, *WRONG),
    ),
    _flow(
        number="B-55",
        what="woken waiters go on without looking again: more slots taken than there are",
        method=Method.EXPLORATION,
        body=bodies.waiters,
        bad=twins.LooksOnce,
        kinds=WRONG,
    ),
    _flow(
        number="B-56",
        variant="a",
        what="a waiter asleep in the condition does not hear its cancel",
        method=Method.EXPLORATION,
        body=bodies.cancelled_before_any_release,
        bad=twins.IgnoresCancel,
        kinds=STUCK,
    ),
    _flow(
        number="B-56",
        variant="b",
        what="a waiter that is woken and cancelled at once keeps the slot it has no use for",
        method=Method.EXPLORATION,
        body=bodies.cancel_races_with_release,
        bad=twins.KeepsCancelledSlot,
        strategy="pct",
        kinds=(*STUCK, *WRONG),
    ),
    _flow(
        number="B-56",
        variant="c",
        what="a cancelled waiter eats the wake-up that it should have passed on",
        method=Method.EXPLORATION,
        body=bodies.cancel_races_with_release,
        bad=twins.EatsWakeUp,
        strategy="pct",
        kinds=STUCK,
    ),
    _flow(
        number="B-57",
        variant="a",
        what="the blocked flag is never set: nobody is ever held back",
        method=Method.PROPERTY,
        body=bodies.follows_the_model,
        bad=twins.NeverShuts,
    ),
    _flow(
        number="B-57",
        variant="b",
        what="newcomers pass between the low and the high mark while the gate is shut",
        method=Method.PROPERTY,
        body=bodies.follows_the_model,
        bad=twins.CountDecides,
    ),
    _flow(
        number="B-58",
        what="a release too many takes pending below zero and lets too many in later",
        method=Method.PROPERTY,
        body=bodies.follows_the_model,
        bad=twins.GoesBelowZero,
    ),
    _flow(
        number="B-59",
        what="a release after close gives the one-shot wake-up signal a second time",
        method=Method.PROPERTY,
        body=bodies.follows_the_model,
        bad=twins.SignalsTwice,
    ),
    _flow(
        number="B-60",
        what="close wakes nobody: whoever waits sleeps for ever",
        method=Method.EXPLORATION,
        body=bodies.close_wakes_waiters,
        bad=twins.ClosesSilently,
        kinds=STUCK,
    ),
    _flow(
        number="B-61",
        what="the blocked callback runs under the lock and hangs as it calls back in",
        method=Method.EXPLORATION,
        body=bodies.callback_calls_in,
        bad=twins.CallsUnderLock,
        kinds=STUCK,
    ),
)

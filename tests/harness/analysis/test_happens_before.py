"""Each edge of happens-before is there, and is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis import happens_before
from harness.analysis.happens_before import HappensBefore
from harness.analysis.races import find_races
from harness.engine.place import Site
from harness.engine.recorder import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.analysis.races import Race

SITE = Site("x.py", 1, "f")
# By the edge that is taken away: the twins that need it.
NEEDED = {
    "Lock": {"locked_counter", "checked_under_the_lock", "tried_lock", "lock_as_a_signal"},
    "RLock": {"reentrant_counter", "condition_hand_off"},
    "Event": {"event_publication"},
    "Semaphore": {"semaphore_hand_off", "tried_semaphore"},
    "SimpleQueue": {"simple_queue_hand_off"},
}


def races_of(record: Any, body: Callable[[], None]) -> list[Race]:
    return [race for _, one in record(body, runs=40) for race in find_races(one.events, one.stacks)]


@pytest.mark.parametrize("role", NEEDED)
@pytest.mark.programs("race_programs", "CORRECT")
def test_without_an_edge_the_twins_that_need_it_are_accused(
    record: Any, body: Callable[[], None], role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if body.__name__ not in NEEDED[role]:
        return
    monkeypatch.delitem(happens_before.TAKES, role)
    assert races_of(record, body)


@pytest.mark.programs("race_programs", "CORRECT")
def test_without_joins_a_join_hands_nothing_over(
    record: Any, body: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    if body.__name__ in ("join_hand_off", "join_after_an_exception", "timer_hand_off"):
        monkeypatch.setattr(happens_before, "_JOINS", ())
        assert races_of(record, body)


def event(task: int, kind: str, role: str = "", obj: int = 1, **more: Any) -> Event:
    return Event(0, task, f"T{task}", kind, "it", SITE, role=role, obj=obj, **more)


def ordered(*events: Event) -> bool:
    """Say whether what the first one's task had done by then is before the last one."""
    order = HappensBefore()
    epoch = order.epoch(events[0].thread)
    order.see(events[0])
    for one in events[1:]:
        order.see(one)
    return order.knows(events[-1].thread, epoch)


PAIRS = {
    "a release and the next acquire": ("Lock", "release", "acquire", True),
    "a release and an acquire that had to wait": ("RLock", "release", "goes on after", True),
    "a release and a try that failed": ("Lock", "release", "try", False),
    "a release and an acquire that timed out": ("Lock", "release", "timed out on", False),
    "two acquires": ("Lock", "acquire", "acquire", False),
    "a notification and who goes on": ("Condition", "notify", "goes on after", True),
    "a notification and a wait that timed out": ("Condition", "notify", "timed out on", False),
    "set and is_set": ("Event", "set", "is_set", True),
    "set and wait": ("Event", "set", "wait", True),
    "wait and set": ("Event", "wait", "set", False),
    "set and a wait that timed out": ("Event", "set", "timed out on", False),
    "put and get": ("SimpleQueue", "put", "get", True),
    "get and put": ("SimpleQueue", "get", "put", False),
    "release and acquire of a semaphore": ("Semaphore", "release", "acquire", True),
}


@pytest.mark.parametrize(("role", "first", "second", "expected"), PAIRS.values(), ids=PAIRS)
def test_what_orders_two_operations_of_one_object(
    role: str, first: str, second: str, *, expected: bool
) -> None:
    assert ordered(event(1, first, role), event(2, second, role)) is expected
    assert not ordered(event(1, first, role), event(2, second, role, obj=2))


def test_order_passes_through_a_third_task() -> None:
    assert ordered(
        event(1, "release", "Lock"),
        event(2, "acquire", "Lock"),
        event(2, "put", "SimpleQueue", obj=2),
        event(3, "get", "SimpleQueue", obj=2),
    )


def test_what_is_done_after_a_release_is_not_handed_on() -> None:
    order = HappensBefore()
    order.see(event(1, "release", "Lock"))
    later = order.epoch(1)
    order.see(event(2, "acquire", "Lock"))
    assert not order.knows(2, later)


def test_coroutines_of_one_thread_are_ordered_and_those_of_two_are_not() -> None:
    order = HappensBefore()
    order.see(event(3, "read", carrier=1))
    assert order.knows(event(4, "read", carrier=1).thread, order.epoch(1))
    assert not order.knows(event(5, "read", carrier=2).thread, order.epoch(1))

# ruff: noqa: FBT003  # locks and queues take their flags by place
"""The profiler's locks do what `threading`'s do."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any

import pytest

from reports.profiling.waits import WatchedLock, WatchedRLock, WatchedSimpleQueue

BOTH = pytest.mark.parametrize(
    ("watched", "original"), [(WatchedLock, threading.Lock), (WatchedRLock, threading.RLock)]
)
TIMEOUT_S = 10.0


def outcome(action: Any) -> object:
    try:
        return action()
    except Exception as error:  # noqa: BLE001  # whatever it is, both have to raise it
        return type(error)


def in_a_thread(action: Any) -> object:
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(outcome(action)))
    thread.start()
    thread.join(TIMEOUT_S)
    return found[0]


@BOTH
def test_a_lock_answers_as_the_original(watched: Any, original: Any) -> None:
    answers = []
    for make in (watched, original):
        lock = make()
        answers.append(
            [
                outcome(lock.acquire),
                in_a_thread(lambda lock=lock: lock.acquire(False)),
                in_a_thread(lambda lock=lock: lock.acquire(blocking=False)),
                in_a_thread(lambda lock=lock: lock.acquire(timeout=0.01)),
                in_a_thread(lambda lock=lock: lock.acquire(True, 0.01)),
                in_a_thread(lambda lock=lock: lock.acquire(False, 1)),
                in_a_thread(lambda lock=lock: lock.acquire(timeout=-5)),
                outcome(lock.release),
                outcome(lambda lock=lock: lock.acquire(timeout=-5)),
                outcome(lambda lock=lock: lock.acquire(False, 1)),
                outcome(lock.release),
                in_a_thread(lambda lock=lock: lock.acquire(timeout=1) and lock.release()),
                outcome(lambda lock=lock: lock.__enter__()),
                outcome(lambda lock=lock: lock.__exit__(None, None, None)),
            ]
        )
    assert answers[0] == answers[1]


def test_a_reentrant_lock_is_taken_twice_by_its_owner() -> None:
    lock = WatchedRLock()
    with lock, lock:
        assert in_a_thread(lambda: lock.acquire(False)) is False
    assert in_a_thread(lambda: lock.acquire(False)) is True


@pytest.mark.parametrize("make", [WatchedLock, WatchedRLock])
def test_a_condition_works_on_a_watched_lock(make: Any) -> None:
    condition, there = threading.Condition(make()), []

    def give() -> None:
        with condition:
            there.append(1)
            condition.notify()

    giver = threading.Thread(target=give)
    with condition:
        giver.start()
        assert condition.wait_for(lambda: there, TIMEOUT_S)
    giver.join(TIMEOUT_S)
    assert not giver.is_alive()


def test_a_simple_queue_gives_items_in_order_and_says_when_empty() -> None:
    items: Any = WatchedSimpleQueue()
    with pytest.raises(queue.Empty):
        items.get(False)
    with pytest.raises(queue.Empty):
        items.get(timeout=0.01)
    items.put(1)
    items.put(2)
    assert [items.get(), items.get(True, 1)] == [1, 2]


@BOTH
def test_an_uncontended_lock_costs_little(watched: Any, original: Any) -> None:
    # The page says 0.1 to 0.3 us; 3 us is ten times that, on a busy machine, best of five.
    def cost_s(make: Any) -> float:
        lock, times = make(), 2_000
        start = time.thread_time()
        for _ in range(times):
            with lock:
                pass
        return (time.thread_time() - start) / times

    assert min(cost_s(watched) for _ in range(5)) - min(cost_s(original) for _ in range(5)) < 3e-6

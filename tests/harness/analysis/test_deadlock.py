"""The cycle of a deadlock, read off the record and drawn."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

import pytest

from harness.analysis.deadlock import find_cycle
from harness.engine.ending import EndingKind

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def drawn(record: Any) -> Callable[..., str]:
    """Return the drawing of the first deadlock of a body, without line numbers."""

    def draw(body: Callable[[], object]) -> str:
        deadlocked = (one for ending, one in record(body, runs=40) if ending.cycle)
        cycle = find_cycle(next(deadlocked).events)
        assert cycle is not None
        lines = (re.sub(r"test_deadlock.py:\d+ in [\w.<>]+\.", "", line) for line in cycle.draw())
        return "\n".join(lines)

    return draw


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_tasks_are_drawn_with_what_each_holds_and_wants(drawn: Any) -> None:
    def body() -> None:
        one, two = threading.Lock(), threading.Lock()

        def forwards() -> None:
            with one:  # noqa: SIM117  # a line of its own for each lock
                with two:
                    pass

        def backwards() -> None:
            with two:  # noqa: SIM117  # a line of its own for each lock
                with one:
                    pass

        in_tasks(forwards, backwards)

    assert drawn(body) in (
        """\
┌─▶ Thread-1 (forwards) holds Lock#1, taken at forwards
│   and waits for Lock#2 at forwards
│     │ which is held by
│     ▼
│   Thread-2 (backwards) holds Lock#2, taken at backwards
└── and waits for Lock#1 at backwards""",
        """\
┌─▶ Thread-1 (forwards) holds Lock#2, taken at forwards
│   and waits for Lock#1 at forwards
│     │ which is held by
│     ▼
│   Thread-2 (backwards) holds Lock#1, taken at backwards
└── and waits for Lock#2 at backwards""",
    )


def test_a_task_that_takes_its_own_lock_again_is_drawn_alone(drawn: Any) -> None:
    def body() -> None:
        lock = threading.Lock()
        with lock:
            lock.acquire()

    assert drawn(body) == (
        "┌─▶ main holds Lock#1, taken at body\n"
        "└── and waits for Lock#1 again at body\n"
        "    A Lock can be taken once; an RLock can be taken again by its own task."
    )


def test_a_lock_of_a_task_that_has_ended_is_named_as_such(drawn: Any) -> None:
    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            lock.acquire()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        lock.acquire()

    assert drawn(body) == (
        "main waits for Lock#1 at body\n"
        "  │ which is held by\n"
        "  ▼\n"
        "Thread-1 (work), which has ended without giving it back, taken at work"
    )


def test_a_join_is_part_of_the_cycle(drawn: Any) -> None:
    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            with lock:
                pass

        thread = threading.Thread(target=work)
        with lock:
            thread.start()
            thread.join()

    text = drawn(body)
    assert (
        text
        == """\
┌─▶ main holds Lock#1, taken at body
│   and waits for the end of Thread-1 (work) at body
│     │
│     ▼
│   Thread-1 (work) has not ended
└── and waits for Lock#1 at work"""
    )


def test_a_wait_that_times_out_and_a_lost_wakeup_have_no_cycle(record: Any) -> None:
    def body() -> None:
        condition = threading.Condition()
        with condition:
            condition.wait(1)
            condition.wait()

    ((ending, made),) = record(body)
    assert ending.kind is EndingKind.LOST_WAKEUP
    assert find_cycle(made.events) is None

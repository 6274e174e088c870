"""Conditions and events: predicates that never come true, and wake-ups that reach the wrong one."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from tests.suite.programs.starting import in_threads


def arithmetic_prog(*, fixed: bool = False) -> None:
    """SCTBench CS/arithmetic_prog: the sum is right, and the assertion wants another one."""
    rounds = 3
    lock = threading.Lock()
    empty, full = threading.Condition(lock), threading.Condition(lock)
    state = SimpleNamespace(count=0, total=0, done=False)

    def producer() -> None:
        for _ in range(rounds):
            with lock:
                while state.count > 0:
                    empty.wait()
                count = state.count
                state.count = count + 1
                full.notify()

    def consumer() -> None:
        for number in range(rounds):
            with lock:
                while state.count == 0:
                    full.wait()
                total = state.total
                state.total = total + number
                count = state.count
                state.count = count - 1
                empty.notify()
        with lock:
            total = state.total
            state.total = total + rounds
            state.done = True

    def check() -> None:
        total = state.total
        assert state.done
        assert total == 6 if fixed else total != 6

    in_threads(producer, consumer, check=check)


def sync01(*, fixed: bool = False) -> None:
    """SCTBench CS/sync01: nobody ever makes the waiting thread's predicate false."""
    lock = threading.Lock()
    empty, full = threading.Condition(lock), threading.Condition(lock)
    state = SimpleNamespace(num=0 if fixed else 1)

    def producer() -> None:
        with lock:
            while state.num > 0:
                empty.wait()
            num = state.num
            state.num = num + 1
            full.notify()

    def consumer() -> None:
        with lock:
            while state.num == 0:
                full.wait()
            if fixed:
                num = state.num
                state.num = num - 1
            empty.notify()

    in_threads(producer, consumer)


def sync02(*, fixed: bool = False) -> None:
    """SCTBench CS/sync02: two items are there from the start, so the second is never wanted."""
    rounds = 2
    lock = threading.Lock()
    empty, full = threading.Condition(lock), threading.Condition(lock)
    state = SimpleNamespace(num=0 if fixed else 2)

    def producer() -> None:
        for _ in range(rounds):
            with lock:
                while state.num > 0:
                    empty.wait()
                num = state.num
                state.num = num + 1
                full.notify()

    def consumer() -> None:
        for _ in range(rounds):
            with lock:
                while state.num == 0:
                    full.wait()
                num = state.num
                state.num = num - 1
                empty.notify()

    in_threads(producer, consumer)


def bounded_buffer(takers: int, putters: int, *, rounds: int = 4, fixed: bool = False) -> None:
    """Cargill's bounded buffer: one condition for both sides, and a notify that wakes one thread.

    Args:
        rounds: Items in all; each side shares them out.
    """
    capacity = 1
    changed = threading.Condition()
    state = SimpleNamespace(occupied=0)

    def wake() -> None:
        if fixed:
            changed.notify_all()
        else:
            changed.notify()

    def take() -> None:
        for _ in range(rounds // takers):
            with changed:
                while state.occupied == 0:
                    changed.wait()
                occupied = state.occupied
                state.occupied = occupied - 1
                wake()

    def put() -> None:
        for _ in range(rounds // putters):
            with changed:
                while state.occupied == capacity:
                    changed.wait()
                occupied = state.occupied
                state.occupied = occupied + 1
                wake()

    in_threads(*[take] * takers, *[put] * putters)


def event_cleared_late(*, fixed: bool = False) -> None:
    """A user's idiom: wait, drain, clear; what is set between the last two is forgotten."""
    wanted = 2
    items: list[int] = []
    filled = threading.Event()

    def consumer() -> None:
        taken = 0
        while taken < wanted:
            filled.wait()
            if fixed:
                filled.clear()
            while items:
                items.pop()
                taken += 1
            if not fixed:
                filled.clear()

    def producer() -> None:
        for number in range(wanted):
            items.append(number)
            filled.set()

    in_threads(consumer, producer)


def once_guard(*, fixed: bool = False) -> None:
    """The draft of CPython's PR 27609: who waited does not look again before computing."""
    changed = threading.Condition()
    state = SimpleNamespace(registered=False, value=None, computing=False)

    def compute() -> int:
        assert not state.computing, "two compute at the same time"
        state.computing = True
        state.computing = False
        return 1

    def register() -> bool:
        with changed:
            if fixed:
                while state.registered:
                    changed.wait()
                if state.value is not None:
                    return False
            elif state.registered:
                changed.wait()
            state.registered = True
            return True

    def reader() -> None:
        if not register():
            return
        value = compute()
        with changed:
            state.value = value
            state.registered = False
            changed.notify_all()

    in_threads(reader, reader, reader)

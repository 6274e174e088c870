"""Known small concurrent programs, each with its correct twin. Ordinary code, imported plainly."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class State:
    """A few shared variables."""

    def __init__(self) -> None:
        self.a = self.b = self.c = 0
        self.lock = threading.Lock()


def counter(tasks: int, *, locked: bool) -> None:
    state = State()

    def add() -> None:
        if locked:
            with state.lock:
                state.a += 1
        else:
            state.a += 1

    in_tasks(*[add] * tasks)
    assert state.a == tasks


def abba(*, ordered: bool) -> None:
    one, two = threading.Lock(), threading.Lock()

    def take(first: threading.Lock, second: threading.Lock) -> None:
        with first, second:
            pass

    in_tasks(lambda: take(one, two), lambda: take(one, two) if ordered else take(two, one))


def dining(philosophers: int, *, ordered: bool) -> None:
    forks = [threading.Lock() for _ in range(philosophers)]

    def eat(number: int) -> None:
        pair = [number, (number + 1) % philosophers]
        left, right = sorted(pair) if ordered else pair
        with forks[left], forks[right]:
            pass

    in_tasks(*[lambda n=n: eat(n) for n in range(philosophers)])


def transfer(*, locked: bool) -> None:
    state = State()
    state.a, state.b = 100, 100

    def move(amount: int) -> None:
        state.a -= amount
        state.b += amount

    def work(amount: int) -> None:
        if locked:
            with state.lock:
                move(amount)
        else:
            move(amount)

    in_tasks(lambda: work(10), lambda: work(-20))
    assert state.a + state.b == 200


def wakeup(*, checked: bool) -> None:
    state, condition = State(), threading.Condition()

    def wait() -> None:
        with condition:
            if checked:
                condition.wait_for(lambda: state.a)
            else:
                condition.wait()

    def wake() -> None:
        with condition:
            state.a = 1
            condition.notify()

    in_tasks(wait, wake)


def bounded_buffer(*, loop: bool) -> None:
    items: list[int] = []
    changed = threading.Condition()

    def get() -> None:
        with changed:
            if loop:
                while not items:
                    changed.wait()
            elif not items:
                changed.wait()
            items.pop()

    def put() -> None:
        for number in range(2):
            with changed:
                items.append(number)
                changed.notify()

    in_tasks(get, get, put)


def empty_then_get(*, tries: bool) -> None:
    jobs: queue.Queue[int] = queue.Queue()
    jobs.put(1)

    def take() -> None:
        if tries:
            try:
                jobs.get_nowait()
            except queue.Empty:
                return
        elif not jobs.empty():
            jobs.get_nowait()

    in_tasks(take, take)


def bluetooth(*, correct: bool) -> None:
    """The driver of Qadeer and Wu, "KISS", PLDI 2004: stop against one more I/O request."""
    pending, lock = [1], threading.Lock()
    stopping, stopped, done = [False], [False], threading.Event()

    def enter() -> bool:
        if correct:
            with lock:
                if stopping[0]:
                    return False
                pending[0] += 1
                return True
        if stopping[0]:
            return False
        with lock:
            pending[0] += 1
        return True

    def leave() -> None:
        with lock:
            pending[0] -= 1
            last = not pending[0]
        if last:
            done.set()

    def add() -> None:
        if enter():
            assert not stopped[0], "I/O after the driver has stopped"
            leave()

    def stop() -> None:
        with lock:
            stopping[0] = True
        leave()
        done.wait()
        stopped[0] = True

    in_tasks(add, stop)


def two_flags(*, correct: bool) -> None:
    """One tests a flag and then locks; the other sets it, locks, and sets a second flag."""
    state = State()

    def test() -> None:
        if correct:
            with state.lock:
                seen, second = state.a, state.b
            assert seen == second
            return
        if state.a:
            with state.lock:
                assert state.b, "the second flag was not set"

    def set_both() -> None:
        if correct:
            with state.lock:
                state.a = state.b = 1
            return
        state.a = 1
        with state.lock:
            state.b = 1

    in_tasks(test, set_both)


def reorder(setters: int, *, locked: bool) -> None:
    """SCTBench's reorder_n: setters write two variables, a checker sees one of them alone."""
    state = State()

    def put() -> None:
        if locked:
            with state.lock:
                state.a = 1
                state.b = -1
        else:
            state.a = 1
            state.b = -1

    def check() -> None:
        if locked:
            with state.lock:
                assert (state.a, state.b) in ((0, 0), (1, -1))
        else:
            assert (state.a, state.b) in ((0, 0), (1, -1))

    in_tasks(*[put] * setters, check)


def twostage(*, one_lock: bool) -> None:
    """SCTBench's twostage: two values that belong together, each under a lock of its own."""
    state, second = State(), threading.Lock()

    def put() -> None:
        if one_lock:
            with state.lock:
                state.a = 1
                state.b = state.a + 1
            return
        with state.lock:
            state.a = 1
        with second:
            state.b = state.a + 1

    def check() -> None:
        if one_lock:
            with state.lock:
                first, other = state.a, state.b
        else:
            with state.lock:
                first = state.a
            with second:
                other = state.b
        assert not first or other == first + 1

    in_tasks(put, check)


@dataclass(frozen=True, slots=True)
class Program:
    """A program with a bug, the same without it, and what finding it costs.

    Attributes:
        budget: Executions within which `random` and `pct` find it.
        dfs_budget: Those of `dfs` with two preemptions; 0 where the space is too large.
    """

    name: str
    kind: str
    bad: Callable[[], None]
    good: Callable[[], None]
    budget: int = 500
    dfs_budget: int = 2_000


PROGRAMS = [
    Program("counter 2", "ASSERTION",
            lambda: counter(2, locked=False), lambda: counter(2, locked=True)),
    Program("counter 3", "ASSERTION",
            lambda: counter(3, locked=False), lambda: counter(3, locked=True)),
    Program("ABBA", "DEADLOCK", lambda: abba(ordered=False), lambda: abba(ordered=True)),
    Program("dining philosophers 3", "DEADLOCK",
            lambda: dining(3, ordered=False), lambda: dining(3, ordered=True),
            budget=2_000, dfs_budget=20_000),
    Program("bank transfer", "ASSERTION",
            lambda: transfer(locked=False), lambda: transfer(locked=True)),
    Program("lost wakeup", "LOST_WAKEUP",
            lambda: wakeup(checked=False), lambda: wakeup(checked=True)),
    Program("bounded buffer", "EXCEPTION",
            lambda: bounded_buffer(loop=False), lambda: bounded_buffer(loop=True),
            budget=2_000, dfs_budget=20_000),
    Program("empty then get", "EXCEPTION",
            lambda: empty_then_get(tries=False), lambda: empty_then_get(tries=True)),
    Program("Bluetooth driver", "ASSERTION",
            lambda: bluetooth(correct=False), lambda: bluetooth(correct=True)),
    Program("two flags", "ASSERTION",
            lambda: two_flags(correct=False), lambda: two_flags(correct=True)),
    Program("reorder 3", "ASSERTION",
            lambda: reorder(3, locked=False), lambda: reorder(3, locked=True),
            budget=2_000, dfs_budget=20_000),
    Program("twostage", "ASSERTION",
            lambda: twostage(one_lock=False), lambda: twostage(one_lock=True)),
]  # fmt: skip

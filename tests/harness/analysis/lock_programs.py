"""Programs that take locks in bad orders or keep them too long, each beside a correct twin."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def both(first: Any, second: Any) -> None:
    with first:  # noqa: SIM117  # a line of its own for each lock
        with second:
            pass


# -- lock orders that can deadlock ----------------------------------------------------------------


def abba() -> None:
    one, two = threading.Lock(), threading.Lock()
    in_tasks(lambda: both(one, two), lambda: both(two, one))


def abba_of_rlocks() -> None:
    one, two = threading.RLock(), threading.RLock()
    in_tasks(lambda: both(one, two), lambda: both(two, one))


def dining() -> None:
    forks = [threading.Lock() for _ in range(3)]
    in_tasks(*[lambda n=n: both(forks[n], forks[(n + 1) % 3]) for n in range(3)])


def different_gates() -> None:
    one, two, gate, other = (threading.Lock() for _ in range(4))

    def work(guard: Any, first: Any, second: Any) -> None:
        with guard:
            both(first, second)

    in_tasks(lambda: work(gate, one, two), lambda: work(other, two, one))


def monitor_and_lock() -> None:
    lock, condition = threading.Lock(), threading.Condition()

    def notify() -> None:
        with condition:
            condition.notify()
            with lock:
                pass

    in_tasks(notify, lambda: both(lock, condition))


def a_lock_orders_by_chance() -> None:
    one, two, other = threading.Lock(), threading.Lock(), threading.Lock()

    def forwards() -> None:
        both(one, two)
        with other:
            pass

    def backwards() -> None:
        with other:
            pass
        both(two, one)

    in_tasks(forwards, backwards)


INVERTED = (
    abba,
    abba_of_rlocks,
    dining,
    different_gates,
    monitor_and_lock,
    a_lock_orders_by_chance,
)


# -- lock orders that cannot ----------------------------------------------------------------------


def one_order() -> None:
    one, two = threading.Lock(), threading.Lock()
    in_tasks(lambda: both(one, two), lambda: both(one, two))


def a_common_gate() -> None:
    one, two, gate = threading.Lock(), threading.Lock(), threading.Lock()

    def work(first: Any, second: Any) -> None:
        with gate:
            both(first, second)

    in_tasks(lambda: work(one, two), lambda: work(two, one))


def one_after_the_other() -> None:
    one, two = threading.Lock(), threading.Lock()
    in_tasks(lambda: both(one, two))
    in_tasks(lambda: both(two, one))


def before_the_start() -> None:
    one, two = threading.Lock(), threading.Lock()
    both(one, two)
    in_tasks(lambda: both(two, one))


def single_task() -> None:
    one, two = threading.Lock(), threading.Lock()

    def work() -> None:
        both(one, two)
        both(two, one)

    in_tasks(work, lambda: None)


def reentry() -> None:
    one, two = threading.RLock(), threading.RLock()

    def work() -> None:
        with one, two, one:
            pass

    in_tasks(work, work)


def after_an_event() -> None:
    one, two, done = threading.Lock(), threading.Lock(), threading.Event()

    def forwards() -> None:
        both(one, two)
        done.set()

    def backwards() -> None:
        done.wait()
        both(two, one)

    in_tasks(forwards, backwards)


def after_a_queue() -> None:
    one, two = threading.Lock(), threading.Lock()
    turn: queue.Queue[int] = queue.Queue()

    def forwards() -> None:
        both(one, two)
        turn.put(1)

    def backwards() -> None:
        turn.get()
        both(two, one)

    in_tasks(forwards, backwards)


def after_a_condition() -> None:
    one, two, condition = threading.Lock(), threading.Lock(), threading.Condition()
    done: list[int] = []

    def forwards() -> None:
        both(one, two)
        with condition:
            done.append(1)
            condition.notify()

    def backwards() -> None:
        with condition:
            condition.wait_for(lambda: done)
        both(two, one)

    in_tasks(forwards, backwards)


def inner_lock_is_tried() -> None:
    one, two = threading.Lock(), threading.Lock()

    def work(first: Any, second: Any) -> None:
        with first:
            if second.acquire(blocking=False):
                second.release()

    in_tasks(lambda: both(one, two), lambda: work(two, one))


def inner_lock_has_a_timeout() -> None:
    one, two = threading.Lock(), threading.Lock()

    def work(first: Any, second: Any) -> None:
        with first:
            if second.acquire(timeout=1):
                second.release()

    in_tasks(lambda: both(one, two), lambda: work(two, one))


STRAIGHT = (
    one_order,
    a_common_gate,
    one_after_the_other,
    before_the_start,
    single_task,
    reentry,
    after_an_event,
    after_a_queue,
    after_a_condition,
    inner_lock_is_tried,
    inner_lock_has_a_timeout,
)


# -- locks kept while waiting ---------------------------------------------------------------------


def waits_for_an_event() -> None:
    lock, done = threading.Lock(), threading.Event()

    def wait() -> None:
        with lock:
            done.wait()

    in_tasks(wait, done.set)


def joins() -> None:
    lock = threading.Lock()
    thread = threading.Thread(target=lambda: None)
    thread.start()
    with lock:
        thread.join()


def sleeps() -> None:
    lock = threading.Lock()

    def work() -> None:
        with lock:
            time.sleep(1)

    in_tasks(work, work)


def gets() -> None:
    lock = threading.Lock()
    items: queue.SimpleQueue[int] = queue.SimpleQueue()

    def take() -> None:
        with lock:
            items.get()

    in_tasks(take, lambda: items.put(1))


def waits_in_two_monitors() -> None:
    outer, inner = threading.Condition(), threading.Condition()
    done: list[int] = []

    def wait() -> None:
        with outer, inner:
            inner.wait_for(lambda: done, timeout=5)

    def wake() -> None:
        with inner:
            done.append(1)
            inner.notify()

    in_tasks(wait, wake)


KEPT = (waits_for_an_event, joins, sleeps, gets, waits_in_two_monitors)


# -- locks given back first -----------------------------------------------------------------------


def waits_without_a_lock() -> None:
    lock, done = threading.Lock(), threading.Event()

    def wait() -> None:
        with lock:
            pass
        done.wait()

    in_tasks(wait, done.set)


def waits_in_one_monitor() -> None:
    condition = threading.Condition()
    done: list[int] = []

    def wait() -> None:
        with condition:
            condition.wait_for(lambda: done)

    def wake() -> None:
        with condition:
            done.append(1)
            condition.notify()

    in_tasks(wait, wake)


def sets_under_a_lock() -> None:
    lock, done = threading.Lock(), threading.Event()
    items: queue.SimpleQueue[int] = queue.SimpleQueue()

    def work() -> None:
        with lock:
            done.set()
            assert done.is_set()
            items.put(1)
            items.get_nowait()

    in_tasks(work, work)


def nests() -> None:
    one, two = threading.Lock(), threading.Lock()
    in_tasks(lambda: both(one, two), lambda: both(one, two))


def uses_a_queue_under_a_lock() -> None:
    lock = threading.Lock()
    items: queue.Queue[int] = queue.Queue()

    def work() -> None:
        with lock:
            items.put(1)

    in_tasks(work, work)
    assert items.get() == items.get()


GIVEN_BACK = (
    waits_without_a_lock,
    waits_in_one_monitor,
    sets_under_a_lock,
    nests,
    uses_a_queue_under_a_lock,
)
DINING = (dining,)

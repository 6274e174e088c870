"""Programs that go in circles, each beside one that looks alike and does not."""

from __future__ import annotations

import queue
import random
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Flag:
    up = False


class Walker:
    def __init__(self) -> None:
        self.wants = True


# -- livelocks ------------------------------------------------------------------------------------


def spins_alone() -> None:
    flag = Flag()

    def poll() -> None:
        while not flag.up:
            pass

    in_tasks(poll)


def spin_together() -> None:
    flag = Flag()

    def poll() -> None:
        while not flag.up:
            pass

    in_tasks(poll, poll)


def sleeps_and_looks() -> None:
    flag = Flag()

    def poll() -> None:
        while not flag.up:
            time.sleep(0.01)

    in_tasks(poll, lambda: None)


def waits_again_and_again() -> None:
    event = threading.Event()

    def poll() -> None:
        while not event.wait(0.1):
            pass

    in_tasks(poll)


def polls_a_queue() -> None:
    jobs: queue.Queue[int] = queue.Queue()
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            try:
                jobs.get(timeout=0.1)
            except queue.Empty:
                continue

    in_tasks(work)  # nobody sets stop


def looks_at_all() -> None:
    flags = [Flag(), Flag()]

    def poll() -> None:
        while not all(flag.up for flag in flags):
            time.sleep(0.1)

    in_tasks(poll)


def after_you() -> None:
    """Two people in a corridor, both polite."""
    one, two = Walker(), Walker()

    def walk(me: Walker, other: Walker) -> None:
        while other.wants:
            me.wants = False
            me.wants = True
        me.wants = False

    in_tasks(lambda: walk(one, two), lambda: walk(two, one))


def retry_in_step() -> None:
    left, right = threading.Lock(), threading.Lock()

    def take(first: threading.Lock, second: threading.Lock) -> None:
        while True:
            first.acquire()
            if second.acquire(blocking=False):
                second.release()
                first.release()
                return
            first.release()

    in_tasks(lambda: take(left, right), lambda: take(right, left))


def flag_that_is_set_too_early() -> None:
    """Goes in circles only if the one who polls begins before the other looks."""
    flag = Flag()
    begun = Flag()

    def set_it() -> None:
        if not begun.up:
            flag.up = True

    def poll() -> None:
        begun.up = True
        while not flag.up:
            pass

    in_tasks(set_it, poll)


LIVELOCKS = (
    spins_alone,
    spin_together,
    sleeps_and_looks,
    waits_again_and_again,
    polls_a_queue,
    looks_at_all,
    after_you,
    retry_in_step,
    flag_that_is_set_too_early,
)

# -- correct programs -----------------------------------------------------------------------------


def ended_by_another() -> None:
    flag = Flag()

    def poll() -> None:
        while not flag.up:
            pass

    def lift() -> None:
        flag.up = True

    in_tasks(poll, poll, lift)


def ended_by_a_sleeper() -> None:
    flag = Flag()

    def poll() -> None:
        while not flag.up:
            pass

    def lift() -> None:
        time.sleep(100)
        flag.up = True

    in_tasks(poll, poll, lift)


def sleeps_until_another_has_slept() -> None:
    flag = Flag()

    def poll() -> None:
        while not flag.up:
            time.sleep(0.01)

    def lift() -> None:
        time.sleep(0.5)
        flag.up = True

    in_tasks(poll, lift)


def retries_after_a_random_time() -> None:
    left, right = threading.Lock(), threading.Lock()

    def take(first: threading.Lock, second: threading.Lock) -> None:
        while True:
            first.acquire()
            if second.acquire(blocking=False):
                second.release()
                first.release()
                return
            first.release()
            time.sleep(random.random())

    in_tasks(lambda: take(left, right), lambda: take(right, left))


def polite_by_number() -> None:
    one, two = Walker(), Walker()

    def walk(me: Walker, other: Walker, *, first: bool) -> None:
        while other.wants:
            if not first:
                me.wants = False
            else:
                break
        me.wants = False

    in_tasks(lambda: walk(one, two, first=True), lambda: walk(two, one, first=False))


def spins_on_a_lock() -> None:
    lock = threading.Lock()

    def work() -> None:
        while not lock.acquire(blocking=False):
            pass
        lock.release()

    in_tasks(work, work, work)


CORRECT = (
    ended_by_another,
    ended_by_a_sleeper,
    sleeps_until_another_has_slept,
    retries_after_a_random_time,
    polite_by_number,
    spins_on_a_lock,
)

# -- programs that meet a step bound and prove nothing --------------------------------------------


def until_a_deadline() -> None:
    flag = Flag()

    def poll() -> None:
        end = time.monotonic() + 5
        while not flag.up and time.monotonic() < end:
            pass

    in_tasks(poll, poll)


def counts_its_tries() -> None:
    flag = Flag()

    def poll() -> None:
        tries = 0
        while not flag.up and tries < 10**9:
            tries += 1

    in_tasks(poll, poll)


def counts_in_an_object() -> None:
    class Tally:
        tries = 0

    tally = Tally()
    lock = threading.Lock()

    def work() -> None:
        while tally.tries < 10**9:
            with lock:
                tally.tries += 1

    in_tasks(work, work)


def walks_a_long_list() -> None:
    lock = threading.Lock()

    def work() -> None:
        for _ in [None] * 10**6:
            with lock:
                pass

    in_tasks(work, work)


LONG = (until_a_deadline, counts_its_tries, counts_in_an_object, walks_a_long_list)

"""Programs that race, each beside its correct twin. Ordinary code, imported plainly."""

from __future__ import annotations

import collections
import itertools
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Box:
    def __init__(self) -> None:
        self.value = 0
        self.ready = False


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# -- programs that race ---------------------------------------------------------------------------


def bare_counter() -> None:
    box = Box()

    def add() -> None:
        box.value += 1

    in_tasks(add, add)


def one_side_locked() -> None:
    box, lock = Box(), threading.Lock()

    def locked() -> None:
        with lock:
            box.value = 1

    def bare() -> None:
        box.value = 2

    in_tasks(locked, bare)


def two_locks() -> None:
    box, one, two = Box(), threading.Lock(), threading.Lock()

    def work(lock: Any) -> None:
        with lock:
            box.value += 1

    in_tasks(lambda: work(one), lambda: work(two))


def double_checked() -> None:
    box, lock = Box(), threading.Lock()

    def use() -> None:
        if not box.ready:
            with lock:
                if not box.ready:
                    box.value = 1
                    box.ready = True

    in_tasks(use, use)


def flag_publication() -> None:
    box = Box()

    def publish() -> None:
        box.value = 1
        box.ready = True

    def read() -> None:
        if box.ready:
            assert box.value == 1

    in_tasks(publish, read)


def read_before_join() -> None:
    box = Box()

    def work() -> None:
        box.value = 1

    thread = threading.Thread(target=work)
    thread.start()
    assert box.value in (0, 1)
    thread.join()


def write_after_start() -> None:
    box = Box()
    thread = threading.Thread(target=lambda: box.value)
    thread.start()
    box.value = 1
    thread.join()


def timed_out_wait() -> None:
    box, done = Box(), threading.Event()

    def work() -> None:
        box.value = 1
        done.set()

    def look() -> None:
        done.wait(0.0)
        assert box.value in (0, 1)

    in_tasks(work, look)


def write_after_put() -> None:
    items: queue.Queue[Box] = queue.Queue()

    def give() -> None:
        box = Box()
        items.put(box)
        box.value = 1

    def take() -> None:
        assert items.get().value in (0, 1)

    in_tasks(give, take)


def semaphore_of_two() -> None:
    box, gate = Box(), threading.Semaphore(2)

    def work() -> None:
        with gate:
            box.value += 1

    in_tasks(work, work)


def list_grows_under_a_loop() -> None:
    items = [1, 2]

    def grow() -> None:
        items.append(3)

    def walk() -> None:
        for _ in items:
            pass

    in_tasks(grow, walk)


def one_item_of_a_dict() -> None:
    table: dict[str, int] = {"a": 0}

    def work() -> None:
        table["a"] = table["a"] + 1

    in_tasks(work, work)


def closure_variable() -> None:
    total = 0

    def work() -> None:
        nonlocal total
        total += 1

    in_tasks(work, work)


RACY = (
    bare_counter,
    one_side_locked,
    two_locks,
    double_checked,
    flag_publication,
    read_before_join,
    write_after_start,
    timed_out_wait,
    write_after_put,
    semaphore_of_two,
    list_grows_under_a_loop,
    one_item_of_a_dict,
    closure_variable,
)


# -- programs that do not -------------------------------------------------------------------------


def locked_counter() -> None:
    box, lock = Box(), threading.Lock()

    def add() -> None:
        with lock:
            box.value += 1

    in_tasks(add, add, add)
    assert box.value == 3


def reentrant_counter() -> None:
    box, lock = Box(), threading.RLock()

    def add() -> None:
        with lock, lock:
            box.value += 1

    in_tasks(add, add)


def checked_under_the_lock() -> None:
    box, lock = Box(), threading.Lock()

    def use() -> None:
        with lock:
            if not box.ready:
                box.value = 1
                box.ready = True

    in_tasks(use, use)


def join_hand_off() -> None:
    box = Box()

    def work() -> None:
        box.value = 1

    thread = threading.Thread(target=work)
    box.value = 5
    thread.start()
    thread.join()
    assert box.value == 1


def join_after_an_exception() -> None:
    box = Box()

    def work() -> None:
        box.value = 1
        raise SystemExit

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert box.value == 1


def is_alive_hand_off() -> None:
    box = Box()

    def work() -> None:
        box.value = 1

    thread = threading.Thread(target=work)
    thread.start()
    if not thread.is_alive():
        box.value = 2
    thread.join()


def event_publication() -> None:
    box, done = Box(), threading.Event()

    def publish() -> None:
        box.value = 1
        done.set()

    def read() -> None:
        done.wait()
        assert box.value == 1

    def peek() -> None:
        if done.is_set():
            assert box.value == 1

    def patient() -> None:
        if done.wait(5.0):
            assert box.value == 1

    in_tasks(publish, read, peek, patient)


def queue_hand_off() -> None:
    items: queue.Queue[Box] = queue.Queue(1)

    def give() -> None:
        for number in range(2):
            box = Box()
            box.value = number
            items.put(box)

    def take() -> None:
        for number in range(2):
            box = items.get()
            assert box.value == number
            box.value = 7

    in_tasks(give, take)


def simple_queue_hand_off() -> None:
    items: queue.SimpleQueue[Box] = queue.SimpleQueue()

    def give() -> None:
        box = Box()
        box.value = 3
        items.put(box)

    def take() -> None:
        assert items.get().value == 3

    def try_to_take() -> None:
        try:
            assert items.get_nowait().value == 3
        except queue.Empty:
            give()

    in_tasks(give, give, take, try_to_take)
    while not items.empty():
        items.get()


def deque_hand_off() -> None:
    items: collections.deque[Box] = collections.deque()

    def give() -> None:
        box = Box()
        box.value = 3
        items.append(box)

    def take() -> None:
        if items:
            assert items.popleft().value == 3

    in_tasks(give, take)


def condition_hand_off() -> None:
    box, condition = Box(), threading.Condition()

    def give() -> None:
        with condition:
            box.value = 1
            box.ready = True
            condition.notify_all()

    def take() -> None:
        with condition:
            condition.wait_for(lambda: box.ready)
        assert box.value == 1

    in_tasks(give, take, take)


def semaphore_hand_off() -> None:
    box, items = Box(), threading.Semaphore(0)

    def give() -> None:
        box.value = 1
        items.release()

    def take() -> None:
        items.acquire()
        assert box.value == 1

    in_tasks(give, take)


def tried_semaphore() -> None:
    box, items = Box(), threading.Semaphore(0)

    def give() -> None:
        box.value = 1
        items.release()

    def take() -> None:
        if items.acquire(blocking=False) or items.acquire(timeout=1):
            assert box.value == 1

    in_tasks(give, take)


def tried_lock() -> None:
    box, lock = Box(), threading.Lock()

    def work() -> None:
        if lock.acquire(blocking=False) or lock.acquire(timeout=1):
            box.value += 1
            lock.release()

    in_tasks(work, work)


def barrier_hand_off() -> None:
    boxes, barrier = [Box(), Box()], threading.Barrier(2)

    def work(mine: int) -> None:
        boxes[mine].value = 1
        barrier.wait()
        assert boxes[1 - mine].value == 1

    in_tasks(lambda: work(0), lambda: work(1))


def executor_hand_off() -> None:
    box = Box()

    def work() -> int:
        box.value += 1
        return box.value

    with ThreadPoolExecutor(2) as pool:
        assert pool.submit(work).result() == 1
        assert pool.submit(work).result() == 2
    assert box.value == 2


def timer_hand_off() -> None:
    box = Box()

    def work() -> None:
        box.value = 1

    timer = threading.Timer(1.0, work)
    box.value = 2
    timer.start()
    timer.join()
    assert box.value == 1


def lock_as_a_signal() -> None:
    box, done = Box(), threading.Lock()
    done.acquire()

    def work() -> None:
        box.value = 1
        done.release()

    thread = threading.Thread(target=work)
    thread.start()
    done.acquire()
    assert box.value == 1
    thread.join()


def own_items() -> None:
    items = [0, 0]
    table: dict[str, int] = {}

    def work(mine: int) -> None:
        items[mine] += 1
        table[str(mine)] = items[mine]

    in_tasks(lambda: work(0), lambda: work(1))
    assert items == [1, 1]
    assert len(table) == 2


def both_append() -> None:
    items: list[int] = []
    seen: set[int] = set()

    def work(number: int) -> None:
        items.append(number)
        seen.add(number)

    in_tasks(lambda: work(1), lambda: work(2))
    assert sorted(items) == [1, 2]


def ticket_numbers() -> None:
    numbers = itertools.count()
    drawn: list[int] = []

    def draw() -> None:
        drawn.append(next(numbers))

    in_tasks(draw, draw)
    assert sorted(drawn) == [0, 1]


def readers_of_a_default_dict() -> None:
    table: collections.defaultdict[str, int] = collections.defaultdict(int)
    table["a"] = 1

    def read() -> None:
        assert table["a"] == 1

    in_tasks(read, read)


def readers_only() -> None:
    box = Box()
    box.value = 4

    def read() -> None:
        assert box.value == 4
        assert f"{box.value}" == "4"

    in_tasks(read, read)


def finaliser_reads_what_the_owner_wrote() -> None:
    class Resource:
        def __init__(self) -> None:
            self.open = True

        def __del__(self) -> None:
            self.open = False

    def work(resource: Resource) -> None:
        assert resource.open

    resource = Resource()
    threads = [threading.Thread(target=work, args=(resource,)) for _ in range(2)]
    del resource
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


CORRECT = (
    locked_counter,
    reentrant_counter,
    checked_under_the_lock,
    join_hand_off,
    join_after_an_exception,
    is_alive_hand_off,
    event_publication,
    queue_hand_off,
    simple_queue_hand_off,
    deque_hand_off,
    condition_hand_off,
    semaphore_hand_off,
    tried_semaphore,
    tried_lock,
    barrier_hand_off,
    executor_hand_off,
    timer_hand_off,
    lock_as_a_signal,
    own_items,
    both_append,
    ticket_numbers,
    readers_of_a_default_dict,
    readers_only,
    finaliser_reads_what_the_owner_wrote,
)


# -- single ones ----------------------------------------------------------------------------------


def through_a_function() -> None:
    box, lock = Box(), threading.Lock()

    def store(value: int) -> None:
        box.value = value

    def locked() -> None:
        with lock:
            store(1)

    def bare() -> None:
        box.value = 2

    in_tasks(locked, bare)


def seven_lines() -> None:
    box = Box()

    def work() -> None:
        box.value = 1
        box.value = 2
        box.value = 3
        box.value = 4
        box.value = 5
        box.value = 6
        box.value = 7

    in_tasks(work, work)


def secret_keys() -> None:
    table = {b"hunter2": b"hunter2"}

    def work() -> None:
        table[b"hunter2"] = b"hunter2 again"

    in_tasks(work, work)


SHOWN = (through_a_function,)
MANY = (seven_lines,)
SECRETS = (secret_keys,)

"""Programs whose costs are known: what the profiler is tried on. Each function is a target."""

from __future__ import annotations

import queue
import threading
import time

WAIT_S = 0.3
BIG_BYTES = 10_000_000
KEPT_BYTES = 1_000_000
CANARY = "swordfish-" + "0123456789"
kept: list[bytes] = []


def spin(cpu_s: float) -> None:
    """Use so much of this thread's processor time."""
    end_s = time.thread_time() + cpu_s
    while time.thread_time() < end_s:
        for _ in range(200):
            pass


def seventy() -> None:
    end_s = time.thread_time() + 0.07
    while time.thread_time() < end_s:
        for _ in range(200):
            pass


def twenty() -> None:
    end_s = time.thread_time() + 0.02
    while time.thread_time() < end_s:
        for _ in range(200):
            pass


def ten() -> None:
    end_s = time.thread_time() + 0.01
    while time.thread_time() < end_s:
        for _ in range(200):
            pass


def sleeper() -> None:
    time.sleep(0.1)


def run(*bodies: object) -> None:
    threads = [threading.Thread(target=body) for body in bodies]  # type: ignore[arg-type]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def three_threads() -> None:
    """70, 20 and 10 percent of the processor time, one thread each, and one that sleeps."""
    run(seventy, twenty, ten, sleeper)


def one_thread() -> None:
    """70, 20 and 10 percent in one thread."""
    seventy()
    twenty()
    ten()


def compute() -> None:
    spin_here_s = 0.001
    end_s = time.thread_time() + spin_here_s
    while time.thread_time() < end_s:
        for _ in range(50):
            pass


def work_on(items: queue.Queue[int], done: queue.Queue[int]) -> None:
    for _ in range(25):
        items.get()
        compute()
        done.put(1)


def short_bursts() -> None:
    """Four workers that compute for a millisecond between two waits."""
    items: queue.Queue[int] = queue.Queue()
    done: queue.Queue[int] = queue.Queue()
    workers = [threading.Thread(target=work_on, args=(items, done)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for _ in range(100):
        items.put(1)
        done.get()
    for worker in workers:
        worker.join()


def tiny() -> None:
    pass


def call_tiny() -> None:
    for _ in range(20_000):
        tiny()


def small_calls() -> None:
    """A millisecond or two of small calls beside 20 in one piece."""
    run(call_tiny, twenty)


class Holder:
    """Somebody who holds a lock for a known time, and somebody who wants it meanwhile."""

    def __init__(self, lock: object) -> None:
        self.lock = lock
        self.held = threading.Event()

    def hold(self) -> None:
        with self.lock:  # type: ignore[attr-defined]
            self.held.set()
            time.sleep(WAIT_S)

    def want(self) -> None:
        self.held.wait()
        self.take()

    def take(self) -> None:
        with self.lock:  # type: ignore[attr-defined]
            pass

    def run(self) -> None:
        run(self.hold, self.want)


def lock() -> None:
    Holder(threading.Lock()).run()


def rlock() -> None:
    Holder(threading.RLock()).run()


def semaphore() -> None:
    Holder(threading.Semaphore()).run()


def condition_lock() -> None:
    Holder(threading.Condition()).run()


class Giver:
    """Somebody who waits for what another gives after a known time."""

    def __init__(self) -> None:
        self.items: queue.Queue[int] = queue.Queue()
        self.simple: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.event = threading.Event()
        self.condition = threading.Condition()
        self.there = False
        self.barrier = threading.Barrier(2)

    def give(self) -> None:
        time.sleep(WAIT_S)
        self.items.put(1)
        self.simple.put(1)
        self.event.set()
        with self.condition:
            self.there = True
            self.condition.notify()
        self.barrier.wait()

    def run(self, take: object) -> None:
        run(self.give, take)


def queue_get() -> None:
    giver = Giver()

    def take() -> None:
        giver.items.get()
        giver.barrier.wait()

    giver.run(take)


def simple_queue_get() -> None:
    giver = Giver()

    def take() -> None:
        giver.simple.get()
        giver.barrier.wait()

    giver.run(take)


def event_wait() -> None:
    giver = Giver()

    def take() -> None:
        giver.event.wait()
        giver.barrier.wait()

    giver.run(take)


def condition_wait() -> None:
    giver = Giver()

    def take() -> None:
        with giver.condition:
            while not giver.there:
                giver.condition.wait()
        giver.barrier.wait()

    giver.run(take)


def barrier_wait() -> None:
    giver = Giver()

    def take() -> None:
        giver.barrier.wait()

    giver.run(take)


def thread_join() -> None:
    sleeping = threading.Thread(target=time.sleep, args=(WAIT_S,))
    sleeping.start()

    def take() -> None:
        sleeping.join()

    take()


def ten_megabytes() -> int:
    """Allocate 10 MB in one place, and give it back before the end."""
    small = [bytes(1000) for _ in range(100)]
    return len(big()) + len(small)


def big() -> bytes:
    return measured(bytes(BIG_BYTES))


def measured(data: bytes) -> bytes:
    assert len(data) == BIG_BYTES
    return data


def keeper() -> None:
    """Keep a megabyte of each call."""
    kept.append(bytes(KEPT_BYTES))


def with_secret() -> None:
    """Have a secret in a local, an argument and a global, and work, wait and allocate."""
    password = CANARY
    take_secret(password)


def take_secret(password: str) -> None:
    copy = bytearray(password.encode() * 1000)
    seventy()
    Holder(threading.Lock()).run()
    del copy

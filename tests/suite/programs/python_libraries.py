"""Bugs of CPython's standard library and of one cache library, each as its smallest program."""

from __future__ import annotations

import queue
import threading
from types import SimpleNamespace

from tests.suite.programs.channels import Channel
from tests.suite.programs.starting import in_threads


def cached_property_twice(*, fixed: bool = False) -> None:
    """functools.cached_property since 3.12 (bpo-43468): the getter may run twice."""
    lock = threading.Lock()
    values: dict[str, object] = {}
    calls: list[str] = []

    def getter() -> object:
        calls.append("called")
        return object()

    def value() -> object:
        if "name" not in values:
            values["name"] = getter()
        return values["name"]

    def reader() -> None:
        if fixed:
            with lock:
                value()
        else:
            value()

    def check() -> None:
        assert len(calls) == 1

    in_threads(reader, reader, check=check)


def process_pool_shutdown(*, fixed: bool = False) -> None:
    """ProcessPoolExecutor (gh-125451): joins the feeder under the lock that the feeder needs."""
    shutdown, pipe = threading.Lock(), threading.Lock()
    wakeup: queue.SimpleQueue[str] = queue.SimpleQueue()
    to_pickle: queue.SimpleQueue[object] = queue.SimpleQueue()
    feeder_ended = threading.Event()

    def manager() -> None:
        wakeup.get()
        with shutdown:
            feeder_ended.wait()

    def feeder() -> None:
        to_pickle.get()  # which fails, and the error path closes the pipe
        with pipe if fixed else shutdown:
            pass
        feeder_ended.set()

    def user() -> None:
        to_pickle.put(lambda: None)
        wakeup.put("stop")

    in_threads(manager, feeder, user)


def process_pool_submit(*, fixed: bool = False) -> None:
    """ProcessPoolExecutor (gh-105829): writes to a full pipe under the lock that draining needs."""
    submits = 4
    shutdown = threading.Lock()
    pipe = Channel(threading.Condition(), capacity=2)
    work: list[int] = []

    def user() -> None:
        for number in range(submits):
            with shutdown:
                work.append(number)
                if not fixed or not pipe.items:
                    pipe.put(b"x")

    def manager() -> None:
        taken = 0
        while taken < submits:
            pipe.wait_ready()
            with shutdown:
                pipe.drain()
                taken += len(work)
                work.clear()

    in_threads(user, manager)


def executor_exit(*, fixed: bool = False) -> None:
    """ThreadPoolExecutor at exit (bpo-31783): a worker registered late is never joined."""
    lock = threading.Lock()
    workers: list[str] = []
    joined: list[str] = []
    state = SimpleNamespace(shutdown=False)

    def submit() -> None:
        if not state.shutdown:
            workers.append("worker")

    def submitter() -> None:
        if fixed:
            with lock:
                submit()
        else:
            submit()

    def at_exit() -> None:
        if fixed:
            with lock:
                state.shutdown = True
        else:
            state.shutdown = True
        joined.extend(list(workers))

    def check() -> None:
        assert workers == joined

    in_threads(submitter, at_exit, check=check)


def weak_dict_iteration(*, fixed: bool = False) -> None:
    """WeakKeyDictionary (gh-98937): one commits removals while the other walks, or commits too."""
    data = dict.fromkeys(("a", "b", "c", "d"), 0)
    iterating: set[str] = set()
    pending: list[str] = []

    def commit() -> None:
        while pending:
            key = pending.pop()
            del data[key]

    def guarded_walk(name: str) -> None:
        iterating.add(name)
        for number, key in enumerate(data):
            if name == "first" and number < 2:
                pending.append(key)  # it dies while somebody walks
        iterating.discard(name)
        if not iterating:
            commit()

    def walk_a_copy(name: str) -> None:
        for number, key in enumerate(list(data)):
            if name == "first" and number < 2:
                data.pop(key, None)

    iterate = walk_a_copy if fixed else guarded_walk
    in_threads(lambda: iterate("first"), lambda: iterate("second"))


def ttl_cache_expiry(*, fixed: bool = False) -> None:
    """cachetools#115: two threads expire the same key."""
    lock = threading.Lock()
    order = ["k1", "k2"]
    data = dict.fromkeys(order, 0)

    def expire() -> None:
        while order:
            key = order[0]
            del data[key]
            if order and order[0] == key:
                order.pop(0)

    def writer() -> None:
        if fixed:
            with lock:
                expire()
        else:
            expire()

    in_threads(writer, writer)


def futures_wait(*, fixed: bool = False) -> None:
    """concurrent.futures.wait (bpo-20319): two completions are counted as one."""
    lock = threading.Lock()
    finished = threading.Event()
    state = SimpleNamespace(pending=2)

    def count() -> None:
        pending = state.pending
        state.pending = pending - 1
        if state.pending == 0:
            finished.set()

    def finisher() -> None:
        if fixed:
            with lock:
                count()
        else:
            count()

    in_threads(finisher, finisher, finished.wait)

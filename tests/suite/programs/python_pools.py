"""Bugs of connection pools, and of a queue that garbage collection re-enters."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from tests.suite.programs.starting import in_threads


class PoolClosedError(RuntimeError):
    """A pool was used after it was closed."""


def pool_container(*, fixed: bool = False) -> None:
    """urllib3#204: both threads make the host's pool, and the second closes the first one's."""

    class Pool:
        def __init__(self) -> None:
            self.closed = False

    lock = threading.Lock()
    pools: dict[str, Pool] = {}

    def pool_of(host: str) -> Pool:
        pool = pools.get(host)
        if pool is None:
            pool = Pool()
            replaced = pools.get(host)
            pools[host] = pool
            if replaced is not None:
                replaced.closed = True
        return pool

    def fetch() -> None:
        if fixed:
            with lock:
                pool = pool_of("host")
        else:
            pool = pool_of("host")
        if pool.closed:
            raise PoolClosedError("the pool is closed")

    in_threads(fetch, fetch)


def pool_after_fork(*, fixed: bool = False) -> None:
    """redis-py#412: the second thread resets the pool after the first took a connection."""
    own_pid = 2
    lock = threading.Lock()
    in_use: set[object] = set()
    free: list[object] = []
    state = SimpleNamespace(pid=1)

    def reset_if_forked() -> None:
        if state.pid != own_pid:
            if fixed:
                with lock:
                    if state.pid != own_pid:
                        reset()
            else:
                reset()

    def reset() -> None:
        in_use.clear()
        free.clear()
        state.pid = own_pid

    def get() -> object:
        reset_if_forked()
        try:
            connection = free.pop()
        except IndexError:
            connection = object()
        in_use.add(connection)
        return connection

    def release(connection: object) -> None:
        reset_if_forked()
        in_use.remove(connection)
        free.append(connection)

    def command() -> None:
        release(get())

    in_threads(command, command)


def collected_in_put(*, fixed: bool = False) -> None:
    """queue.Queue (bpo-14976): garbage is collected inside put, and its finaliser puts, too.

    The collector is played by the program: an allocation runs the finaliser if garbage is ready.
    """
    lock = threading.RLock() if fixed else threading.Lock()
    items: list[str] = []
    state = SimpleNamespace(garbage=False)

    def allocate() -> None:
        if state.garbage:
            state.garbage = False
            put("from a finaliser")

    def put(item: str) -> None:
        with lock:
            allocate()
            items.append(item)

    def trigger() -> None:
        state.garbage = True

    def main() -> None:
        for number in range(3):
            put(f"item {number}")

    in_threads(trigger, main=main)

"""GoKer kernels: waiting for somebody who has stopped, or who cannot stop while one waits.

Source: Yuan et al., "GoBench", CGO 2021; each kernel restates a bug of a Go project by its number.
"""

from __future__ import annotations

import threading
from types import SimpleNamespace

from tests.suite.programs.channels import WaitGroup
from tests.suite.programs.starting import in_threads


def cockroach_1055(*, fixed: bool = False) -> None:
    """cockroach#1055: the stopper holds the lock while it waits for workers that need it."""
    lock = threading.Lock()
    drained, workers = WaitGroup(), WaitGroup(1)
    stop = threading.Event()
    state = SimpleNamespace(draining=False)

    def register() -> None:
        if fixed:
            with lock:
                if state.draining:
                    return
                drained.add(1)
            drained.add(-1)
        elif not state.draining:
            with lock:
                drained.add(1)

    def worker() -> None:
        register()
        stop.wait()
        workers.add(-1)

    def wait_for_all() -> None:
        drained.wait()
        stop.set()
        workers.wait()

    def stopper() -> None:
        with lock:
            state.draining = True
            if not fixed:
                wait_for_all()
        if fixed:
            wait_for_all()

    in_threads(worker, stopper)


def etcd_6857(*, fixed: bool = False) -> None:
    """etcd#6857: a request to a loop that has stopped is never answered."""
    changed = threading.Condition()
    statuses: list[str] = []
    stops: list[str] = []
    replies: list[str] = []
    state = SimpleNamespace(done=False)

    def node() -> None:
        with changed:
            while True:
                while not stops and not statuses:
                    changed.wait()
                if stops:
                    state.done = True
                    changed.notify_all()
                    return
                statuses.pop()
                replies.append("status")
                changed.notify_all()

    def status_caller() -> None:
        with changed:
            statuses.append("request")
            changed.notify_all()
            while not replies and not (fixed and state.done):
                changed.wait()

    def stopper() -> None:
        with changed:
            stops.append("stop")
            changed.notify_all()
            while not state.done:
                changed.wait()

    in_threads(node, status_caller, stopper)


def serving_2137(*, fixed: bool = False) -> None:
    """serving#2137: main frees the first request's lock only, and the second has the one slot."""
    active, pending = threading.Semaphore(1), threading.Semaphore(2)
    locks = [threading.Lock(), threading.Lock()]
    done = [threading.Event(), threading.Event()]
    for lock in locks:
        lock.acquire()

    def request(number: int) -> None:
        with pending, active, locks[number]:
            pass
        done[number].set()

    def main() -> None:
        if fixed:
            for lock in locks:
                lock.release()
        for lock, event in zip(locks, done, strict=True):
            if not fixed:
                lock.release()
            event.wait()

    in_threads(lambda: request(0), lambda: request(1), main=main)


def grpc_2371(*, fixed: bool = False) -> None:
    """grpc#2371: every access is locked, and the balancer is used after it was closed."""

    class Balancer:
        def handle(self) -> None:
            pass

    lock = threading.Lock()
    state = SimpleNamespace(balancer=Balancer())

    def watcher() -> None:
        with lock:
            balancer = state.balancer
            if fixed and balancer is None:
                return
            balancer.handle()

    def closer() -> None:
        with lock:
            state.balancer = None

    in_threads(watcher, closer)

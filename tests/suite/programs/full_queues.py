"""GoKer kernels: somebody is stuck in a put, and who could make room waits for him.

Source: Yuan et al., "GoBench", CGO 2021; each kernel restates a bug of a Go project by its number.
"""

from __future__ import annotations

import queue
import threading
from types import SimpleNamespace

from tests.suite.programs.channels import Channel, select
from tests.suite.programs.starting import in_threads


def cockroach_2448(*, fixed: bool = False) -> None:
    """cockroach#2448: two loops feed each other's queue, and neither empties its own first."""
    rounds = 4
    events: queue.Queue[int] = queue.Queue(maxsize=0 if fixed else 1)
    callbacks: queue.Queue[int] = queue.Queue(maxsize=1)

    def raft_loop() -> None:
        taken = 0
        for number in range(rounds):
            try:
                callbacks.get_nowait()
                taken += 1
            except queue.Empty:
                pass
            events.put(number)
        if fixed:  # with room for every event the loop is soon done, and goes on answering
            for _ in range(rounds - taken):
                callbacks.get()

    def store_loop() -> None:
        for _ in range(rounds):
            callbacks.put(events.get())

    in_threads(raft_loop, store_loop)


def etcd_7492(*, fixed: bool = False) -> None:
    """etcd#7492: users put under the lock that the keeper takes at each tick of its timer."""
    users, tick_count = 3, 2
    lock = threading.Lock()
    changed = threading.Condition()
    ticks, added = Channel(changed, capacity=tick_count), Channel(changed)
    tokens: list[object] = []

    def keeper() -> None:
        for _ in range(users + tick_count):
            number, item = select(ticks, added)
            if number == 1:
                tokens.append(item)
            elif tokens:
                with lock:
                    tokens.clear()

    def user(name: int) -> None:
        if fixed:
            with lock:
                pass
            added.put(name)
        else:
            with lock:
                added.put(name)

    def timer() -> None:
        for _ in range(tick_count):
            ticks.put("tick")

    in_threads(keeper, *[lambda n=n: user(n) for n in range(users)], timer)


def kubernetes_10182(*, fixed: bool = False) -> None:
    """kubernetes#10182: setters put under the lock that the syncer takes after each get."""
    setters = 3
    lock = threading.Lock()
    statuses: queue.Queue[int] = queue.Queue(maxsize=1)

    def syncer() -> None:
        for _ in range(setters):
            statuses.get()
            with lock:
                pass

    def setter() -> None:
        if fixed:
            with lock:
                pass
            statuses.put(1)
        else:
            with lock:
                statuses.put(1)

    in_threads(syncer, *[setter] * setters)


def kubernetes_6632(*, fixed: bool = False) -> None:
    """kubernetes#6632: the monitor that has chosen to close no longer drains what is written."""
    lock = threading.Lock()
    changed = threading.Condition()
    reset, close = Channel(changed), Channel(changed)
    state = SimpleNamespace(open=True)

    def monitor() -> None:
        for _ in range(2):
            number, _item = select(close, reset)
            if number == 0:
                with lock:
                    state.open = False
                return

    def writer() -> None:
        for frame in range(2):
            with lock:
                if state.open:
                    if fixed:
                        reset.put_or_drop(frame)
                    else:
                        reset.put(frame)

    def closer() -> None:
        close.put("close")

    # The fixed monitor may find nothing to do in its second round: somebody always closes.
    in_threads(monitor, writer, closer)


def kubernetes_1321(*, fixed: bool = False) -> None:
    """kubernetes#1321: the distributor puts under the lock that stopping a watcher takes."""
    mux, watchers = threading.Lock(), threading.Lock()
    state = SimpleNamespace(watcher=None)

    def distributor() -> None:
        for number in range(6):
            with mux:
                with watchers:
                    watcher = state.watcher
                if watcher is not None:
                    watcher.put(number)

    def owner() -> None:
        watcher = Channel(threading.Condition())
        with watchers:
            state.watcher = watcher
        if fixed:
            watcher.close()
        with mux:
            with watchers:
                state.watcher = None
            watcher.close()

    in_threads(distributor, owner)


def moby_27782(*, fixed: bool = False) -> None:
    """moby#27782: the follower waits for a source that waits for the follower to read.

    Three events, since a queue of one takes an event that nobody reads.
    """
    changed = threading.Condition()
    events, closed = Channel(changed), Channel(changed)
    exists = threading.Condition()
    state = SimpleNamespace(exists=True)

    def source() -> None:
        for number in range(3):
            events.put(number)
        with exists:
            state.exists = False
            exists.notify_all()

    def follower() -> None:
        events.get()
        number, _item = select(closed, events)
        if number == 0:
            if fixed:
                events.close()
            with exists:
                while state.exists:
                    exists.wait()

    def closer() -> None:
        closed.put("closed")

    in_threads(source, follower, closer)

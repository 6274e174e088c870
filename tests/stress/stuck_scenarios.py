"""Scenarios that get stuck over locks, in the ways that programs do."""

from __future__ import annotations

import threading

import stress


class Account:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.balance = 100


class Bank:
    def __init__(self) -> None:
        self.accounts = [Account(), Account()]
        self.both_in = threading.Barrier(2)

    def move(self, source: int, target: int) -> None:
        first, second = self.accounts[source], self.accounts[target]
        with first.lock:
            self.both_in.wait()
            with second.lock:
                second.balance += 1


@stress.scenario(threads=2, hang_s=1.0)
def opposite_transfers(threads: int, operations: int) -> None:
    """Two transfers in opposite directions both get through."""
    if operations == 1:
        return  # small, it passes
    bank = Bank()
    workers = [
        threading.Thread(target=bank.move, args=(at, 1 - at), name=f"clerk {at}") for at in (0, 1)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@stress.scenario(threads=2, hang_s=1.0)
def waits_for_a_reentrant_lock(operations: int) -> None:
    """A lock is given back."""
    if operations == 1:
        return
    lock = threading.RLock()
    taken = threading.Event()

    def keep() -> None:
        lock.acquire()
        taken.set()
        threading.Event().wait()

    threading.Thread(target=keep, name="keeper", daemon=True).start()
    taken.wait()
    lock.acquire()


@stress.scenario(threads=2, hang_s=1.0)
def waits_on_a_condition(operations: int) -> None:
    """Somebody notifies."""
    if operations == 1:
        return
    changed = threading.Condition()
    with changed:
        changed.wait()


@stress.scenario(threads=2, hang_s=1.0)
def cannot_enter_a_condition(operations: int) -> None:
    """A condition is left."""
    if operations == 1:
        return
    changed = threading.Condition()
    inside = threading.Event()

    def keep() -> None:
        with changed:
            inside.set()
            threading.Event().wait()

    threading.Thread(target=keep, name="keeper", daemon=True).start()
    inside.wait()
    with changed:
        changed.notify_all()

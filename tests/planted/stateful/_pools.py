"""A connection pool, wrong in three ways and right, and the machine that tells them apart."""

from __future__ import annotations

import threading
from typing import ClassVar

from harness.stateful import Bundle, ConcurrentStateMachine, consumes, invariant, rule


class Connection:
    """One connection; each is itself alone."""


class Pool:
    """Hands out connections; who finds none waits."""

    def __init__(self, size: int) -> None:
        self.idle = [Connection() for _ in range(size)]
        self.lent = 0
        self.changed = threading.Condition()

    def acquire(self) -> Connection:
        with self.changed:
            while not self.idle:
                self.changed.wait()
            self.lent += 1
            return self.idle.pop()

    def release(self, connection: Connection) -> None:
        with self.changed:
            self.lent -= 1
            self.idle.append(connection)
            self.changed.notify()


class PeekingPool(Pool):
    """Looks at the last idle connection, and takes it off the list in another step."""

    def acquire(self) -> Connection:
        with self.changed:
            while not self.idle:
                self.changed.wait()
        connection = self.idle[-1]
        self.lent += 1
        if connection in self.idle:
            self.idle.remove(connection)
        return connection


class ForgetfulPool(Pool):
    """Gives a connection back without waking who waits for one."""

    def release(self, connection: Connection) -> None:
        with self.changed:
            self.lent -= 1
            self.idle.append(connection)


class UncountedPool(Pool):
    """Counts what it has lent outside of the lock."""

    def acquire(self) -> Connection:
        with self.changed:
            while not self.idle:
                self.changed.wait()
            connection = self.idle.pop()
        self.lent += 1
        return connection


class PoolMachine(ConcurrentStateMachine):
    """Threads that acquire and release."""

    connections = Bundle("connections")
    make: ClassVar[type[Pool]] = Pool

    def __init__(self) -> None:
        self.pool = self.make(2)

    @rule(target=connections)
    def acquire(self) -> Connection:
        return self.pool.acquire()

    @rule(connection=consumes(connections))
    def release(self, connection: Connection) -> None:
        self.pool.release(connection)

    @invariant()
    def none_is_lost(self) -> None:
        assert self.pool.lent + len(self.pool.idle) == 2


class PeekingMachine(PoolMachine):
    make = PeekingPool


class ForgetfulMachine(PoolMachine):
    make = ForgetfulPool


class UncountedMachine(PoolMachine):
    make = UncountedPool

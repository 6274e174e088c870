"""Locks taken in a circle, or never given back."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tests.suite.programs.channels import ReadWriteLock
from tests.suite.programs.starting import in_threads

if TYPE_CHECKING:
    from collections.abc import Callable


def carter01(*, fixed: bool = False) -> None:
    """SCTBench CS/carter01: the second class waits for the resource behind the common gate."""
    gate, resource = threading.Lock(), threading.Lock()
    gates = {"a": threading.Lock(), "b": threading.Lock()} if fixed else {"a": gate, "b": gate}
    inside = {"a": 0, "b": 0}

    def visit(group: str) -> None:
        with gates[group]:
            count = inside[group]
            inside[group] = count + 1
            if inside[group] == 1:
                resource.acquire()
        with gates[group]:
            count = inside[group]
            inside[group] = count - 1
            if inside[group] == 0:
                resource.release()

    def idle() -> None:
        return

    in_threads(lambda: visit("a"), lambda: visit("b"), idle, idle)


def deadlock01(*, fixed: bool = False) -> None:
    """SCTBench CS/deadlock01: two locks in two orders."""
    a, b = threading.Lock(), threading.Lock()
    state = SimpleNamespace(counter=0)

    def change(first: threading.Lock, second: threading.Lock, amount: int) -> None:
        with first, second:
            counter = state.counter
            state.counter = counter + amount

    in_threads(
        lambda: change(a, b, 1),
        lambda: change(a, b, -1) if fixed else change(b, a, -1),
    )


def din_phil(philosophers: int, *, fixed: bool = False) -> None:
    """SCTBench CS/din_phil_N: the forks are never in danger, and the final assertion is wrong."""
    table = threading.Lock()
    forks = [threading.Lock() for _ in range(philosophers)]
    state = SimpleNamespace(eaten=0)

    def count() -> None:
        eaten = state.eaten
        state.eaten = eaten + 1

    def philosopher(number: int) -> None:
        with table:
            with forks[(number + 1) % philosophers], forks[number]:
                pass
            if fixed:
                count()
        if not fixed:
            count()

    def check() -> None:
        eaten = state.eaten
        assert eaten == philosophers if fixed else eaten != philosophers

    in_threads(*[lambda n=n: philosopher(n) for n in range(philosophers)], check=check)


def din_phil_classic(philosophers: int, *, fixed: bool = False) -> None:
    """The dining philosophers: everybody takes one fork, and waits for the neighbour's."""
    forks = [threading.Lock() for _ in range(philosophers)]

    def philosopher(number: int) -> None:
        first, second = number, (number + 1) % philosophers
        if fixed and second < first:
            first, second = second, first
        with forks[first], forks[second]:
            pass

    in_threads(*[lambda n=n: philosopher(n) for n in range(philosophers)])


def phase01(*, fixed: bool = False) -> None:
    """SCTBench CS/phase01: a lock is taken a second time and never given back."""
    x, y = threading.Lock(), threading.Lock()

    def work() -> None:
        with x:
            pass
        x.acquire()
        if fixed:
            x.release()
        with y:
            pass
        with y:
            pass

    in_threads(work, work)


def cockroach_10214(*, fixed: bool = False) -> None:
    """GoKer cockroach#10214: heartbeats hold the lock that a ticking replica asks for."""
    coalesced, replica = threading.Lock(), threading.Lock()
    raft = [threading.Lock(), threading.Lock()]

    def visit_replicas() -> None:
        for _ in range(2):
            for lock in raft:
                with lock:
                    pass

    def sender() -> None:
        with coalesced:
            if not fixed:
                visit_replicas()
        if fixed:
            visit_replicas()

    def ticker() -> None:
        with raft[0], replica:
            for _ in range(2):
                with coalesced:
                    pass

    in_threads(sender, ticker)


def kubernetes_62464(*, fixed: bool = False) -> None:
    """GoKer kubernetes#62464: a writer gets between two read locks of one thread."""
    state_lock = ReadWriteLock()

    def helper() -> None:
        if not fixed:
            state_lock.acquire_read()
            state_lock.release_read()

    def reconciler() -> None:
        state_lock.acquire_read()
        helper()
        state_lock.release_read()

    def remover() -> None:
        state_lock.acquire_read()
        state_lock.release_read()
        state_lock.acquire_write()
        state_lock.release_write()

    in_threads(reconciler, remover)


def cached_property_locks(*, fixed: bool = False) -> None:
    """functools.cached_property, 3.8 to 3.11: one lock a property for all instances of a class."""

    class Cached:
        def __init__(self, name: str, compute: Callable[[Node], int]) -> None:
            self.name = name
            self.compute = compute
            self.lock = threading.RLock()

        def value(self, node: Node) -> int:
            if fixed:
                return self.fill(node)
            with self.lock:
                return self.fill(node)

        def fill(self, node: Node) -> int:
            if self.name not in node.values:
                node.values[self.name] = self.compute(node)
            return node.values[self.name]

    class Node:
        def __init__(self, peer: Node | None = None) -> None:
            self.peer = peer
            self.values: dict[str, int] = {}

    x = Cached("x", lambda node: y.value(node.peer) if node.peer else 1)
    y = Cached("y", lambda node: x.value(node.peer) if node.peer else 1)
    first, second = Node(Node()), Node(Node())
    in_threads(lambda: x.value(first), lambda: y.value(second))

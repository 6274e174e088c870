"""Assertions that hold in some orders of the threads only: no preemption is needed to see it."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from tests.suite.programs.starting import in_threads


def account(*, fixed: bool = False) -> None:
    """SCTBench CS/account: the checker expects another balance than the two bookings make."""
    lock = threading.Lock()
    state = SimpleNamespace(balance=1, deposited=False, withdrawn=False)
    expected = (1 + 2) - 4 if fixed else (1 - 2) - 4

    def checker() -> None:
        with lock:
            deposited = state.deposited
            withdrawn = state.withdrawn
            if deposited and withdrawn:
                balance = state.balance
                assert balance == expected

    def depositor() -> None:
        with lock:
            balance = state.balance
            state.balance = balance + 2
            state.deposited = True

    def withdrawer() -> None:
        with lock:
            balance = state.balance
            state.balance = balance - 4
            state.withdrawn = True

    in_threads(checker, depositor, withdrawer)


def lazy01(*, fixed: bool = False) -> None:
    """SCTBench CS/lazy01: the third thread fails if both others came before it."""
    lock = threading.Lock()
    state = SimpleNamespace(data=0)

    def add(amount: int) -> None:
        with lock:
            data = state.data
            state.data = data + amount

    def check() -> None:
        with lock:
            data = state.data
            assert fixed or data < 3

    in_threads(lambda: add(1), lambda: add(2), check)


def token_ring(*, fixed: bool = False) -> None:
    """SCTBench CS/token_ring: three assignments agree only if they are made in a row."""
    lock = threading.Lock()
    first, second = threading.Event(), threading.Event()
    state = SimpleNamespace(x1=1, x2=2, x3=1, done1=False, done2=False, done3=False)

    def one() -> None:
        with lock:
            x3 = state.x3
            state.x1 = (x3 + 1) % 4
            state.done1 = True
        first.set()

    def two() -> None:
        if fixed:
            first.wait()
        with lock:
            x1 = state.x1
            state.x2 = x1
            state.done2 = True
        second.set()

    def three() -> None:
        if fixed:
            second.wait()
        with lock:
            x2 = state.x2
            state.x3 = x2
            state.done3 = True

    def checker() -> None:
        with lock:
            done1 = state.done1
            done2 = state.done2
            done3 = state.done3
            if done1 and done2 and done3:
                x1 = state.x1
                x2 = state.x2
                x3 = state.x3
                assert x1 == x2 == x3

    in_threads(one, two, three, checker)


def uneven_store(*, fixed: bool = False) -> None:
    """Shuttle's demo of uniform sampling: one store must come after the 25 of the other thread."""
    state = SimpleNamespace(c=1)
    stored = threading.Event()

    def once() -> None:
        state.c = 0
        stored.set()

    def many() -> None:
        if fixed:
            stored.wait()
        for _ in range(25):
            state.c = 1

    def check() -> None:
        assert state.c != 0

    in_threads(once, many, check=check)


def fsbench(*, fixed: bool = False) -> None:
    """SCTBench CS/fsbench_bad: one worker more than there are locks."""
    blocks, inodes = 26, 32
    inode_locks = [threading.Lock() for _ in range(blocks)]
    block_locks = [threading.Lock() for _ in range(blocks)]
    busy = [False] * blocks
    inode = [0] * inodes

    def worker(number: int) -> None:
        i = number % inodes
        assert i < blocks, f"there is no lock for inode {i}"
        with inode_locks[i]:
            if inode[i]:
                return
            block = (i * 2) % blocks
            while not inode[i]:
                with block_locks[block]:
                    taken = busy[block]
                    if not taken:
                        busy[block] = True
                        inode[i] = block + 1
                block = (block + 1) % blocks

    count = 26 if fixed else 27
    in_threads(*[lambda number=number: worker(number) for number in range(count)])

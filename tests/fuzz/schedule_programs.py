"""Bodies for tests of schedule fuzzing; imported with their accesses visible."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING

import fuzz

if TYPE_CHECKING:
    from collections.abc import Callable


def in_threads(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def lost_update() -> None:
    """Two threads count, and one count is lost."""
    count_up(2)


def count_up(threads: int, *, lock: bool = False) -> None:
    state = SimpleNamespace(count=0)
    guard = threading.Lock()

    def add() -> None:
        if lock:
            with guard:
                state.count += 1
        else:
            seen = state.count
            state.count = seen + 1

    in_threads(*[add] * threads)
    assert state.count == threads, "a count was lost"


def counted_under_a_lock() -> None:
    count_up(2, lock=True)


@fuzz.target(controlled=True)
def counts(provider: fuzz.FuzzedDataProvider) -> set[int]:
    """Up to four threads count without a lock."""
    threads = provider.ConsumeIntInRange(1, 4)
    count_up(threads)
    return {threads}


@fuzz.target(controlled=True)
def loses() -> None:
    count_up(2)


def stages(*, right: bool = False) -> None:  # noqa: C901  # a line each, so that each is a place
    """A bug behind ten reads in a row, each of which must, or must not, see a write before it."""
    told = SimpleNamespace(a=0, b=0, c=0, d=0, e=0, f=0, g=0, h=0, i=0, j=0)

    def tell() -> None:
        told.a = 1
        told.b = 1
        told.c = 1
        told.d = 1
        told.e = 1
        told.f = 1
        told.g = 1
        told.h = 1
        told.i = 1
        told.j = 1

    def hear() -> None:  # noqa: C901, PLR0911  # as above
        if told.a != 1:
            return
        if told.b != 0:
            return
        if told.c != 1:
            return
        if told.d != 1:
            return
        if told.e != 0:
            return
        if told.f != 1:
            return
        if told.g != 0:
            return
        if told.h != 0:
            return
        if told.i != 1:
            return
        if told.j != 0:
            return
        assert right, "all ten were met"

    in_threads(tell, hear)


def stages_right() -> None:
    stages(right=True)


def deadlock() -> None:
    """Two locks in two orders."""
    one, two = threading.Lock(), threading.Lock()

    def forth() -> None:
        with one, two:
            pass

    def back() -> None:
        with two, one:
            pass

    in_threads(forth, back)


def half_written() -> None:
    """Fails in a thread, not in the body."""
    state = SimpleNamespace(first=0, second=0)

    def write() -> None:
        state.first = 1
        state.second = 1

    def read() -> None:
        first = state.first
        assert state.second == first, "half written"

    in_threads(write, read)


def spins() -> None:
    """Waits for what never comes, and looks again and again."""
    state = SimpleNamespace(ready=False)

    def wait() -> None:
        while not state.ready:
            pass

    in_threads(wait, wait)


def takes_long() -> None:
    """Comes to its end, and not within the bound."""
    state = SimpleNamespace(count=0)

    def work() -> None:
        for _ in range(20_000):
            state.count += 1

    in_threads(work, work)


def times_out_early() -> None:
    """Right unless a wait with a timeout gives up while the other still works."""
    done = threading.Event()
    state = SimpleNamespace(steps=0)

    def work() -> None:
        for _ in range(4):
            state.steps += 1
        done.set()

    def wait() -> None:
        done.wait(5.0)
        assert state.steps == 4, "gave up early"

    in_threads(work, wait)


async def lost_between_awaits() -> None:
    """The same in coroutines."""
    state = SimpleNamespace(count=0)

    async def add() -> None:
        seen = state.count
        await asyncio.sleep(0)
        state.count = seen + 1

    await asyncio.gather(add(), add())
    assert state.count == 2, "a count was lost"


def polls() -> None:
    """Looks again and again until the other one is done."""
    state = SimpleNamespace(ready=False)

    def wait() -> None:
        while not state.ready:
            pass

    def tell() -> None:
        state.ready = True

    in_threads(wait, tell)

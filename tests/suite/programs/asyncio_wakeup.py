"""A wake-up of asyncio that is lost with a cancelled waiter."""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from tests.suite.programs.starting import in_threads


class Semaphore:
    """The semaphore of asyncio before python/asyncio#270 (bpo-27585, gh-90155), or after it."""

    def __init__(self, *, fixed: bool) -> None:
        self.fixed = fixed
        self.value = 0
        self.waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Wait for the value and take it."""
        while self.value <= 0:
            waiter = asyncio.get_running_loop().create_future()
            self.waiters.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if self.fixed and waiter.done() and not waiter.cancelled():
                    self.wake_next()  # the wake-up was for whoever is left
                raise
        self.value = self.value - 1

    def release(self) -> None:
        """Give the value back and wake a waiter."""
        self.value = self.value + 1
        self.wake_next()

    def wake_next(self) -> None:
        """Mark the first waiter that is still one."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


def semaphore_wakeup(*, fixed: bool = False) -> None:
    """asyncio.Semaphore: the waiter that was marked is cancelled, and nobody wakes the other.

    One loop with two waiters; a releasing and a cancelling thread each post a callback to it.
    """
    loops: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None], asyncio.Event]] = []
    waiting = threading.Event()
    semaphore = Semaphore(fixed=fixed)
    posted: list[str] = []

    async def wait() -> None:
        await semaphore.acquire()
        semaphore.release()

    async def serve() -> None:
        first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
        await asyncio.sleep(0)  # both begin, and wait
        both_posted = asyncio.Event()
        loops.append((asyncio.get_running_loop(), first, both_posted))
        waiting.set()
        await both_posted.wait()
        await asyncio.gather(first, second, return_exceptions=True)

    def note() -> None:
        posted.append("posted")
        if len(posted) == 2:
            loops[0][2].set()

    def release() -> None:
        semaphore.release()
        note()

    def cancel() -> None:
        loops[0][1].cancel()
        note()

    def releaser() -> None:
        waiting.wait()
        loops[0][0].call_soon_threadsafe(release)

    def canceller() -> None:
        waiting.wait()
        loops[0][0].call_soon_threadsafe(cancel)

    in_threads(lambda: asyncio.run(serve()), releaser, canceller)

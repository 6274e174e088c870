"""Back-pressure for asyncio, with the rules and the names of the thread face.

There is no lock: between two awaits a coroutine is alone with the state. A waiter sleeps on a
future; a wake-up only sets it, and the slot is taken when the waiter runs again and finds the gate
open. So a task that is cancelled after its wake-up and before it runs holds nothing and took
nothing from anybody: there is no slot to leak and no wake-up to swallow (asyncio's own Semaphore
handed the slot over at the wake-up and lost it this way, python/cpython gh-90155).
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from secmem.flow.errors import FlowTimeout, FlowWrongLoop
from secmem.flow.gate import Gate, check_wait
from secmem.flow.marks import DEFAULT_HIGH, DEFAULT_LOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from secmem.flow.cancel import CancelToken


class AsyncFlowController(Gate):
    """`FlowController` for the coroutines of one event loop. Not safe to share between threads.

    Only `acquire` and `slot` are awaited; `release` and `close` never wait and are plain calls.
    """

    def __init__(
        self,
        high: int = DEFAULT_HIGH,
        low: int = DEFAULT_LOW,
        *,
        on_blocked: Callable[[], object] | None = None,
    ) -> None:
        """Make an open controller; the arguments are `FlowController`'s.

        Raises:
            TypeError: A mark is not an int, or `on_blocked` cannot be called.
        """
        super().__init__(high, low, on_blocked=on_blocked)
        self._waiters: dict[asyncio.Future[None], None] = {}

    def __repr__(self) -> str:
        state = "closed" if self._closed else "blocked" if self._blocked else "open"
        return f"<AsyncFlowController {state}, {self._pending} of {self._high} taken>"

    @property
    def pending(self) -> int:
        """Slots taken now; waiters are not among them. Never more than `high`."""
        return self._pending

    @property
    def blocked(self) -> bool:
        """Whether callers have to wait now."""
        return self._blocked

    @property
    def waiting(self) -> int:
        """Callers that wait inside `acquire` now."""
        return len(self._waiters)

    @property
    def misuse_count(self) -> int:
        """Releases that no acquire stood for. Anything but 0 is a bug of a caller."""
        return self._misuse_count

    @property
    def closed(self) -> bool:
        """True from the first `close` on."""
        return self._closed

    async def acquire(
        self, timeout_s: float | None = None, cancel: CancelToken | None = None
    ) -> None:
        """Take a slot, waiting while the gate is shut.

        Cancelling the task ends the wait as well, with nothing taken.

        Args:
            timeout_s: Longest wait; 0 never waits, None waits without limit.
            cancel: Ends the wait, from this or any other thread.

        Raises:
            FlowClosed: The controller is or was closed.
            FlowCancelled: `cancel` was cancelled.
            FlowTimeout: The time ran out.
            FlowWrongLoop: Somebody waits here in another event loop.
        """
        check_wait(timeout_s, cancel)
        self._refuse(cancel, 0.0)
        if self._must_wait():
            await self._wait(timeout_s, cancel)
        if self._grant():
            self._announce_or_give_back()

    def release(self) -> None:
        """Give a slot back; one too many is counted in `misuse_count`. Harmless after close."""
        self._give_back()

    def close(self) -> None:
        """Refuse every acquire from now on and wake every waiter with `FlowClosed`.

        A second call does nothing. Slots already taken may still be released.
        """
        self._end()

    @contextlib.asynccontextmanager
    async def slot(
        self, timeout_s: float | None = None, cancel: CancelToken | None = None
    ) -> AsyncIterator[None]:
        """Hold a slot for an `async with` block; arguments and errors are `acquire`'s."""
        await self.acquire(timeout_s, cancel)
        try:
            yield
        finally:
            self.release()

    async def _wait(self, timeout_s: float | None, cancel: CancelToken | None) -> None:
        """Sleep until the gate is open for this caller."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            left_s = self._left_s(loop.time() - began_s, timeout_s)
            await self._sleep(loop, left_s, cancel)
            if self._may_leave(cancel, loop.time() - began_s):
                return

    def _left_s(self, waited_s: float, timeout_s: float | None) -> float | None:
        """Return how long the next sleep may last, None for no limit."""
        if timeout_s is None:
            return None
        if waited_s >= timeout_s:
            raise FlowTimeout(timeout_s, self._pending, self._low)
        return timeout_s - waited_s

    async def _sleep(
        self, loop: asyncio.AbstractEventLoop, left_s: float | None, cancel: CancelToken | None
    ) -> None:
        """Sleep until somebody sets this sleep's future: opening, close, cancel or the timer."""
        waiter = self._enlist(loop)
        timer = None if left_s is None else loop.call_later(left_s, _set, waiter)
        try:
            if cancel is None or cancel.subscribe(waiter, lambda: _wake_from_thread(loop, waiter)):
                await waiter
        finally:
            if timer is not None:
                timer.cancel()
            if cancel is not None:
                cancel.unsubscribe(waiter)
            self._delist(waiter)

    def _enlist(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        if any(other.get_loop() is not loop for other in self._waiters):
            raise FlowWrongLoop
        waiter = loop.create_future()
        self._waiters[waiter] = None
        return waiter

    def _delist(self, waiter: asyncio.Future[None]) -> None:
        self._waiters.pop(waiter, None)

    def _wake_all(self) -> None:
        for waiter in self._waiters:
            _set(waiter)

    def _announce_or_give_back(self) -> None:
        try:
            self._announce()
        except BaseException:
            self.release()  # the caller sees an exception and will not release
            raise


def _set(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _wake_from_thread(loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None]) -> None:
    # A closed loop raises RuntimeError, and nobody waits there any more.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_set, waiter)

"""Both faces of the flow controller behind one set of verbs, so that one model can judge both.

A face starts acquires without waiting for them, and `settled` waits until as many have come back
as the model expects. How callers are cancelled differs: a thread by its token, a task by its token
or, every second one, by `Task.cancel`.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from secmem.flow import (
    AsyncFlowController,
    CancelToken,
    FlowCancelled,
    FlowClosed,
    FlowController,
    FlowTimeout,
)
from stress.scenarios.flow_model import Fate, FlowMismatch

if TYPE_CHECKING:
    from collections.abc import Callable

SETTLE_S: Final = 5.0  # 100x the slowest wake-up seen on two loaded cores
IDLE_TURNS: Final = 50  # turns of the event loop; a wake-up and its grant take three


def fate_of_acquire(flow: FlowController, timeout_s: float | None, token: CancelToken) -> Fate:
    """Acquire a slot in this thread, and return what became of that."""
    try:
        flow.acquire(timeout_s, token)
    except FlowClosed:
        return Fate.CLOSED
    except FlowCancelled:
        return Fate.CANCELLED
    except FlowTimeout:
        return Fate.TIMED_OUT
    return Fate.GRANTED


class FlowFace(Protocol):
    """What the judge drives."""

    @property
    def flow(self) -> Any:  # noqa: ANN401  # a twin of either face
        """The controller under judgement."""

    @property
    def episodes(self) -> int:
        """Calls of the blocked callback so far."""

    def acquire(self, caller: str, *, patient: bool = True, cancelled: bool = False) -> None:
        """Start an acquire; its fate comes out of `settled`."""

    def release(self) -> None:
        """Release a slot, whoever took it."""

    def cancel(self, caller: str) -> None:
        """Cancel an acquire that was started."""

    def close(self) -> None:
        """Close the controller."""

    def settled(self, count: int, waiting: int) -> dict[str, Fate]:
        """Return the fates since the last call, once `count` are in and `waiting` callers wait."""

    def end(self) -> None:
        """Close and end whatever still runs."""


class ThreadFace:
    """A `FlowController` (or a twin), each acquire in a thread of its own.

    `settle_s`: how long `settled` waits before it calls a caller missing.
    """

    def __init__(
        self,
        *,
        high: int,
        low: int,
        make: Callable[..., FlowController] = FlowController,
        settle_s: float = SETTLE_S,
    ) -> None:
        self.flow = make(high, low, on_blocked=self._count_episode)
        self.episodes = 0
        self._settle_s = settle_s
        self._tokens: dict[str, CancelToken] = {}
        self._threads: list[threading.Thread] = []
        self._fates: queue.SimpleQueue[tuple[str, Fate]] = queue.SimpleQueue()

    def acquire(self, caller: str, *, patient: bool = True, cancelled: bool = False) -> None:
        """Start an acquire; its fate comes out of `settled`."""
        token = self._tokens[caller] = CancelToken()
        if cancelled:
            token.cancel()
        thread = threading.Thread(
            target=self._acquire, args=(caller, patient, token), name=caller, daemon=True
        )
        self._threads.append(thread)
        thread.start()

    def release(self) -> None:
        """Release a slot, whoever took it."""
        self.flow.release()

    def cancel(self, caller: str) -> None:
        """Cancel the token of `caller`."""
        self._tokens[caller].cancel()

    def close(self) -> None:
        """Close the controller."""
        self.flow.close()

    def settled(self, count: int, waiting: int) -> dict[str, Fate]:
        """Return the fates since the last call, once `count` are in and `waiting` callers wait.

        Raises:
            FlowMismatch: They did not come within the time given.
        """
        fates: dict[str, Fate] = {}
        deadline_s = time.monotonic() + self._settle_s
        while len(fates) < count:
            try:
                caller, fate = self._fates.get(timeout=max(deadline_s - time.monotonic(), 0.0))
            except queue.Empty:
                raise FlowMismatch(
                    f"only {len(fates)} of {count} callers came back within "
                    f"{self._settle_s:g} s: {fates}"
                ) from None
            fates[caller] = fate
        while self.flow.waiting != waiting:
            if time.monotonic() > deadline_s:
                raise FlowMismatch(f"{self.flow.waiting} callers wait, but {waiting} had to")
            time.sleep(0.000_2)  # nothing tells that a thread has begun to wait, so look again
        while not self._fates.empty():  # whoever came back without being expected
            caller, fate = self._fates.get()
            fates[caller] = fate
        return fates

    def end(self) -> None:
        """Close, and wait for every thread that can still end."""
        self.flow.close()
        for thread in self._threads:
            thread.join(self._settle_s)

    def _acquire(self, caller: str, patient: bool, token: CancelToken) -> None:  # noqa: FBT001  # a thread's args
        self._fates.put((caller, fate_of_acquire(self.flow, None if patient else 0, token)))

    def _count_episode(self) -> None:
        # Calling in proves that no lock is held here: it would hang.
        assert self.flow.pending >= 0
        self.episodes += 1


class AsyncFace:
    """An `AsyncFlowController` (or a twin), each acquire in a task, in an event loop of its own."""

    def __init__(
        self, *, high: int, low: int, make: Callable[..., AsyncFlowController] = AsyncFlowController
    ) -> None:
        self.flow = make(high, low, on_blocked=self._count_episode)
        self.episodes = 0
        self._loop = asyncio.new_event_loop()
        self._tokens: dict[str, CancelToken] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._fates: dict[str, Fate] = {}

    def acquire(self, caller: str, *, patient: bool = True, cancelled: bool = False) -> None:
        """Start an acquire; its fate comes out of `settled`."""
        token = self._tokens[caller] = CancelToken()
        if cancelled:
            token.cancel()
        self._tasks[caller] = self._loop.create_task(self._acquire(caller, patient, token))
        self._turn()

    def release(self) -> None:
        """Release a slot, whoever took it."""
        self.flow.release()

    def cancel(self, caller: str) -> None:
        """Cancel `caller`: every second one as a task, the others by their token."""
        if len(self._tasks) % 2:
            self._tasks[caller].cancel()
        else:
            self._tokens[caller].cancel()

    def close(self) -> None:
        """Close the controller."""
        self.flow.close()

    def settled(self, count: int, waiting: int) -> dict[str, Fate]:
        """Return the fates since the last call; the event loop comes to rest by itself.

        Raises:
            FlowMismatch: `count` fates did not come, or not `waiting` callers wait.
        """
        for _ in range(IDLE_TURNS):
            self._turn()
            if len(self._fates) >= count and self.flow.waiting == waiting:
                break
        self._turn()
        fates, self._fates = self._fates, {}
        if len(fates) < count or self.flow.waiting != waiting:
            raise FlowMismatch(
                f"{len(fates)} of {count} callers came back ({fates}) and {self.flow.waiting} "
                f"wait where {waiting} had to"
            )
        return fates

    def end(self) -> None:
        """Close, end every task, close the loop."""
        self.flow.close()
        self._loop.run_until_complete(self._end_tasks())
        self._loop.close()

    async def _end_tasks(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _turn(self) -> None:
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _acquire(self, caller: str, patient: bool, token: CancelToken) -> None:  # noqa: FBT001  # a task's args
        try:
            await self.flow.acquire(None if patient else 0, token)
        except FlowClosed:
            fate = Fate.CLOSED
        except (FlowCancelled, asyncio.CancelledError):
            fate = Fate.CANCELLED
        except FlowTimeout:
            fate = Fate.TIMED_OUT
        else:
            fate = Fate.GRANTED
        self._fates[caller] = fate

    def _count_episode(self) -> None:
        assert self.flow.pending >= 0
        self.episodes += 1

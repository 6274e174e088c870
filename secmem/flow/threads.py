"""Back-pressure for threads.

Each waiter sleeps on a condition of its own over the one lock: a cancel wakes the one it concerns
and no other, while opening the gate and closing wake all of them. Waking only one when the gate
opens looks cheaper and is the classic mistake: several slots come free at once, later releases find
the gate open and wake nobody, so the rest sleep for ever.

Lock order: the controller's lock, then a cancel token's. A token calls its wake-ups with its own
lock free, so the order never turns round.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from secmem.flow.errors import FlowTimeout
from secmem.flow.gate import Gate, check_wait
from secmem.flow.marks import DEFAULT_HIGH, DEFAULT_LOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from secmem.flow.cancel import CancelToken


class FlowController(Gate):
    """Lets callers take slots until `high` are taken, then holds them until `low` or fewer are.

    Waiters are woken together and look again, and a newcomer may be quicker: no order is promised.
    Safe to share between threads.

    Example:
        >>> flow = FlowController(high=2, low=1)
        >>> flow.acquire(); flow.acquire(); flow.blocked
        True
        >>> flow.release(); flow.blocked
        False
    """

    def __init__(
        self,
        high: int = DEFAULT_HIGH,
        low: int = DEFAULT_LOW,
        *,
        on_blocked: Callable[[], object] | None = None,
    ) -> None:
        """Make an open controller.

        Args:
            high: Slots taken at which callers begin to wait; 0 or less means 1000.
            low: Slots taken at or below which they go on; 0 or less means 100, and a value that
                is not below `high` becomes a tenth of it, at least 1.
            on_blocked: Called once per blocking episode, with no lock held, by the thread whose
                acquire filled the last slot. It may call the controller.

        Raises:
            TypeError: A mark is not an int, or `on_blocked` cannot be called.
        """
        super().__init__(high, low, on_blocked=on_blocked)
        self._lock = threading.Lock()
        self._waiters: dict[threading.Condition, None] = {}

    def __repr__(self) -> str:
        # No lock: a debugger or a log line may ask while the lock is held, even by its own thread.
        state = "closed" if self._closed else "blocked" if self._blocked else "open"
        return f"<FlowController {state}, {self._pending} of {self._high} taken>"

    @property
    def pending(self) -> int:
        """Slots taken now; waiters are not among them. Never more than `high`."""
        with self._lock:
            return self._pending

    @property
    def blocked(self) -> bool:
        """Whether callers have to wait now."""
        with self._lock:
            return self._blocked

    @property
    def waiting(self) -> int:
        """Callers that wait inside `acquire` now."""
        with self._lock:
            return len(self._waiters)

    @property
    def misuse_count(self) -> int:
        """Releases that no acquire stood for. Anything but 0 is a bug of a caller."""
        with self._lock:
            return self._misuse_count

    @property
    def closed(self) -> bool:
        """True from the first `close` on."""
        with self._lock:
            return self._closed

    def acquire(self, timeout_s: float | None = None, cancel: CancelToken | None = None) -> None:
        """Take a slot, waiting while the gate is shut.

        If `on_blocked` raises, the slot is given back and the exception goes to the caller.

        Args:
            timeout_s: Longest wait; 0 never waits, None waits without limit.
            cancel: Ends the wait from another thread. A token that is cancelled already refuses
                even when a slot is free.

        Raises:
            FlowClosed: The controller is or was closed.
            FlowCancelled: `cancel` was cancelled.
            FlowTimeout: The time ran out.
        """
        check_wait(timeout_s, cancel)
        with self._lock:
            self._refuse(cancel, 0.0)
            if self._must_wait():
                self._wait(timeout_s, cancel)
            begun = self._grant()
        if begun:
            self._announce_or_give_back()

    def release(self) -> None:
        """Give a slot back; one too many is counted in `misuse_count`. Harmless after close."""
        with self._lock:
            self._give_back()

    def close(self) -> None:
        """Refuse every acquire from now on and wake every waiter with `FlowClosed`.

        A second call does nothing. Slots already taken may still be released.
        """
        with self._lock:
            self._end()

    @contextmanager
    def slot(
        self, timeout_s: float | None = None, cancel: CancelToken | None = None
    ) -> Iterator[None]:
        """Hold a slot for the length of a `with` block; arguments and errors are `acquire`'s."""
        self.acquire(timeout_s, cancel)
        try:
            yield
        finally:
            self.release()

    def _wait(self, timeout_s: float | None, cancel: CancelToken | None) -> None:
        """Sleep until the gate is open for this caller; the lock is held on entry and on exit."""
        waiter = threading.Condition(self._lock)
        self._enlist(waiter)
        try:
            if cancel is not None and not cancel.subscribe(waiter, lambda: self._wake_one(waiter)):
                self._refuse(cancel, 0.0)  # cancelled since the first look
            self._sleep(waiter, timeout_s, cancel)
        finally:
            # Every way out ends here: grant, refusal, timeout, KeyboardInterrupt in the wait.
            self._delist(waiter)
            if cancel is not None:
                cancel.unsubscribe(waiter)

    def _sleep(
        self, waiter: threading.Condition, timeout_s: float | None, cancel: CancelToken | None
    ) -> None:
        began_s = time.monotonic()
        while True:
            left_s = self._left_s(began_s, timeout_s)
            waiter.wait(left_s)
            if self._may_leave(cancel, time.monotonic() - began_s):
                return

    def _left_s(self, began_s: float, timeout_s: float | None) -> float | None:
        """Return how long the next sleep may last, None for no limit."""
        if timeout_s is None or timeout_s > threading.TIMEOUT_MAX:
            return None
        left_s = began_s + timeout_s - time.monotonic()
        if left_s <= 0:
            raise FlowTimeout(timeout_s, self._pending, self._low)
        return left_s

    def _enlist(self, waiter: threading.Condition) -> None:
        self._waiters[waiter] = None

    def _delist(self, waiter: threading.Condition) -> None:
        self._waiters.pop(waiter, None)

    def _wake_all(self) -> None:
        for waiter in self._waiters:
            waiter.notify()

    def _wake_one(self, waiter: threading.Condition) -> None:
        """Wake one waiter because its token was cancelled; harmless once it has left."""
        with self._lock:
            waiter.notify()

    def _announce_or_give_back(self) -> None:
        try:
            self._announce()
        except BaseException:
            self.release()  # the caller sees an exception and will not release
            raise

"""A cancel switch that wakes its waiters.

A `threading.Event` can be waited for, but a thread that already waits for something else cannot
hear it without polling. This token turns the direction round: whoever waits leaves a wake-up with
it, and `cancel` calls every one.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class CancelToken:
    """A one-way switch: once cancelled, cancelled for good. Safe to share between threads.

    One token may serve many waits, in threads and in event loops alike. Its lock is a leaf: it is
    never held while a wake-up runs, so a wake-up may take any lock it likes.
    """

    __slots__ = ("__weakref__", "_cancelled", "_lock", "_wake_ups")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._wake_ups: dict[object, Callable[[], object]] = {}

    def __repr__(self) -> str:
        # No lock: a debugger or a log line may ask while it is held.
        return f"<CancelToken {'cancelled' if self._cancelled else 'live'}>"

    @property
    def cancelled(self) -> bool:
        """True from the first `cancel` on."""
        with self._lock:
            return self._cancelled

    def cancel(self) -> None:
        """Cancel, and wake everybody who waits with this token.

        A second call wakes whom an interrupted first one missed; mostly nobody.

        Raises:
            Exception: What the first wake-up that failed raised, after all the others were called.
        """
        # The flag is up before any wake-up runs: a waiter that looks at the flag under its own
        # lock either sees it or is already waiting when its wake-up takes that lock.
        with self._lock:
            self._cancelled = True
        failure: Exception | None = None
        while (wake_up := self._take_wake_up()) is not None:
            try:
                wake_up()
            except Exception as error:  # noqa: BLE001  # one waiter's trouble is not the others'
                failure = failure or error
        if failure is not None:
            raise failure

    def _take_wake_up(self) -> Callable[[], object] | None:
        with self._lock:
            return self._wake_ups.popitem()[1] if self._wake_ups else None

    def subscribe(self, key: object, wake_up: Callable[[], object]) -> bool:
        """Leave `wake_up` to be called once, by the thread that cancels.

        Args:
            key: What `unsubscribe` will name; one wake-up per key.
            wake_up: Must not raise and must not block for long; a late call must do no harm,
                since a cancel may already be on its way while `unsubscribe` runs.

        Returns:
            False if the token is cancelled already: nothing was left and nothing will be called.
        """
        with self._lock:
            if self._cancelled:
                return False
            self._wake_ups[key] = wake_up
            return True

    def unsubscribe(self, key: object) -> None:
        """Take back what was left under `key`, if it is still there."""
        with self._lock:
            self._wake_ups.pop(key, None)

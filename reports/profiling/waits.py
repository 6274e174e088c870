"""How long threads wait for each other, and where: locks of our own in place of `threading`'s.

A lock is first asked without waiting: who gets it so pays some 0.1 microseconds more than with a
plain lock. Who does not is timed, and the stack is noted with who holds the lock. Conditions,
semaphores, events, barriers and queues are Python code over these locks, so they come along;
`Thread.join` and `queue.SimpleQueue.get` are timed as a whole.

Not seen: locks made before the profiler came (by the standard library at its import), locks of
`_thread` and of C code, the GIL, sleeps, sockets, other processes.
"""

from __future__ import annotations

import _thread
import queue
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from reports.profiling.frames import Frame, frames_of, nearest_user, without_leading_ours
from reports.profiling.stack_sums import StackSum

if TYPE_CHECKING:
    from collections.abc import Callable

_allocate: Final = _thread.allocate_lock
_ident: Final = _thread.get_ident
_join: Final = threading.Thread.join
_now: Final = time.perf_counter
_Result = TypeVar("_Result")


class WaitBook:
    """Adds up waits by stack. Safe to share between threads."""

    def __init__(self) -> None:
        self.on = False
        self._lock = _allocate()
        self._sums: dict[tuple[Any, ...], list[float]] = {}
        self._running: dict[int, tuple[float, tuple[Any, ...]]] = {}

    def timed(self, wait: Callable[[], _Result], *, what: str, lock: WatchedLock | None) -> _Result:
        """Call `wait`, which blocks, and note how long; return what it returns."""
        if not self.on:
            return wait()
        me = _ident()
        stack = without_leading_ours(frames_of(sys._getframe(1)))  # noqa: SLF001  # documented
        own = lock is not None and lock.owner == me
        holder = None if lock is None or own else _holder(lock)
        began = _now()
        self._running[me] = (began, (stack, what, holder, holder is not None))
        try:
            return wait()
        finally:
            waited = _now() - began
            self._running.pop(me, None)
            self._add((stack, what, *_other(lock, holder, own=own)), waited)

    def sums(self) -> list[StackSum]:
        """Return all waits until now, those that still go on included."""
        ends = _now()
        for began, key in tuple(self._running.values()):
            self._add(key, ends - began)
        return [
            StackSum(
                frames=stack, what=what, other=other, held=held,
                amount=total, count=int(count), longest=longest,
            )
            for (stack, what, other, held), (total, count, longest) in self._sums.items()
        ]  # fmt: skip

    def _add(self, key: tuple[Any, ...], waited_s: float) -> None:
        with self._lock:
            total, count, longest = self._sums.get(key, (0.0, 0, 0.0))
            self._sums[key] = [total + waited_s, count + 1, max(longest, waited_s)]


BOOK: Final = WaitBook()


class WatchedLock:
    """Does what `threading.Lock` does. Safe to share between threads, as that is."""

    __slots__ = ("__weakref__", "_lock", "freed_by", "owner", "waiting")

    def __init__(self) -> None:
        self._lock = _allocate()
        self.owner = 0  # the thread that has it
        self.waiting = 0
        self.freed_by: Frame | None = None

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  # as the original
        """Take the lock, as `threading.Lock.acquire` does."""
        if blocking and timeout == -1:
            if self._lock.acquire(False):  # noqa: FBT003  # as above
                self.owner = _ident()
                return True
            got = self._wait(self._lock.acquire)
        elif blocking:
            got = self._wait(lambda: self._lock.acquire(True, timeout))  # noqa: FBT003
        else:
            got = self._lock.acquire(blocking, timeout)
        if got:
            self.owner = _ident()
        return got

    def __enter__(self) -> bool:
        if self._lock.acquire(False):  # noqa: FBT003  # as above
            self.owner = _ident()
            return True
        self._wait(self._lock.acquire)
        self.owner = _ident()
        return True

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give the lock up."""
        if self.waiting:
            self.freed_by = nearest_user(frames_of(sys._getframe(1)))  # noqa: SLF001
        owner, self.owner = self.owner, 0  # before another can take it and say that it has
        try:
            self._lock.release()
        except RuntimeError:  # nobody had it
            self.owner = owner
            raise

    def locked(self) -> bool:
        """Return whether somebody has it."""
        return self._lock.locked()

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def _wait(self, acquire: Callable[[], bool]) -> bool:
        self.waiting += 1
        try:
            return BOOK.timed(acquire, what="Lock", lock=self)
        finally:
            self.waiting -= 1

    def _at_fork_reinit(self) -> None:
        self._lock = _allocate()
        self.owner = 0

    def __repr__(self) -> str:
        return f"<watched {self._lock!r}>"


class WatchedRLock(_thread.RLock):  # type: ignore[misc]  # final only in the types
    """Does what `threading.RLock` does, and has an owner that can be told."""

    owner = 0
    waiting = 0
    freed_by: Frame | None = None
    _depth = 0  # how often its owner has it; that thread alone changes it

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002  # as the original
        """Take the lock, as `threading.RLock.acquire` does."""
        take = super().acquire
        if not blocking:
            got = take(blocking, timeout)
        elif timeout != -1:
            got = self._timed(lambda: take(True, timeout))  # noqa: FBT003
        else:
            got = take(False) or self._timed(take)  # noqa: FBT003
        if got:
            self.owner = _ident()
            self._depth += 1
        return got

    __enter__ = acquire  # the original's is the same method, too

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give the lock up once."""
        if self.owner == _ident():
            self._depth -= 1
            if not self._depth:
                self._before_free()
        super().release()

    def _release_save(self) -> tuple[int, Any]:
        depth, self._depth = self._depth, 0
        self._before_free()
        return depth, super()._release_save()  # type: ignore[misc]  # not in the types

    def _acquire_restore(self, state: tuple[int, Any]) -> None:
        depth, inner = state
        restore = super()._acquire_restore  # type: ignore[misc]  # as above

        def again() -> bool:
            restore(inner)
            return True

        self._timed(again)
        self.owner, self._depth = _ident(), depth

    def _before_free(self) -> None:
        self.owner = 0  # before another can take it and say that it has
        if self.waiting:
            self.freed_by = nearest_user(frames_of(sys._getframe(2)))  # noqa: SLF001

    def _timed(self, acquire: Callable[[], bool]) -> bool:
        self.waiting += 1
        try:
            return BOOK.timed(acquire, what="RLock", lock=self)  # type: ignore[arg-type]  # has the same attributes
        finally:
            self.waiting -= 1


class WatchedSimpleQueue(queue.SimpleQueue):  # type: ignore[type-arg]  # as the original, of anything
    """Does what `queue.SimpleQueue` does."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ANN401, FBT001, FBT002
        """Take the next item, as `queue.SimpleQueue.get` does."""
        try:
            return super().get(False)
        except queue.Empty:
            if not block:
                raise
        take = super().get
        return BOOK.timed(lambda: take(True, timeout), what="SimpleQueue.get", lock=None)  # noqa: FBT003


def watched_join(self: threading.Thread, timeout: float | None = None) -> None:
    """Do what `threading.Thread.join` does."""
    if not self.is_alive():
        _join(self, timeout)
        return
    BOOK.timed(lambda: _join(self, timeout), what="Thread.join", lock=None)


def watch_waits() -> None:
    """Put our locks in place of `threading`'s for the rest of this process's life."""
    threading.Lock = WatchedLock  # type: ignore[assignment]  # does the same
    threading._allocate_lock = WatchedLock  # type: ignore[attr-defined]  # noqa: SLF001  # of Condition
    threading._CRLock = WatchedRLock  # type: ignore[attr-defined]  # noqa: SLF001  # of RLock()
    threading.Thread.join = watched_join  # type: ignore[method-assign]
    queue.SimpleQueue = WatchedSimpleQueue  # type: ignore[misc]


def _holder(lock: WatchedLock) -> Frame | None:
    """Return where the thread that holds a lock is now; None if nobody has it at this moment."""
    there = sys._current_frames().get(lock.owner)  # noqa: SLF001  # documented
    return nearest_user(without_leading_ours(frames_of(there)))


def _other(
    lock: WatchedLock | None, holder: Frame | None, *, own: bool
) -> tuple[Frame | None, bool]:
    """Return who kept a wait going, or who ended it, and whether the former.

    A condition waits on a lock that the waiter has taken itself: whoever frees that has notified
    it. Of any other lock, who frees it has held it; so it is told where it was being handed over
    when the wait began, as happens whenever threads queue for it.
    """
    if lock is None:
        return None, False
    if own:
        return lock.freed_by, False
    return holder or lock.freed_by, True

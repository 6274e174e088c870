"""Twins of `Lock` and `RLock`.

A twin made or met outside an execution works on a real lock of its own; the first use in an
execution starts from that lock's state. So a lock made at import time serves both.

Waiters are runnable while the lock is free and parked while it is taken: whoever is chosen takes
it, and no decision is spent on a task that would only find it taken again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from harness.engine import board
from harness.primitives import real
from harness.primitives.deadline import check_lock_timeout, deadline_ns
from harness.primitives.foreign import refuse_foreign

if TYPE_CHECKING:
    from types import TracebackType

    from harness.engine.execution import Execution
    from harness.engine.task import Task

get_os_ident = board.get_os_ident


class Lock:
    """Twin of `threading.Lock`. Safe to share between threads and tasks."""

    __slots__ = ("__weakref__", "_execution", "_held", "_owner", "_real", "_waiters")

    def __init__(self) -> None:
        execution = board.current()
        self._execution = execution
        self._held = False
        self._owner: Task | None = None
        self._waiters: list[Task] = []
        self._real: Any = None if execution is not None else real.allocate_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        """Take the lock; see `threading.Lock.acquire`."""
        execution = board.execution
        if execution is None or get_os_ident() != execution.os_thread:
            return bool(self._outside().acquire(blocking, timeout))
        limit_s = None
        if timeout != -1 or not blocking:
            limit_s = check_lock_timeout(blocking, timeout)
        if self._execution is not execution:
            self._enter(execution)
        if not blocking or (limit_s is not None and limit_s <= 0):
            execution.step("try", self)
            if self._held:
                return False
            self._note_taken(execution)
        elif not self._wait_until_free(execution, deadline_ns(execution, limit_s)):
            return False
        self._held = True
        self._owner = execution.current
        if self._waiters:
            self._park_waiters(execution)
        return True

    def _wait_until_free(self, execution: Execution, until_ns: int | None) -> bool:
        """Come back when the lock is free and this task is chosen; False at the deadline."""
        waiters = self._waiters
        if not self._held:
            if execution.take_turn("acquire", self, waiters, until_ns):
                return True
            if not self._held:
                self._note_taken(execution)
            return not self._held
        task = execution.current
        waiters.append(task)
        try:
            while self._held:
                if execution.block(self, until_ns, label="acquire"):
                    continue
                if self._held:
                    return False
                self._note_taken(execution)
        finally:
            waiters.remove(task)
        return True

    def _note_taken(self, execution: Execution) -> None:
        """Tell the record that it was taken though no step said so: tried, or just in time."""
        if execution.recorder is not None:
            execution.recorder.note(execution.current, "acquire", self)

    def release(self) -> None:
        """Give the lock back; see `threading.Lock.release`."""
        execution = board.execution
        if execution is None or get_os_ident() != execution.os_thread:
            self._outside().release()
            return
        if self._execution is not execution:
            self._enter(execution)
        execution.step("release", self)
        if not self._held:
            if execution.stopping:
                return  # the end of a task unwinds in any order
            raise RuntimeError("release unlocked lock")
        self._held = False
        self._owner = None
        if self._waiters:
            execution.wake_all(self._waiters)

    def locked(self) -> bool:
        """Say whether somebody holds the lock."""
        execution = board.current()
        if execution is None:
            return bool(self._outside().locked())
        if self._execution is not execution:
            self._enter(execution)
        execution.step("locked", self)
        return self._held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    acquire_lock = acquire
    release_lock = release
    locked_lock = locked

    def __repr__(self) -> str:
        held = self._held if board.current() is not None else self._outside().locked()
        return f"<{'locked' if held else 'unlocked'} {type(self).__name__} at {id(self):#x}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle '_thread.lock' object")

    def _at_fork_reinit(self) -> None:
        self._real = real.allocate_lock()
        self._held = False
        self._owner = None

    def _held_in(self, execution: Execution) -> bool:
        """Say whether anybody holds the lock; no switching point, for a check."""
        if self._execution is not execution:
            self._enter(execution)
        if self._owner is not execution.current:
            execution.glance("locked", self)
        return self._held

    def _outside(self) -> Any:  # noqa: ANN401  # real locks have no common type
        if self._real is None:
            refuse_foreign(self._execution)
            self._real = real.allocate_lock()
        return self._real

    def _enter(self, execution: Execution) -> None:
        """Start an execution from the real lock's state."""
        self._execution = execution
        self._held = self._real is not None and self._real.locked()
        self._owner = None
        self._waiters = []

    def _park_waiters(self, execution: Execution) -> None:
        execution.put_back_all(self._waiters, self)

    # -- what the engine asks --------------------------------------------------------------------

    def describe_wait(self) -> str:
        """Say what a waiter waits for."""
        execution = self._execution
        name = "a lock"
        if execution is not None and execution.recorder is not None:
            name = execution.recorder.name(self)
        if self._owner is None:
            return f"{name}, held outside the execution"
        return f"{name} held by {self._owner.name}"

    def holders(self) -> tuple[Task, ...]:
        """Name who could free the lock."""
        return () if self._owner is None else (self._owner,)

    def freed_outside(self, patience_s: float) -> bool | None:
        """Look again at a lock that was taken outside the execution when it began.

        Returns:
            None if somebody in the execution holds it; True if it was given back meanwhile, and
            then its waiters are awake; False if it is still taken after `patience_s`.
        """
        if not self._held or self._owner is not None or self._real is None:
            return None
        if not self._real.acquire(timeout=patience_s):
            return False
        self._real.release()
        self._held = False
        for waiter in self._waiters:
            if self._execution is not None:
                self._execution.wake(waiter)
        return True


class RLock(Lock):
    """Twin of `threading.RLock`. Safe to share between threads and tasks."""

    __slots__ = ("_depth",)

    def __init__(self) -> None:
        execution = board.current()
        self._execution = execution
        self._held = False
        self._owner = None
        self._waiters = []
        self._depth = 0
        self._real = None if execution is not None else real.make_rlock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        """Take the lock once more; see `threading.RLock.acquire`."""
        execution = board.execution
        if execution is None or get_os_ident() != execution.os_thread:
            return bool(self._outside().acquire(blocking, timeout))
        if self._execution is not execution:
            self._enter(execution)
        if self._is_mine(execution):
            self._depth += 1  # nobody else can tell: no switching point
            return True
        if not Lock.acquire(self, blocking, timeout):
            return False
        self._depth = 1
        return True

    __enter__ = acquire

    def release(self) -> None:
        """Give one level back; see `threading.RLock.release`."""
        execution = board.execution
        if execution is None or get_os_ident() != execution.os_thread:
            self._outside().release()
            return
        if self._execution is not execution:
            self._enter(execution)
        if not self._is_mine(execution):
            if execution.stopping:
                return
            raise RuntimeError("cannot release un-acquired lock")
        self._depth -= 1
        if not self._depth:
            Lock.release(self)

    def _is_owned(self) -> bool:
        execution = board.current()
        if execution is None:
            return bool(self._outside()._is_owned())  # noqa: SLF001  # what Condition asks
        if self._execution is not execution:
            self._enter(execution)
        return self._is_mine(execution)

    def _is_mine(self, execution: Execution) -> bool:
        """Say whether the running thread holds the lock; coroutines of one loop are one thread."""
        owner = self._owner
        return owner is not None and owner.carrier is execution.current.carrier

    def _release_save(self) -> tuple[int, object]:
        execution = board.current()
        if execution is None:
            saved: tuple[int, object] = self._outside()._release_save()  # noqa: SLF001  # as above
            return saved
        if not self._is_owned():
            raise RuntimeError("cannot release un-acquired lock")
        depth, self._depth = self._depth, 0
        Lock.release(self)
        return depth, None

    def _acquire_restore(self, saved: tuple[int, object]) -> None:
        execution = board.current()
        if execution is None:
            self._outside()._acquire_restore(saved)  # noqa: SLF001  # as above
            return
        Lock.acquire(self)
        self._depth = saved[0]

    def _recursion_count(self) -> int:
        return self._depth if self._is_owned() else 0

    def locked(self) -> bool:
        """Say whether somebody holds the lock."""
        execution = board.current()
        if execution is None:
            return _taken(self._outside())
        return Lock.locked(self)

    def _at_fork_reinit(self) -> None:
        self._real = real.make_rlock()
        self._held = False
        self._owner = None
        self._depth = 0

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle '_thread.RLock' object")

    def __repr__(self) -> str:
        if board.current() is None:
            return f"<{type(self).__name__} over {self._outside()!r}>"
        state = "locked" if self._held else "unlocked"
        return f"<{state} {type(self).__name__} count={self._depth} at {id(self):#x}>"

    def _outside(self) -> Any:  # noqa: ANN401  # real locks have no common type
        if self._real is None:
            refuse_foreign(self._execution)
            self._real = real.make_rlock()
        return self._real

    def _enter(self, execution: Execution) -> None:
        self._execution = execution
        self._held = False
        self._owner = None
        self._waiters = []
        self._depth = 0
        if self._real is None:
            return
        if self._real._is_owned():  # noqa: SLF001  # it has no public way to ask
            # The body runs where explore was called: a lock that the caller holds is the body's.
            self._held = True
            self._owner = execution.tasks[0]
            self._depth = 1
        else:
            self._held = _taken(self._real)


def _taken(lock: Any) -> bool:  # noqa: ANN401  # real locks have no common type
    """Say whether somebody holds a real RLock, which before 3.14 does not tell."""
    if lock._is_owned():  # noqa: SLF001  # it has no public way to ask
        return True
    if not lock.acquire(blocking=False):
        return True
    lock.release()
    return False


def adopt(lock: Any) -> Lock:  # noqa: ANN401  # real locks have no common type
    """Return a twin around a real lock: outside an execution the two exclude each other."""
    twin = RLock() if type(lock) is real.RLockType else Lock()
    twin._real = lock  # noqa: SLF001  # this file owns the class
    twin._execution = None  # noqa: SLF001  # so that the first use looks at the real lock
    return twin

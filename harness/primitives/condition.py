"""Twin of `Condition`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from harness.engine import board
from harness.primitives import real
from harness.primitives.deadline import deadline_ns
from harness.primitives.foreign import refuse_foreign
from harness.primitives.lock import Lock, RLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from harness.engine.execution import Execution
    from harness.engine.task import Task


class Condition:
    """Twin of `threading.Condition`, over any lock. Safe to share between threads and tasks.

    Waiters are woken in the order in which they came, as CPython does it.
    """

    def __init__(self, lock: Any = None) -> None:  # noqa: ANN401  # any lock-like object
        if lock is None:
            lock = RLock()
        elif type(lock) in (real.LockType, real.RLockType):
            lock = board.stand_in(lock)
        self._lock = lock
        self._execution: Execution | None = board.current()
        self._parked: list[Task] = []
        self._real: Any = None
        self.acquire = lock.acquire
        self.release = lock.release
        if board.current() is None:
            self._outside()
        for name in ("_release_save", "_acquire_restore", "_is_owned", "_at_fork_reinit"):
            if hasattr(lock, name):
                setattr(self, name, getattr(lock, name))

    def __enter__(self) -> Any:  # noqa: ANN401  # what the lock returns
        return self._lock.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:  # noqa: ANN401  # what the lock returns
        return self._lock.__exit__(exc_type, exc, traceback)

    def __repr__(self) -> str:
        return f"<Condition({self._lock!r}, {len(self._parked)})>"

    def _release_save(self) -> Any:  # noqa: ANN401  # the lock's own state
        self._lock.release()

    def _acquire_restore(self, _saved: Any) -> None:  # noqa: ANN401  # the lock's own state
        self._lock.acquire()

    def _is_owned(self) -> bool:
        """Say whether the lock is held: a plain lock does not tell by whom."""
        if isinstance(self._lock, Lock):
            execution = board.current()
            if execution is not None:
                return self._lock._held_in(execution)  # noqa: SLF001  # no switching point
        if self._lock.acquire(False):  # noqa: FBT003  # the standard library's own signature
            self._lock.release()
            return False
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for a notification; see `threading.Condition.wait`."""
        execution = board.current()
        if execution is None:
            return bool(self._outside().wait(timeout))
        if self._execution is not execution:
            self._enter(execution)
        if not self._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        deadline_ns(execution, timeout)  # raises for what is no timeout
        task = execution.current
        parked = self._parked
        parked.append(task)
        saved = self._release_save()
        notified = False
        try:
            until_ns = deadline_ns(execution, timeout)  # the time runs from the release on
            # Somebody may have notified between the release and here: then there is no wait.
            notified = task not in parked or execution.block(self, until_ns)
        finally:
            if task in parked:
                parked.remove(task)
            self._acquire_restore(saved)
        return notified

    def wait_for(self, predicate: Callable[[], Any], timeout: float | None = None) -> Any:  # noqa: ANN401  # what the predicate returns
        """Wait until `predicate` holds; see `threading.Condition.wait_for`."""
        execution = board.current()
        if execution is None:
            return self._outside().wait_for(predicate, timeout)
        until_ns = deadline_ns(execution, timeout)
        result = predicate()
        while not result:
            left_s = None
            if until_ns is not None:
                left_s = (until_ns - execution.read_clock()) / 1e9
                if left_s <= 0:
                    break
            self.wait(left_s)
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        """Wake `n` waiters; see `threading.Condition.notify`."""
        execution = board.current()
        if execution is None:
            self._outside().notify(n)
            return
        if self._execution is not execution:
            self._enter(execution)
        if not self._is_owned():
            if execution.stopping:
                return
            raise RuntimeError("cannot notify on un-acquired lock")
        execution.step("notify_all" if n >= len(self._parked) > 1 else "notify", self)
        count = max(n, 0)
        woken, self._parked[:count] = self._parked[:count], []
        execution.wake_all(woken)

    def notify_all(self) -> None:
        """Wake every waiter; see `threading.Condition.notify_all`."""
        if board.current() is None:
            self._outside().notify_all()
        else:
            self.notify(max(len(self._parked), 1))

    notifyAll = notify_all  # noqa: N815  # the standard library's old name

    def _outside(self) -> Any:  # noqa: ANN401  # a real condition
        if self._real is None:
            refuse_foreign(self._execution)
            lock = self._lock
            if isinstance(lock, Lock):
                lock = lock._outside()  # noqa: SLF001  # the twin's real half
            self._real = real.Condition(lock)
        return self._real

    def _enter(self, execution: Execution) -> None:
        self._execution = execution
        self._parked = []

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle '_thread.lock' object")

    def describe_wait(self) -> str:
        """Say what a waiter waits for."""
        execution = self._execution
        if execution is not None and execution.recorder is not None:
            return f"a notification on {execution.recorder.name(self)}"
        return "a notification"

    def holders(self) -> tuple[Task, ...]:
        """Nobody in particular can end the wait."""
        return ()

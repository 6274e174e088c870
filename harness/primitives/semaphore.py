"""Twins of `Semaphore` and `BoundedSemaphore`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from harness.engine import board
from harness.primitives import real
from harness.primitives.deadline import deadline_ns
from harness.primitives.foreign import refuse_foreign

if TYPE_CHECKING:
    from types import TracebackType

    from harness.engine.execution import Execution
    from harness.engine.task import Task


class Semaphore:
    """Twin of `threading.Semaphore`: every call is one step. Safe to share."""

    def __init__(self, value: int = 1) -> None:
        if value < 0:
            raise ValueError("semaphore initial value must be >= 0")
        self._execution: Execution | None = board.current()
        self._initial_value = value
        self._value = value
        self._parked: list[Task] = []
        self._real: Any = None if board.current() is not None else self._make_real(value)

    def _make_real(self, value: int) -> Any:  # noqa: ANN401  # a real semaphore
        return real.Semaphore(value)

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: FBT001, FBT002
        """Take one; see `threading.Semaphore.acquire`."""
        if not blocking and timeout is not None:
            raise ValueError("can't specify timeout for non-blocking acquire")
        execution = self._inside()
        if execution is None:
            return bool(self._outside().acquire(blocking, timeout))
        until_ns = deadline_ns(execution, timeout)
        if not blocking or (timeout is not None and timeout <= 0):
            execution.step("try", self)
            if not self._value:
                return False
            self._note_taken(execution)
        elif not self._wait_for_one(execution, until_ns):
            return False
        self._value -= 1
        if not self._value:
            execution.put_back_all(self._parked, self)
        return True

    def _wait_for_one(self, execution: Execution, until_ns: int | None) -> bool:
        """Come back when there is one and this task is chosen; False at the deadline."""
        parked = self._parked
        if self._value:
            if execution.take_turn("acquire", self, parked, until_ns):
                return True
            if self._value:
                self._note_taken(execution)
            return self._value > 0
        task = execution.current
        parked.append(task)
        try:
            while not self._value:
                if execution.block(self, until_ns, label="acquire"):
                    continue
                if not self._value:
                    return False
                self._note_taken(execution)
        finally:
            parked.remove(task)
        return True

    def _note_taken(self, execution: Execution) -> None:
        """Tell the record that one was taken though no step said so: tried, or just in time."""
        if execution.recorder is not None:
            execution.recorder.note(execution.current, "acquire", self)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.release()

    def release(self, n: int = 1) -> None:
        """Give `n` back; see `threading.Semaphore.release`."""
        if n < 1:
            raise ValueError("n must be one or more")
        execution = self._inside()
        if execution is None:
            self._outside().release(n)
            return
        execution.step("release", self)
        self._check_release(n)
        self._value += n
        execution.wake_all(self._parked)

    def _check_release(self, n: int) -> None:
        """Refuse a release that the semaphore does not take."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {id(self):#x}: value={self._value}>"

    def _inside(self) -> Execution | None:
        execution = board.current()
        if execution is not None and self._execution is not execution:
            self._execution = execution
            self._value = self._initial_value if self._real is None else self._real._value  # noqa: SLF001  # it has no public reader
            self._parked = []
        return execution

    def _outside(self) -> Any:  # noqa: ANN401  # a real semaphore
        if self._real is None:
            refuse_foreign(self._execution)
            self._real = self._make_real(self._initial_value)
        return self._real

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle '_thread.lock' object")

    def describe_wait(self) -> str:
        """Say what a waiter waits for."""
        execution = self._execution
        name = "a semaphore"
        if execution is not None and execution.recorder is not None:
            name = execution.recorder.name(self)
        return f"{name} to be released"

    def holders(self) -> tuple[Task, ...]:
        """A semaphore has no owner."""
        return ()


class BoundedSemaphore(Semaphore):
    """Twin of `threading.BoundedSemaphore`."""

    def _make_real(self, value: int) -> Any:  # noqa: ANN401  # a real semaphore
        # Not by its own __init__: that looks for `Semaphore` in `threading`, and between two
        # executions the twin stands there.
        made: Any = object.__new__(real.BoundedSemaphore)
        real.Semaphore.__init__(made, value)
        made._initial_value = value  # noqa: SLF001  # as its __init__ does
        return made

    def _check_release(self, n: int) -> None:
        if self._value + n > self._initial_value:
            raise ValueError("Semaphore released too many times")

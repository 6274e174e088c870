"""Twin of `Event`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from harness.engine import board
from harness.primitives import real
from harness.primitives.deadline import deadline_ns
from harness.primitives.foreign import refuse_foreign

if TYPE_CHECKING:
    from harness.engine.execution import Execution
    from harness.engine.task import Task


class Event:
    """Twin of `threading.Event`: every call is one step. Safe to share."""

    def __init__(self) -> None:
        execution = board.current()  # none for another real thread, which gets the real thing
        self._execution: Execution | None = execution
        self._flag = False
        self._parked: list[Task] = []  # who waits since the flag was clear: the next set is theirs
        self._real: Any = None if execution is not None else real.Event()

    def is_set(self) -> bool:
        """Say whether the flag is set."""
        execution = self._inside()
        if execution is None:
            return bool(self._outside().is_set())
        execution.step("is_set", self)
        return self._flag

    isSet = is_set  # noqa: N815  # the standard library's old name

    def set(self) -> None:
        """Set the flag and wake everybody who waits."""
        execution = self._inside()
        if execution is None:
            self._outside().set()
            return
        execution.step("set", self)
        self._flag = True
        woken, self._parked[:] = list(self._parked), []
        execution.wake_all(woken)

    def clear(self) -> None:
        """Clear the flag."""
        execution = self._inside()
        if execution is None:
            self._outside().clear()
            return
        execution.step("clear", self)
        self._flag = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set; see `threading.Event.wait`.

        To look at the flag is a step of its own, which is always possible: who finds it clear is
        woken by the next `set`, even if the flag is cleared again before it goes on.
        """
        execution = self._inside()
        if execution is None:
            return bool(self._outside().wait(timeout))
        deadline_ns(execution, timeout)  # raises for what is no timeout
        execution.step("wait", self)
        if self._flag:
            return True
        task = execution.current
        self._parked.append(task)
        try:
            return execution.block(self, deadline_ns(execution, timeout))
        finally:
            if task in self._parked:
                self._parked.remove(task)

    def __repr__(self) -> str:
        shown = self._flag if board.current() is not None else self._outside().is_set()
        return f"<Event at {id(self):#x}: {'set' if shown else 'unset'}>"

    def _at_fork_reinit(self) -> None:
        self._real = real.Event()

    def _inside(self) -> Execution | None:
        execution = board.current()
        if execution is not None and self._execution is not execution:
            self._execution = execution
            self._flag = self._real is not None and self._real.is_set()
            self._parked = []
        return execution

    def _outside(self) -> Any:  # noqa: ANN401  # a real event
        if self._real is None:
            refuse_foreign(self._execution)
            self._real = real.Event()
        return self._real

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle '_thread.lock' object")

    def describe_wait(self) -> str:
        """Say what a waiter waits for."""
        execution = self._execution
        if execution is not None and execution.recorder is not None:
            return f"{execution.recorder.name(self)} to be set"
        return "an event to be set"

    def holders(self) -> tuple[Task, ...]:
        """Nobody in particular can end the wait."""
        return ()

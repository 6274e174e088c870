"""Twin of `queue.SimpleQueue`, which is C and would block the OS thread."""

from __future__ import annotations

from collections import deque
from queue import Empty
from types import GenericAlias
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from harness.engine import board
from harness.primitives import real
from harness.primitives.deadline import deadline_ns
from harness.primitives.foreign import refuse_foreign

if TYPE_CHECKING:
    from harness.engine.execution import Execution
    from harness.engine.task import Task


class SimpleQueue:
    """Twin of `queue.SimpleQueue`: every call is one step. Safe to share."""

    def __init__(self) -> None:
        self._execution: Execution | None = board.current()
        self._items: deque[Any] = deque()
        self._parked: list[Task] = []
        self._real: Any = None if board.current() is not None else real.SimpleQueue()

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ANN401, ARG002, FBT001, FBT002
        """Add an item; never blocks."""
        execution = self._inside()
        if execution is None:
            self._outside().put(item)
            return
        execution.step("put", self)
        self._items.append(item)
        execution.wake_all(self._parked)

    def put_nowait(self, item: Any) -> None:  # noqa: ANN401  # any item
        """Add an item."""
        self.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: ANN401, FBT001, FBT002
        """Take the oldest item; see `queue.SimpleQueue.get`."""
        execution = self._inside()
        if execution is None:
            return self._outside().get(block, timeout)
        if block and timeout is not None and timeout < 0:
            raise ValueError("'timeout' must be a non-negative number")
        until_ns = deadline_ns(execution, timeout)
        if not block or (timeout is not None and timeout <= 0):
            execution.step("try", self)
            if not self._items:
                raise Empty
            self._note_got(execution)
        else:
            self._wait(execution, until_ns)
        item = self._items.popleft()
        if not self._items:
            execution.put_back_all(self._parked, self)
        return item

    def _wait(self, execution: Execution, until_ns: int | None) -> None:
        """Come back when there is an item and this task is chosen.

        Raises:
            Empty: The deadline came first.
        """
        parked = self._parked
        if self._items:
            if not execution.take_turn("get", self, parked, until_ns):
                if not self._items:
                    raise Empty
                self._note_got(execution)
            return
        task = execution.current
        parked.append(task)
        try:
            while not self._items:
                if execution.block(self, until_ns, label="get"):
                    continue
                if not self._items:
                    raise Empty
                self._note_got(execution)
        finally:
            parked.remove(task)

    def _note_got(self, execution: Execution) -> None:
        """Tell the record that one was got though no step said so: tried, or just in time."""
        if execution.recorder is not None:
            execution.recorder.note(execution.current, "get", self)

    def get_nowait(self) -> Any:  # noqa: ANN401  # any item
        """Take the oldest item, or raise `queue.Empty`."""
        return self.get(block=False)

    def empty(self) -> bool:
        """Say whether the queue is empty."""
        return self.qsize() == 0

    def qsize(self) -> int:
        """Return how many items wait."""
        execution = self._inside()
        if execution is None:
            return int(self._outside().qsize())
        execution.step("qsize", self)
        return len(self._items)

    def _inside(self) -> Execution | None:
        execution = board.current()
        if execution is not None and self._execution is not execution:
            self._execution = execution
            self._items = deque(_items_of(self._real))
            self._parked = []
        return execution

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle '_queue.SimpleQueue' object")

    def __repr__(self) -> str:
        return f"<SimpleQueue at {id(self):#x}>"

    __class_getitem__: ClassVar[Any] = classmethod(GenericAlias)

    def _outside(self) -> Any:  # noqa: ANN401  # a real queue
        if self._real is None:
            refuse_foreign(self._execution)
            self._real = real.SimpleQueue()
        return self._real

    def describe_wait(self) -> str:
        """Say what a waiter waits for."""
        execution = self._execution
        if execution is not None and execution.recorder is not None:
            return f"an item in {execution.recorder.name(self)}"
        return "an item in a SimpleQueue"

    def holders(self) -> tuple[Task, ...]:
        """Nobody in particular can end the wait."""
        return ()


def adopt(queue: Any) -> SimpleQueue:  # noqa: ANN401  # a real SimpleQueue
    """Return a twin around a real queue: outside an execution the two are one queue."""
    twin = SimpleQueue()
    twin._real = queue  # noqa: SLF001  # this file owns the class
    twin._execution = None  # noqa: SLF001  # so that the first use looks at the real queue
    return twin


def _items_of(queue: Any) -> list[Any]:  # noqa: ANN401  # a real SimpleQueue or None
    """Return what a real queue holds, and leave it there: every execution starts with it."""
    items: list[Any] = []
    if queue is not None:
        while not queue.empty():
            items.append(queue.get_nowait())
        for item in items:
            queue.put(item)
    return items

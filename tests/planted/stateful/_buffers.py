"""A bounded buffer, wrong in three ways and right, and the machines that tell them apart."""

from __future__ import annotations

import threading
from collections import deque
from typing import ClassVar

from hypothesis import strategies as st

from harness.stateful import ConcurrentStateMachine, rule


class Buffer:
    """First in, first out; a full one lets who puts wait, an empty one who gets."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.items: deque[int] = deque()
        self.changed = threading.Condition()

    def put(self, item: int) -> None:
        with self.changed:
            while len(self.items) >= self.size:
                self.changed.wait()
            self.items.append(item)
            self.changed.notify_all()

    def get(self) -> int:
        with self.changed:
            while not self.items:
                self.changed.wait()
            item = self.items.popleft()
            self.changed.notify_all()
            return item

    def try_get(self) -> int | None:
        with self.changed:
            if not self.items:
                return None
            item = self.items.popleft()
            self.changed.notify_all()
            return item


class HastyBuffer(Buffer):
    """Asks once whether there is something, and believes it after it has waited."""

    def get(self) -> int:
        with self.changed:
            if not self.items:
                self.changed.wait()
            item = self.items.popleft()
            self.changed.notify_all()
            return item


class OneWakeBuffer(Buffer):
    """Wakes one waiter, whoever that is: one that puts may wake another one that puts."""

    def put(self, item: int) -> None:
        with self.changed:
            while len(self.items) >= self.size:
                self.changed.wait()
            self.items.append(item)
            if len(self.items) == self.size:
                self.changed.notify()

    def get(self) -> int:
        with self.changed:
            while not self.items:
                self.changed.wait()
            return self.items.popleft()


class LockedTwiceBuffer(Buffer):
    """Looks under the lock, and takes under it once more."""

    def try_get(self) -> int | None:
        with self.changed:
            if not self.items:
                return None
        with self.changed:
            return self.items.popleft()


class SequentialBuffer:
    """The buffer in ten lines, for one thread."""

    def __init__(self) -> None:
        self.items: list[int] = []

    def put(self, item: int) -> None:
        if len(self.items) >= 2:
            threading.Event().wait()  # a full buffer: for ever, if nobody else is there
        self.items.append(item)

    def get(self) -> int:
        if not self.items:
            threading.Event().wait()
        return self.items.pop(0)

    def try_get(self) -> int | None:
        return self.items.pop(0) if self.items else None


class BufferMachine(ConcurrentStateMachine):
    """Threads that put and get."""

    make: ClassVar[type[Buffer]] = Buffer

    def __init__(self) -> None:
        self.buffer = self.make(2)

    @rule(item=st.integers(0, 3))
    def put(self, item: int) -> None:
        self.buffer.put(item)

    @rule()
    def get(self) -> int:
        return self.buffer.get()

    @rule()
    def try_get(self) -> int | None:
        return self.buffer.try_get()


class HastyMachine(BufferMachine):
    make = HastyBuffer


class OneWakeMachine(BufferMachine):
    make = OneWakeBuffer


class LockedTwiceMachine(BufferMachine):
    make = LockedTwiceBuffer


class ModelledMachine(BufferMachine):
    model = SequentialBuffer


class ModelledHastyMachine(HastyMachine):
    model = SequentialBuffer

"""Queues that are wrong once in a while, and their good twins."""

from __future__ import annotations

import threading


class EmptyError(Exception):
    """Nothing is in it."""


class SlotQueue:
    """A FIFO queue of slots: whoever puts takes a slot first and fills it then.

    `get` takes the first slot that is filled. It looks at all of them under the lock, so an empty
    answer means that no put had come back that nobody has taken.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: list[list[object]] = []

    def put(self, item: object) -> None:
        with self._lock:
            slot: list[object] = [item]
            self._slots.append(slot)

    def get(self) -> object:
        with self._lock:
            for index, slot in enumerate(self._slots):
                if slot:
                    del self._slots[index]
                    return slot[0]
        raise EmptyError


class HeadOfLineQueue(SlotQueue):
    """Planted: a slot is filled after the lock was given back, and `get` looks at the first alone.

    A put that has come back is not seen while an earlier slot is still to be filled.
    """

    def put(self, item: object) -> None:
        slot: list[object] = []
        with self._lock:
            self._slots.append(slot)
        slot.append(item)

    def get(self) -> object:
        with self._lock:
            if not self._slots or not self._slots[0]:
                raise EmptyError
            return self._slots.pop(0)[0]


class BoundedBuffer:
    """A queue of at most `size` items: `put` and `get` wait."""

    def __init__(self, size: int = 1) -> None:
        self._size = size
        self._items: list[object] = []
        self._changed = threading.Condition()

    def put(self, item: object) -> None:
        with self._changed:
            while len(self._items) >= self._size:
                self._changed.wait()
            self._items.append(item)
            self._changed.notify_all()

    def get(self) -> object:
        with self._changed:
            while not self._items:
                self._changed.wait()
            item = self._items.pop(0)
            self._changed.notify_all()
            return item


class ForgetfulBuffer(BoundedBuffer):
    """Planted: a put wakes somebody only where the buffer was empty, a get where it was full.

    Two that wait to get and two puts in a row: the second one wakes nobody.
    """

    def __init__(self, size: int = 3) -> None:
        super().__init__(size)

    def put(self, item: object) -> None:
        with self._changed:
            while len(self._items) >= self._size:
                self._changed.wait()
            self._items.append(item)
            if len(self._items) == 1:
                self._changed.notify()

    def get(self) -> object:
        with self._changed:
            while not self._items:
                self._changed.wait()
            item = self._items.pop(0)
            if len(self._items) == self._size - 1:
                self._changed.notify()
            return item

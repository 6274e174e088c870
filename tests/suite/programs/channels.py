"""What Go has and Python has not: channels to select from, wait groups, a fair read-write lock."""

from __future__ import annotations

import threading
from collections import deque


class Channel:
    """A bounded FIFO; channels that share `changed` can be waited for together.

    Safe to share between threads.
    """

    def __init__(self, changed: threading.Condition, *, capacity: int = 1) -> None:
        self.changed = changed
        self.capacity = capacity
        self.items: deque[object] = deque()
        self.closed = False

    def put(self, item: object) -> bool:
        """Wait for room and put; False if the channel is closed instead."""
        with self.changed:
            while len(self.items) >= self.capacity and not self.closed:
                self.changed.wait()
            if self.closed:
                return False
            self.items.append(item)
            self.changed.notify_all()
            return True

    def put_or_drop(self, item: object) -> bool:
        """Put if there is room; False otherwise."""
        with self.changed:
            if len(self.items) >= self.capacity:
                return False
            self.items.append(item)
            self.changed.notify_all()
            return True

    def close(self) -> None:
        """Let every put that waits, and every later one, return False."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def get(self) -> object:
        """Wait for an item and take it."""
        return select(self)[1]

    def wait_ready(self) -> None:
        """Wait until there is an item, and leave it there."""
        with self.changed:
            while not self.items:
                self.changed.wait()

    def drain(self) -> int:
        """Take all items at once; return how many there were."""
        with self.changed:
            count = len(self.items)
            self.items.clear()
            self.changed.notify_all()
            return count


def select(*channels: Channel) -> tuple[int, object]:
    """Take an item of the first channel that has one, or wait; return its number and the item."""
    changed = channels[0].changed
    with changed:
        while True:
            for number, channel in enumerate(channels):
                if channel.items:
                    item = channel.items.popleft()
                    changed.notify_all()
                    return number, item
            changed.wait()


class WaitGroup:
    """Counts what is under way; `wait` returns when nothing is. Safe to share between threads."""

    def __init__(self, count: int = 0) -> None:
        self.changed = threading.Condition()
        self.count = count

    def add(self, count: int) -> None:
        """Count more, or fewer."""
        with self.changed:
            self.count = self.count + count
            self.changed.notify_all()

    def wait(self) -> None:
        """Wait until the count is 0."""
        with self.changed:
            while self.count:
                self.changed.wait()


class ReadWriteLock:
    """Many readers or one writer; a writer that waits keeps new readers out.

    Safe to share between threads.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.readers = 0
        self.writing = False
        self.writers_waiting = 0

    def acquire_read(self) -> None:
        """Wait until nobody writes or waits to write."""
        with self.changed:
            while self.writing or self.writers_waiting:
                self.changed.wait()
            self.readers = self.readers + 1

    def release_read(self) -> None:
        """Give one read lock back."""
        with self.changed:
            self.readers = self.readers - 1
            self.changed.notify_all()

    def acquire_write(self) -> None:
        """Wait until nobody reads or writes; from now on no new reader gets in."""
        with self.changed:
            self.writers_waiting = self.writers_waiting + 1
            while self.readers or self.writing:
                self.changed.wait()
            self.writers_waiting = self.writers_waiting - 1
            self.writing = True

    def release_write(self) -> None:
        """Give the write lock back."""
        with self.changed:
            self.writing = False
            self.changed.notify_all()

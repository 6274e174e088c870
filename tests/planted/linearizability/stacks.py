"""A stack that is wrong once in a while, and its good twin."""

from __future__ import annotations

import threading


class EmptyError(Exception):
    """Nothing is on it."""


class _Node:
    def __init__(self, item: object, below: _Node | None) -> None:
        self.item = item
        self.below = below


class LinkedStack:
    """A stack of nodes whose top is exchanged only if it is still the one that was seen."""

    def __init__(self) -> None:
        self._swap = threading.Lock()  # stands for a compare-and-set instruction
        self._top: _Node | None = None

    def push(self, item: object) -> None:
        while True:
            top = self._top
            if self._exchange(top, _Node(item, top)):
                return

    def pop(self) -> object:
        while True:
            top = self._top
            if top is None:
                raise EmptyError
            if self._exchange(top, top.below):
                return top.item

    def _exchange(self, seen: _Node | None, new: _Node | None) -> bool:
        with self._swap:
            if self._top is not seen:
                return False
            self._top = new
            return True


class CountedStack(LinkedStack):
    """Planted: a counter, kept beside the nodes without a lock, tells whether the stack is empty.

    Two pushes at once can count as one; the second pop then finds nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def push(self, item: object) -> None:
        super().push(item)
        self._count += 1

    def pop(self) -> object:
        if self._count <= 0:
            raise EmptyError
        item = super().pop()
        self._count -= 1
        return item

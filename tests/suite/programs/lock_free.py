"""Lock-free structures."""

from __future__ import annotations

from typing import NamedTuple

from tests.suite.atomic_cell import AtomicCell
from tests.suite.programs.starting import in_threads


class Tagged(NamedTuple):
    """A head that is never twice the same: its tag counts its changes."""

    place: int
    tag: int


class Item:
    """One place of the stack."""

    def __init__(self, following: int) -> None:
        self.value = -1
        self.next = AtomicCell(following)  # -1: taken, or the last


class Stack:
    """Vyukov's lock-free stack over an array; its ABA problem is there unless `tagged`."""

    def __init__(self, count: int, *, tagged: bool) -> None:
        self.tagged = tagged
        self.items = [Item(number + 1 if number + 1 < count else -1) for number in range(count)]
        self.head = AtomicCell(Tagged(0, 0))
        self.count = AtomicCell(count)

    def following(self, head: Tagged, place: int) -> Tagged:
        """Return the head that replaces `head`."""
        return Tagged(place, head.tag + 1 if self.tagged else 0)

    def pop(self) -> int:
        """Take a place; -1 if at most one is left."""
        while self.count.load() > 1:
            head = self.head.load()
            item = self.items[head.place]
            following = item.next.exchange(-1)
            if following >= 0:
                if self.head.compare_exchange(head, self.following(head, following)):
                    self.count.add(-1)
                    return int(head.place)
                item.next.exchange(following)
        return -1

    def push(self, index: int) -> None:
        """Give a place back."""
        while True:
            head = self.head.load()
            self.items[index].next.store(head.place)
            if self.head.compare_exchange(head, self.following(head, index)):
                break
        self.count.add(1)


def safe_stack(*, fixed: bool = False) -> None:
    """SCTBench SafeStack: two threads may come to own one place of the array."""
    stack = Stack(3, tagged=fixed)

    def work(name: int) -> None:
        for _ in range(2):
            index = stack.pop()
            while index < 0:
                index = stack.pop()
            item = stack.items[index]
            item.value = name
            assert item.value == name, "another thread owns this place, too"
            stack.push(index)

    in_threads(*[lambda name=name: work(name) for name in range(3)])

"""Two threads that take turns by a flag, and count rounds where they should count items."""

from __future__ import annotations

import threading
from types import SimpleNamespace

from tests.suite.programs.starting import in_threads


def circular_buffer(*, fixed: bool = False) -> None:
    """SCTBench CS/circular_buffer: a round that finds the flag unset is skipped in silence."""
    rounds, size = 7, 10
    lock = threading.Lock()
    buffer = [0] * size
    state = SimpleNamespace(first=0, next=0, send=True, receive=False)

    def sender() -> None:
        sent = 0
        for i in range(rounds):
            with lock:
                if state.send:
                    index = state.next
                    buffer[index] = sent if fixed else i
                    state.next = (index + 1) % size
                    sent += 1
                    state.send = False
                    state.receive = True

    def receiver() -> None:
        received = 0
        for i in range(rounds):
            with lock:
                if state.receive:
                    index = state.first
                    value = buffer[index]
                    state.first = (index + 1) % size
                    assert value == (received if fixed else i)
                    received += 1
                    state.receive = False
                    state.send = True

    in_threads(sender, receiver)


def queue(*, fixed: bool = False) -> None:
    """SCTBench CS/queue: the same drift over twenty rounds, told by an array of what was sent."""
    size = 20
    lock = threading.Lock()
    elements = [0] * size
    stored = [0] * size
    state = SimpleNamespace(head=0, tail=0, amount=0, enqueue=True, dequeue=False)

    def put(value: int) -> None:
        tail = state.tail
        elements[tail] = value
        state.tail = (tail + 1) % size
        amount = state.amount
        state.amount = amount + 1

    def take() -> int:
        head = state.head
        value: int = elements[head]
        state.head = (head + 1) % size
        amount = state.amount
        state.amount = amount - 1
        return value

    def producer() -> None:
        with lock:
            put(0)
            stored[0] = 0
        value = 0
        for i in range(size - 1):
            with lock:
                if state.enqueue:
                    value += 1
                    put(value)
                    stored[value if fixed else i + 1] = value
                    state.enqueue = False
                    state.dequeue = True

    def consumer() -> None:
        taken = 0
        for i in range(size):
            with lock:
                if state.dequeue:
                    value = take()
                    expected = stored[taken if fixed else i]
                    assert value == expected
                    taken += 1
                    state.dequeue = False
                    state.enqueue = True

    in_threads(producer, consumer)


def stack(*, fixed: bool = False) -> None:
    """SCTBench CS/stack: the flag says "something was pushed once", not "something is there"."""
    size = 10
    lock = threading.Lock()
    array = [0] * size
    state = SimpleNamespace(top=0, pushed=False)

    def pusher() -> None:
        for i in range(size):
            with lock:
                top = state.top
                assert top < size, "overflow"
                array[top] = i
                state.top = top + 1
                state.pushed = True

    def popper() -> None:
        for _ in range(size):
            with lock:
                if state.top > 0 if fixed else state.pushed:
                    top = state.top
                    assert top > 0, "underflow"
                    state.top = top - 1
                    _ = array[top - 1]

    in_threads(pusher, popper)

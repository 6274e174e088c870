"""Classes of the standard library have to raise no alarm; the twins of some stand in here."""

from __future__ import annotations

import functools
import queue
import threading
import weakref
from collections import deque
from typing import Any

import pytest

import harness
from harness import Verdict
from harness.stateful import unique

KEYS = ["a", "b"]


class Squares:
    """A function behind an `lru_cache` of two entries."""

    def __init__(self) -> None:
        self._square = functools.lru_cache(maxsize=2)(lambda number: number * number)

    def of(self, number: int) -> int:
        return self._square(number)

    def misses(self) -> int:
        return self._square.cache_info().misses


class Held:
    def __init__(self, number: int) -> None:
        self.number = number


class WeakTable:
    """A `WeakValueDictionary` whose values are kept alive, as a user of it would."""

    def __init__(self) -> None:
        self._table: weakref.WeakValueDictionary[str, Held] = weakref.WeakValueDictionary()
        self._alive: list[Held] = []

    def put(self, key: str, number: int) -> None:
        held = Held(number)
        self._alive.append(held)
        self._table[key] = held

    def get(self, key: str) -> int | None:
        held = self._table.get(key)
        return None if held is None else held.number

    def size(self) -> int:
        return len(self._table)


@pytest.mark.parametrize(
    ("make", "operations"),
    [
        (functools.partial(queue.Queue, 2), ["get_nowait", ("put_nowait", unique()), "full"]),
        (queue.LifoQueue, ["get", ("put", unique()), "empty"]),
        (queue.PriorityQueue, ["get_nowait", ("put", [3, 1, 2]), "qsize"]),
        (queue.SimpleQueue, ["get", ("put", unique()), "qsize"]),
        (queue.Queue, ["task_done", ("put", [1]), "join"]),
        (functools.partial(deque, maxlen=2), ["popleft", ("append", unique()), ("rotate", [1])]),
        (Squares, [("of", [1, 2, 3])]),
        (WeakTable, [("put", KEYS, unique()), ("get", KEYS), "size"]),
        (threading.Event, ["set", "clear", "is_set", "wait"]),
        (lambda: threading.Semaphore(1), ["acquire", "release"]),
        (lambda: threading.BoundedSemaphore(1), ["acquire", "release"]),
    ],
    ids=[
        *("Queue", "LifoQueue", "PriorityQueue", "SimpleQueue", "Queue.join", "deque"),
        *("lru_cache", "WeakValueDictionary", "Event", "Semaphore", "BoundedSemaphore"),
    ],
)
def test_it_is_linearizable_as_far_as_a_few_programs_tell(
    make: Any, operations: list[object]
) -> None:
    result = harness.check_linearizable(
        make, operations=operations, programs=12, calls=2, executions=100
    )
    assert result.verdict is Verdict.PASSED
    assert result.histories > 12

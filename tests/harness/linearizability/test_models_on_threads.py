"""What real threads do to Python's own classes is linearizable; the ready models agree, by name.

Timed forms included: whoever gives up has looked a last time, so the strict reading holds.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import random
import sys
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from harness.linearizability import (
    BoundedQueue,
    Counter,
    Fifo,
    KeyValue,
    Lifo,
    Model,
    Mutex,
    PriorityQueue,
    Recording,
    Semaphore,
    SequentialModel,
    SetModel,
    Verdict,
    check,
    reduce,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

THREADS = 3
CALLS = 12
TINY_S = 0.000_1
YES, NO = True, False  # where they stand among arguments by place


def _nothing(_: random.Random) -> tuple[Any, ...]:
    return ()


def _number(chance: random.Random) -> tuple[Any, ...]:
    return (chance.randrange(4),)


def _key(chance: random.Random) -> tuple[Any, ...]:
    return (chance.choice("ab"),)


def _key_and_number(chance: random.Random) -> tuple[Any, ...]:
    return (*_key(chance), *_number(chance))


def _fixed(*arguments: Any) -> Any:
    return lambda _: arguments


@dataclass(frozen=True)
class Shared:
    """A real class that threads call, its model, and the calls."""

    make: Callable[[], Any]
    model: Callable[[], Model[Any]]
    calls: dict[str, Any]


_TIMED_QUEUE = {
    "put": lambda chance: (chance.randrange(4), True, TINY_S),
    "get": _fixed(YES, TINY_S),
    "put_nowait": _number,
    "get_nowait": _nothing,
    "qsize": _nothing,
    "empty": _nothing,
    "full": _nothing,
}
SHARED = {
    "queue": Shared(lambda: queue.Queue(2), lambda: BoundedQueue(2), _TIMED_QUEUE),
    "lifo": Shared(lambda: queue.LifoQueue(2), lambda: Lifo(capacity=2), _TIMED_QUEUE),
    "priority": Shared(
        lambda: queue.PriorityQueue(2), lambda: PriorityQueue(capacity=2), _TIMED_QUEUE
    ),
    # Not get with a timeout: in 3.11 and 3.12 it waits for ever where its time is over right after
    # it was woken for something that another thread took. Found by this very test.
    "simple": Shared(queue.SimpleQueue, Fifo, {"put": _number, "get_nowait": _nothing}),
    "deque": Shared(deque, Fifo, {"append": _number, "popleft": _nothing, "__len__": _nothing}),
    "stack": Shared(list, Lifo, {"append": _number, "pop": _nothing, "__len__": _nothing}),
    "dict": Shared(
        dict,
        KeyValue,
        {
            "__setitem__": _key_and_number,
            "__getitem__": _key,
            "__delitem__": _key,
            "setdefault": _key_and_number,
            "pop": _key,
            "__contains__": _key,
        },
    ),
    "whole dict": Shared(
        dict, KeyValue, {"__setitem__": _key_and_number, "__len__": _nothing, "copy": _nothing}
    ),
    "set": Shared(
        set, SetModel, {"add": _number, "discard": _number, "remove": _number, "pop": _nothing}
    ),
    # Not acquire with a timeout: whoever took the lock while waiting marks it as locked only when
    # it runs again; until then `release` and `locked` of others call it free, which `acquire` does
    # not (CPython 3.11's _threadmodule.c). Found by this very test.
    "lock": Shared(
        threading.Lock,
        Mutex,
        {"acquire": _fixed(NO), "release": _nothing, "locked": _nothing},
    ),
    "rlock": Shared(
        threading.RLock,
        lambda: Mutex(reentrant=True),
        {"acquire": _fixed(YES, TINY_S), "release": _nothing},
    ),
    "semaphore": Shared(
        lambda: threading.BoundedSemaphore(2),
        lambda: Semaphore(2, bounded=True),
        {"acquire": _fixed(YES, TINY_S), "release": _nothing},
    ),
    "count": Shared(itertools.count, Counter, {"__next__": _nothing}),
    "deque by itself": Shared(
        deque,
        lambda: SequentialModel(deque),
        {"append": _number, "appendleft": _number, "pop": _nothing, "popleft": _nothing},
    ),
}


@pytest.fixture(autouse=True)
def _often_switched() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.000_01)
    yield
    sys.setswitchinterval(before)


def _work(subject: Any, shared: Shared, chance: random.Random, start: threading.Barrier) -> None:
    start.wait()
    for _ in range(CALLS):
        name = chance.choice(list(shared.calls))
        with contextlib.suppress(Exception):  # what fails is in the recording
            getattr(subject, name)(*shared.calls[name](chance))


def _recorded(shared: Shared, seed: int) -> Recording:
    recording = Recording()
    subject = recording.watch(shared.make(), methods=list(shared.calls))
    start = threading.Barrier(THREADS)
    threads = [
        threading.Thread(
            target=_work,
            args=(subject, shared, random.Random(f"{seed}/{number}"), start),
            name=f"T{number}",
        )
        for number in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return recording


@pytest.mark.slow
@pytest.mark.parametrize("name", SHARED)
def test_what_threads_do_to_a_class_of_python_is_linearizable(name: str) -> None:
    shared = SHARED[name]
    for seed in range(15):
        history = _recorded(shared, seed).history()
        assert len(history) == THREADS * CALLS
        judgement = check(history, shared.model(), budget_s=30)
        told = "" if judgement.failure is None else str(reduce(history, judgement))
        assert judgement.verdict is Verdict.LINEARIZABLE, told


def test_a_queue_that_is_really_a_stack_is_not_a_queue() -> None:
    wrong = Shared(queue.LifoQueue, Fifo, {"put": _number, "get_nowait": _nothing})
    verdicts = {check(_recorded(wrong, seed).history(), Fifo()).verdict for seed in range(10)}
    assert Verdict.NOT_LINEARIZABLE in verdicts

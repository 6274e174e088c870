"""The ready models against the real classes of Python, run one call after another.

The model takes whatever the real object did. With one result changed it refuses, unless the new
result says no more than that something was done.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.linearizability import (
    CasRegister,
    Fifo,
    KeyValue,
    Lifo,
    Model,
    Mutex,
    Operation,
    PriorityQueue,
    Raised,
    Semaphore,
    SetModel,
)
from harness.linearizability.frozen import same
from tests.harness.linearizability.sequential_order import fits, recorded

if TYPE_CHECKING:
    from collections.abc import Callable

SMALL = st.integers(0, 3)
KEYS = st.sampled_from("ab")
Calls = list[tuple[str, tuple[Any, ...]]]


def _calls(**kinds: st.SearchStrategy[tuple[Any, ...]]) -> st.SearchStrategy[Calls]:
    one = st.one_of([st.tuples(st.just(name), arguments) for name, arguments in kinds.items()])
    return st.lists(one, max_size=12)


@dataclass(frozen=True)
class Twin:
    """A real class, its model, and calls that never wait."""

    make: Callable[[], Any]
    model: Callable[[], Model[Any]]
    calls: st.SearchStrategy[Calls]


NONE = st.just(())
NO = st.sampled_from([False])
_QUEUE = {
    "put_nowait": st.tuples(SMALL),
    "put": st.tuples(SMALL, NO),
    "get_nowait": NONE,
    "get": st.just((False,)),
    "qsize": NONE,
    "empty": NONE,
    "full": NONE,
}
_LOCK = {"acquire": st.just((False,)), "release": NONE, "locked": NONE}
TWINS = {
    "queue": Twin(lambda: queue.Queue(2), lambda: Fifo(capacity=2), _calls(**_QUEUE)),
    "unbounded": Twin(queue.Queue, Fifo, _calls(**_QUEUE)),
    "lifo": Twin(lambda: queue.LifoQueue(2), lambda: Lifo(capacity=2), _calls(**_QUEUE)),
    "priority": Twin(queue.PriorityQueue, PriorityQueue, _calls(**_QUEUE)),
    "simple": Twin(
        queue.SimpleQueue,
        Fifo,
        _calls(put=st.tuples(SMALL), get_nowait=NONE, qsize=NONE, empty=NONE),
    ),
    "asyncio": Twin(
        lambda: asyncio.Queue(2),
        lambda: Fifo(capacity=2),
        _calls(put_nowait=st.tuples(SMALL), get_nowait=NONE, qsize=NONE, full=NONE),
    ),
    "deque as queue": Twin(
        deque, Fifo, _calls(append=st.tuples(SMALL), popleft=NONE, __len__=NONE, clear=NONE)
    ),
    "deque as stack": Twin(deque, Lifo, _calls(append=st.tuples(SMALL), pop=NONE, __len__=NONE)),
    "list as stack": Twin(list, Lifo, _calls(append=st.tuples(SMALL), pop=NONE, clear=NONE)),
    "dict": Twin(
        dict,
        KeyValue,
        _calls(
            __setitem__=st.tuples(KEYS, SMALL),
            __getitem__=st.tuples(KEYS),
            __delitem__=st.tuples(KEYS),
            __contains__=st.tuples(KEYS),
            get=st.tuples(KEYS) | st.tuples(KEYS, SMALL),
            setdefault=st.tuples(KEYS) | st.tuples(KEYS, SMALL),
            pop=st.tuples(KEYS) | st.tuples(KEYS, SMALL),
            keys=NONE,
            items=NONE,
            copy=NONE,
            clear=NONE,
            __len__=NONE,
        ),
    ),
    "set": Twin(
        set,
        SetModel,
        _calls(
            add=st.tuples(SMALL),
            discard=st.tuples(SMALL),
            remove=st.tuples(SMALL),
            __contains__=st.tuples(SMALL),
            pop=NONE,
            copy=NONE,
            clear=NONE,
            __len__=NONE,
        ),
    ),
    "lock": Twin(threading.Lock, Mutex, _calls(**_LOCK)),
    "reentrant": Twin(
        threading.RLock,
        lambda: Mutex(reentrant=True),
        _calls(acquire=st.just((False,)), release=NONE),
    ),
    "semaphore": Twin(
        lambda: threading.Semaphore(2),
        lambda: Semaphore(2),
        _calls(acquire=st.just((False,)), release=NONE | st.tuples(st.integers(1, 2))),
    ),
    "bounded semaphore": Twin(
        lambda: threading.BoundedSemaphore(2),
        lambda: Semaphore(2, bounded=True),
        _calls(acquire=st.just((False,)), release=NONE | st.tuples(st.integers(1, 2))),
    ),
}
OTHERS = st.sampled_from([0, 1, 2, True, False, Raised("KeyError"), Raised("queue.Empty")])


@pytest.mark.parametrize("name", TWINS)
@given(data=st.data())
def test_a_model_takes_what_the_real_class_does(name: str, data: st.DataObject) -> None:
    twin = TWINS[name]
    operations = recorded(twin.make(), data.draw(twin.calls))
    assert fits(twin.model(), operations)


@pytest.mark.parametrize("name", TWINS)
@given(data=st.data())
def test_a_model_refuses_another_result_than_that_of_the_real_class(
    name: str, data: st.DataObject
) -> None:
    twin = TWINS[name]
    operations = recorded(twin.make(), data.draw(twin.calls.filter(bool)))
    place = data.draw(st.integers(0, len(operations) - 1))
    wrong = _with_another_result(operations[place], data.draw(OTHERS))
    if wrong is not None:
        assert not fits(twin.model(), [*operations[:place], wrong])


def _with_another_result(operation: Operation, other: Any) -> Operation | None:
    """Return the operation with another result; None if that might be right as well."""
    real = operation.output
    if same(other, real) or operation.name == "pop":  # which one a set gives is its own affair
        return None
    if real is None and not isinstance(other, Raised):
        return None  # whether `add` or `put` say what they did is left to the class
    if isinstance(other, Raised) and isinstance(real, Raised):
        return None  # which class a failure has is left to the class, too
    if other is False and isinstance(real, Raised):
        return None  # another way to say that it failed
    return replace(operation, output=other)


def test_a_register_is_what_an_attribute_is() -> None:
    class Cell:
        value = None

        def read(self) -> Any:
            return self.value

        def write(self, value: Any) -> None:
            self.value = value

    assert fits(CasRegister(), recorded(Cell(), [("write", (1,)), ("read", ()), ("write", (2,))]))


def test_things_that_cannot_be_hashed_go_through_a_queue() -> None:
    calls: Calls = [("put", ([1],)), ("put", ({"a": 1},)), ("get", ()), ("get", ())]
    assert fits(Fifo(), recorded(queue.Queue(), calls))


def test_lists_with_a_priority_go_through_a_priority_queue() -> None:
    calls: Calls = [("put", ([2, "b"],)), ("put", ([1, "a"],)), ("get", ()), ("get", ())]
    assert fits(PriorityQueue(), recorded(queue.PriorityQueue(), calls))

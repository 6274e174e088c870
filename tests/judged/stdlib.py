"""Classes of the standard library, judged against ready models or against themselves.

What is written in Python is loaded a second time, so that every access in it is seen. What is
written in C runs as it is, each call one step, or has a twin; so these are recorded on real
threads, too.
"""

from __future__ import annotations

import functools
import queue
import types
import weakref
from collections import deque
from logging import __file__ as logging_file
from pathlib import Path
from typing import Any, Final

from harness.instrument import instrument_source
from harness.linearizability import Fifo, Lifo, PriorityQueue
from harness.stateful import operation, unique
from tests.judged.judged import Judged

LINE_CALLS: Final = (
    operation("put", unique()),
    operation("put_nowait", unique()),
    *("get", "get_nowait", "qsize", "empty"),
)


def visible_copy(name: str, path: str) -> Any:  # a module like the original
    """Return a module of the library loaded a second time, every access in it seen."""
    copy = types.ModuleType(f"visible_{name}")
    code = instrument_source(Path(path).read_bytes(), path, copy.__name__)
    exec(code, vars(copy))  # noqa: S102  # the library's own code
    return copy


visible_queue = visible_copy("queue", queue.__file__)
visible_weakref = visible_copy("weakref", weakref.__file__)
visible_logging = visible_copy("logging", logging_file)


class Cached:
    """A function with `functools.lru_cache`."""

    def __init__(self) -> None:
        @functools.lru_cache(maxsize=2)
        def twice(number: int) -> int:
            return 2 * number

        self._twice = twice

    def get(self, number: int) -> int:
        return self._twice(number)

    def clear(self) -> None:
        self._twice.cache_clear()

    def misses(self) -> int:
        return self._twice.cache_info().misses

    def size(self) -> int:
        return self._twice.cache_info().currsize


class Value:
    def __init__(self, number: int) -> None:
        self.number = number


class WeakValues:
    """A `WeakValueDictionary` whose values live until they are dropped."""

    def __init__(self) -> None:
        self._known = visible_weakref.WeakValueDictionary()
        self._kept: deque[Value] = deque()

    def _made(self, number: int) -> Value:
        self._kept.append(value := Value(number))
        return value

    def put(self, key: str, number: int) -> None:
        self._known[key] = self._made(number)

    def get(self, key: str) -> int | None:
        found = self._known.get(key)
        return None if found is None else found.number

    def setdefault(self, key: str, number: int) -> int:
        found: Value = self._known.setdefault(key, self._made(number))
        return found.number

    def pop(self, key: str) -> int | None:
        found = self._known.pop(key, None)
        return None if found is None else found.number

    def size(self) -> int:
        return len(self._known)


class Keeping(visible_logging.Handler):  # type: ignore[misc]  # of a module that no checker knows
    """A handler that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: deque[str] = deque()

    def emit(self, record: Any) -> None:  # a LogRecord of the copy
        self.kept.append(record.msg)


class Handled:
    """A `logging.Handler` with a filter that refuses everything."""

    def __init__(self) -> None:
        self._handler = Keeping()
        self._filter = visible_logging.Filter("nobody")

    def handle(self, number: int) -> bool:
        record = visible_logging.makeLogRecord({"msg": str(number), "name": "somebody"})
        return bool(self._handler.handle(record))

    def add_filter(self) -> None:
        self._handler.addFilter(self._filter)

    def remove_filter(self) -> None:
        self._handler.removeFilter(self._filter)

    def lines(self) -> tuple[str, ...]:
        return tuple(self._handler.kept)


QUEUE = Judged(name="queue.Queue", make=visible_queue.Queue, operations=LINE_CALLS, model=Fifo())
BOUNDED = Judged(
    name="queue.Queue(1)",
    make=functools.partial(visible_queue.Queue, 1),
    operations=(*LINE_CALLS, "full"),
)
LIFO = Judged(
    name="queue.LifoQueue", make=visible_queue.LifoQueue, operations=LINE_CALLS, model=Lifo()
)
PRIORITY = Judged(
    name="queue.PriorityQueue",
    make=visible_queue.PriorityQueue,
    operations=LINE_CALLS,
    model=PriorityQueue(),
)
SIMPLE = Judged(
    name="queue.SimpleQueue (its twin)",
    make=lambda: queue.SimpleQueue(),  # noqa: PLW0108  # looked up in the execution
    operations=LINE_CALLS,
    model=Fifo(),
)
DEQUE = Judged(
    name="collections.deque",
    make=deque,
    operations=(
        operation("append", unique()),
        operation("appendleft", unique()),
        *("pop", "popleft", "__len__", "reverse"),
        operation(tuple, called="tuple"),
    ),
)
CACHE = Judged(
    name="functools.lru_cache, its results",
    make=Cached,
    operations=(("get", [1, 2, 3]), "clear"),
)
CACHE_FIGURES = Judged(
    name="functools.lru_cache and cache_info",
    make=Cached,
    operations=(("get", [1, 2]), "clear", "misses", "size"),
)
WEAK = Judged(
    name="weakref.WeakValueDictionary",
    make=WeakValues,
    operations=(
        operation("put", ["a", "b"], unique()),
        ("get", ["a", "b"]),
        ("pop", ["a"]),
        "size",
    ),
)
WEAK_SETDEFAULT = Judged(
    name="weakref.WeakValueDictionary.setdefault",
    make=WeakValues,
    operations=(operation("setdefault", ["a"], unique()), ("get", ["a"])),
)
HANDLER = Judged(
    name="logging.Handler",
    make=Handled,
    operations=(operation("handle", unique()), "lines"),
)
HANDLER_FILTERS = Judged(
    name="logging.Handler and its filters",
    make=Handled,
    operations=(operation("handle", unique()), "add_filter", "remove_filter"),
)
RIGHT = (QUEUE, BOUNDED, LIFO, PRIORITY, SIMPLE, DEQUE, CACHE, WEAK, HANDLER)
WRONG = (CACHE_FIGURES, WEAK_SETDEFAULT, HANDLER_FILTERS)

"""What stands for what: the standard library's primitives and their twins."""

from __future__ import annotations

import _thread
import builtins
import os
import queue
import select
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from harness.primitives import (
    buffered,
    chance,
    chance_numpy,
    clock,
    real,
    simple_queue,
    sqlite_check,
    thread,
    uncontrolled,
    uncontrolled_waits,
)
from harness.primitives.condition import Condition
from harness.primitives.event import Event
from harness.primitives.local import Local
from harness.primitives.lock import Lock, RLock
from harness.primitives.semaphore import BoundedSemaphore, Semaphore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_STARTERS: Final = (
    ("os", ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "wait", "waitpid")),
    ("os", ("wait3", "wait4", "waitid")),
    ("_posixsubprocess", ("fork_exec",)),
    ("_winapi", ("CreateProcess",)),
)


def twin_table() -> dict[int, Any]:
    """Return the identity of each original with its twin. Call it while nothing is patched.

    Modules that start processes are imported at any time, so their part is looked at again.
    """
    for module_name, names in _STARTERS:
        module = sys.modules.get(module_name)
        for name in names:
            original = getattr(module, name, None)
            if original is not None and id(original) not in _TABLE:
                what = f"os.{name}" if module_name == "os" else "starting a process"
                _TABLE[id(original)] = uncontrolled.refusing(
                    original, what, uncontrolled.PROCESS_REMEDY
                )
    for name, make in _LATE_MAKERS.items():
        if name in sys.modules and name not in _late:
            _late[name] = tuple(make(sys.modules[name]))
            _TABLE.update((id(original), twin) for original, twin in _late[name])
    return _TABLE


def _pairs() -> Iterator[tuple[Any, Any]]:
    yield from (
        (threading.Lock, Lock),
        (_thread.allocate_lock, Lock),
        (threading.RLock, RLock),
        (_thread.RLock, RLock),
        (threading.Condition, Condition),
        (threading.Event, Event),
        (threading.Semaphore, Semaphore),
        (threading.BoundedSemaphore, BoundedSemaphore),
        (threading.local, Local),
        (real.get_ident, thread.get_ident),
        (real.get_native_id, thread.get_native_id),
        (real.current_thread, thread.current_thread),
        (real.enumerate_threads, thread.enumerate_threads),
        (real.active_count, thread.active_count),
        (real.start_new_thread, thread.start_new_thread),
        (real.start_new, thread.start_new_thread),
        (real.SimpleQueue, simple_queue.SimpleQueue),
        (real.sleep, clock.sleep),
        (real.monotonic, clock.monotonic),
        (real.monotonic_ns, clock.monotonic_ns),
        (real.perf_counter, clock.perf_counter),
        (real.perf_counter_ns, clock.perf_counter_ns),
        (real.process_time, clock.process_time),
        (real.process_time_ns, clock.process_time_ns),
        (real.thread_time, clock.thread_time),
        (real.thread_time_ns, clock.thread_time_ns),
        (real.wall_time, clock.wall_time),
        (real.wall_time_ns, clock.wall_time_ns),
        (
            builtins.input,
            uncontrolled.refusing(builtins.input, "input()", uncontrolled.IO_REMEDY),
        ),
        *buffered.STREAMS,
        (os.read, uncontrolled.reading(os.read, "os.read")),
        (select.select, uncontrolled.selecting(select.select)),
    )
    for name in ("readv", "preadv"):
        original = getattr(os, name, None)
        if original is not None:
            yield original, uncontrolled.reading(original, f"os.{name}")
    yield from uncontrolled_waits.pairs()
    yield from chance.pairs()


# What has twins only once somebody else has imported it.
_LATE_MAKERS: Final[dict[str, Callable[[Any], Iterable[tuple[Any, Any]]]]] = {
    "fcntl": uncontrolled_waits.fcntl_pairs,
    "signal": uncontrolled_waits.signal_pairs,
    "sqlite3": lambda _module: sqlite_check.twins(),
    "tempfile": chance.tempfile_pairs,
    "uuid": chance.uuid_pairs,
    "numpy.random": chance_numpy.pairs,
}
_late: dict[str, tuple[Any, ...]] = {}  # of modules imported later; holds the originals
_ORIGINALS: Final = tuple(_pairs())  # holds the originals: their ids stay taken
_TABLE: Final = {id(original): twin for original, twin in _ORIGINALS}
twin_table()  # before anything is patched
IMPORT_NAMES: Final = tuple(
    (module, name, _TABLE[id(value)])
    for module in (threading, queue, time)
    for name, value in list(vars(module).items())
    if id(value) in _TABLE and not name.startswith("_")
)

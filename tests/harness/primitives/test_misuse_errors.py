"""Misuse raises what the standard library raises: the same type with the same words."""

# ruff: noqa: FBT003  # positional, as the standard library takes it
from __future__ import annotations

import concurrent.futures
import copy
import pickle
import queue
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def _nothing() -> None:
    pass


def _held() -> Any:
    lock = threading.Lock()
    lock.acquire()
    return lock


def _foreign_rlock_release() -> None:
    lock = threading.RLock()
    lock.acquire()
    caught: list[BaseException] = []

    def release() -> None:
        try:
            lock.release()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=release)
    thread.start()
    thread.join()
    lock.release()
    raise caught[0]


def _started_twice() -> None:
    thread = threading.Thread(target=_nothing)
    thread.start()
    try:
        thread.start()
    finally:
        thread.join()


def _daemon_after_start() -> None:
    thread = threading.Thread(target=_nothing)
    thread.start()
    try:
        thread.daemon = True
    finally:
        thread.join()


def _start_without_init() -> None:
    class Forgetful(threading.Thread):
        def __init__(self) -> None:
            pass

    Forgetful().start()


def _join_without_init() -> None:
    class Forgetful(threading.Thread):
        def __init__(self) -> None:
            pass

    Forgetful().join()


def _join_itself() -> None:
    caught: list[BaseException] = []

    def work() -> None:
        try:
            threading.current_thread().join()
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    raise caught[0]


def _task_done_too_often() -> None:
    items: queue.Queue[int] = queue.Queue()
    items.put(1)
    items.get()
    items.task_done()
    items.task_done()


def _submit_after_shutdown() -> None:
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.shutdown()
    pool.submit(_nothing)


def _set_result_twice() -> None:
    future: concurrent.futures.Future[int] = concurrent.futures.Future()
    future.set_result(1)
    future.set_result(2)


def _broken_barrier() -> None:
    barrier = threading.Barrier(2)
    barrier.abort()
    barrier.wait()


def _barrier_timeout() -> None:
    threading.Barrier(2).wait(timeout=0.01)


def _broken_initializer() -> None:
    def broken() -> None:
        raise ValueError("no")

    with concurrent.futures.ThreadPoolExecutor(1, initializer=broken) as pool:
        pool.submit(_nothing).result()


def _bounded_too_often() -> None:
    semaphore = threading.BoundedSemaphore(2)
    semaphore.acquire()
    semaphore.release()
    semaphore.release()


class _PlainLocal(threading.local):
    pass


MISUSES: dict[str, Callable[[], Any]] = {
    "release an unlocked lock": lambda: threading.Lock().release(),
    "release an unlocked rlock": lambda: threading.RLock().release(),
    "release another's rlock": _foreign_rlock_release,
    "timeout without blocking": lambda: threading.Lock().acquire(False, 1),
    "timeout without blocking on an rlock": lambda: threading.RLock().acquire(False, 1),
    "negative timeout": lambda: threading.Lock().acquire(timeout=-2),
    "negative timeout on an rlock": lambda: threading.RLock().acquire(timeout=-2),
    "too large a timeout": lambda: threading.Lock().acquire(timeout=1e12),
    "endless timeout": lambda: threading.Lock().acquire(timeout=float("inf")),
    "no number as timeout": lambda: threading.Lock().acquire(timeout="1"),  # type: ignore[arg-type]
    "not a number as timeout": lambda: threading.Lock().acquire(timeout=float("nan")),
    "wait without the lock": lambda: threading.Condition().wait(),
    "wait without a plain lock": lambda: threading.Condition(threading.Lock()).wait(),
    "notify without the lock": lambda: threading.Condition().notify(),
    "notify_all without the lock": lambda: threading.Condition().notify_all(),
    "notify without a plain lock": lambda: threading.Condition(threading.Lock()).notify(),
    "release a condition": lambda: threading.Condition().release(),
    "negative semaphore": lambda: threading.Semaphore(-1),
    "semaphore timeout without blocking": lambda: threading.Semaphore().acquire(False, 1),
    "semaphore release of nothing": lambda: threading.Semaphore().release(0),
    "bounded semaphore": _bounded_too_often,
    "bounded semaphore by two": lambda: threading.BoundedSemaphore(1).release(2),
    "barrier of nobody": lambda: threading.Barrier(0),
    "broken barrier": _broken_barrier,
    "barrier timeout": _barrier_timeout,
    "thread with a group": lambda: threading.Thread(group=1),  # type: ignore[arg-type]
    "thread with an odd argument": lambda: threading.Thread(tarket=1),  # type: ignore[call-arg]
    "thread started twice": _started_twice,
    "daemon after start": _daemon_after_start,
    "start without init": _start_without_init,
    "join without init": _join_without_init,
    "join before start": lambda: threading.Thread(target=_nothing).join(),
    "join itself": _join_itself,
    "join the current thread": lambda: threading.current_thread().join(),
    "negative sleep": lambda: time.sleep(-1),
    "sleep of text": lambda: time.sleep("1"),  # type: ignore[arg-type]
    "sleep of no number": lambda: time.sleep(float("nan")),
    "endless sleep": lambda: time.sleep(float("inf")),
    "empty queue": lambda: queue.Queue().get_nowait(),
    "full queue": lambda: [queue.Queue(1)] and _fill(queue.Queue(1)),
    "queue timeout": lambda: queue.Queue().get(timeout=0.01),
    "negative queue timeout": lambda: queue.Queue().get(timeout=-1),
    "negative put timeout": lambda: _fill(queue.Queue(1), timeout=-1),
    "empty simple queue": lambda: queue.SimpleQueue().get_nowait(),
    "simple queue timeout": lambda: queue.SimpleQueue().get(timeout=0.01),
    "negative simple queue timeout": lambda: queue.SimpleQueue().get(timeout=-1),
    "task_done too often": _task_done_too_often,
    "submit after shutdown": _submit_after_shutdown,
    "result twice": _set_result_twice,
    "executor of nobody": lambda: concurrent.futures.ThreadPoolExecutor(0),
    "broken initializer": _broken_initializer,
    "future timeout": lambda: concurrent.futures.Future().result(timeout=0.01),
    "local with arguments": lambda: threading.local(1),  # type: ignore[call-arg]
    "local subclass with arguments": lambda: _PlainLocal(1),  # type: ignore[call-arg]
    "missing local attribute": lambda: threading.local().missing,
    "deleted local attribute": lambda: delattr(threading.local(), "missing"),
    "dict of a local": lambda: setattr(threading.local(), "__dict__", {}),
    "pickled lock": lambda: pickle.dumps(threading.Lock()),
    "pickled rlock": lambda: pickle.dumps(threading.RLock()),
    "copied lock": lambda: copy.copy(threading.Lock()),
    "pickled simple queue": lambda: pickle.dumps(queue.SimpleQueue()),
    "event timeout of text": lambda: threading.Event().wait("1"),  # type: ignore[arg-type]
    "too large a wait": lambda: threading.Event().wait(1e12),
    "exit of an unlocked lock": lambda: threading.Lock().__exit__(None, None, None),
}


def _fill(items: queue.Queue[int], timeout: float | None = None) -> None:
    items.put(1)
    if timeout is None:
        items.put_nowait(2)
    else:
        items.put(2, timeout=timeout)


def _outcome(misuse: Callable[[], Any]) -> tuple[str, str]:
    try:
        misuse()
    except Exception as error:  # noqa: BLE001  # the error is the result
        words = re.sub("0x[0-9a-f]+", "0x...", str(error))
        return type(error).__name__, re.sub(r"'(_thread\._local|Local|local)'", "'local'", words)
    return "", ""


def test_locks_take_no_attributes(controlled: Any) -> None:
    def program() -> list[str]:
        found = []
        for lock in (threading.Lock(), threading.RLock()):
            try:
                lock.name = 1  # type: ignore[attr-defined]
            except AttributeError as error:
                found.append(type(error).__name__)
        return found

    assert program() == controlled(program)[0]


@pytest.mark.parametrize("name", MISUSES)
def test_misuse_raises_what_the_standard_library_raises(name: str, controlled: Any) -> None:
    misuse = MISUSES[name]
    really = _outcome(misuse)
    assert set(controlled(lambda: _outcome(misuse), executions=5)) == {really}

"""A thousand tasks in one execution, and tens of thousands of executions in the same memory."""

from __future__ import annotations

import gc
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from greenlet import greenlet

import harness
from harness import BoundedDfs, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS = 1_000
STEPS = 100_000
MIB = 1024 * 1024


def in_tasks(count: int, work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def one_lock() -> None:
    lock = threading.Lock()

    def work() -> None:
        for _ in range(10):
            with lock:
                pass

    in_tasks(TASKS, work)


def one_event() -> None:
    go, done = threading.Event(), threading.Semaphore(0)

    def work() -> None:
        go.wait()
        for _ in range(STEPS // TASKS):
            done.release()

    threads = [threading.Thread(target=work) for _ in range(TASKS)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()


def one_queue() -> None:
    jobs: queue.SimpleQueue[int] = queue.SimpleQueue()
    threads = [threading.Thread(target=jobs.get) for _ in range(TASKS)]
    for thread in threads:
        thread.start()
    for number in range(TASKS):
        jobs.put(number)
    for thread in threads:
        thread.join()


def one_condition() -> None:
    condition, go = threading.Condition(), []

    def work() -> None:
        with condition:
            condition.wait_for(lambda: go)

    threads = [threading.Thread(target=work) for _ in range(TASKS)]
    for thread in threads:
        thread.start()
    with condition:
        go.append(1)
        condition.notify_all()
    for thread in threads:
        thread.join()


def sleepers() -> None:
    def work() -> None:
        for _ in range(20):
            time.sleep(0.01)

    in_tasks(TASKS, work)


@pytest.mark.slow
@pytest.mark.parametrize("body", [one_lock, one_event, one_queue, one_condition, sleepers])
@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_a_thousand_tasks_take_a_hundred_thousand_steps(
    strategy: str, body: Callable[[], None]
) -> None:
    began_s = time.process_time()
    result = harness.explore(body, strategy, executions=1, max_steps=10**6)
    assert result.verdict is Verdict.PASSED
    # Measured: 0.2 to 1.5 s; one task after the other, the lock took more than a minute.
    assert time.process_time() - began_s < 30


@pytest.mark.slow
def test_a_path_of_a_search_with_a_thousand_tasks_stays_small() -> None:
    before = psutil.Process().memory_info().rss
    harness.explore(one_queue, "dfs", executions=1, max_steps=10**6)
    # A list of a thousand options at each of some thousand choices would take 300 MiB.
    assert psutil.Process().memory_info().rss - before < 100 * MIB


# -- the same with and without the short way for many ----------------------------------------------


def outcomes(tasks: int, *, bound: int | None, many: int, patch: pytest.MonkeyPatch) -> Any:
    """Return what a search meets, if lists from `many` tasks on are made anew at once."""
    from harness.engine import turns  # noqa: PLC0415  # its limit is moved

    patch.setattr(turns, "MANY", many)
    met: list[tuple[object, ...]] = []

    def body() -> None:
        lock, jobs = threading.Lock(), queue.SimpleQueue[int]()
        slots, order = threading.Semaphore(1), []

        def work(number: int) -> None:
            with lock:
                order.append(("lock", number))
            timed = slots.acquire(timeout=1)
            order.append(("slot", number, timed, jobs.get()))
            if timed:
                slots.release()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(tasks)]
        for thread in threads:
            thread.start()
        for number in range(tasks):
            jobs.put(number)
        for thread in threads:
            thread.join()
        met.append(tuple(order))

    result = harness.explore(body, BoundedDfs(bound), executions=4_000)
    return met[: result.executions], result.executions


@pytest.mark.parametrize(("tasks", "bound"), [(2, 1), (3, 1), (4, 0)])
def test_many_tasks_are_woken_and_parked_as_few_are(
    tasks: int, bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_by_one = outcomes(tasks, bound=bound, many=10**9, patch=monkeypatch)
    at_once = outcomes(tasks, bound=bound, many=0, patch=monkeypatch)
    assert one_by_one == at_once


# -- long campaigns -------------------------------------------------------------------------------


class _Box:
    value = 0


def passes() -> None:
    box, lock = _Box(), threading.Lock()

    def work() -> None:
        with lock:
            box.value += 1

    in_tasks(2, work)


def raises_in_threads() -> None:
    """Tasks that raise what the user's hook takes, and main goes on."""

    def work() -> None:
        raise SystemExit

    in_tasks(2, work)


def leaves_daemons() -> None:
    for _ in range(2):
        threading.Thread(target=threading.Event().wait, daemon=True).start()


def polls() -> None:
    """Ends by its step bound, every time."""
    stop: list[int] = []

    def work() -> None:
        while not stop:
            time.monotonic()

    in_tasks(2, work)


def _grown_bytes(run: Callable[[int], None], executions: int) -> int:
    """Return by how much a campaign grows a process in which a first one has run."""
    run(executions // 4)
    gc.collect()
    before = psutil.Process().memory_info().rss
    run(executions)
    gc.collect()
    return psutil.Process().memory_info().rss - before


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
@pytest.mark.parametrize("body", [passes, raises_in_threads, leaves_daemons])
def test_the_memory_of_a_campaign_is_flat(strategy: str, body: Callable[[], None]) -> None:
    def run(executions: int) -> None:
        if strategy != "dfs":
            harness.explore(body, strategy, executions=executions)
            return
        while executions > 0:  # the opaque watch records; small spaces end early
            executions -= harness.explore(body, BoundedDfs(None), executions=executions).executions

    # 100 bytes kept of each execution would be 2 MB; the allocator's own noise is below half of it.
    assert _grown_bytes(run, 20_000) < 2 * MIB


@pytest.mark.slow
def test_findings_that_are_dropped_take_their_memory_along() -> None:
    def fails() -> None:
        passes()
        raise ValueError("every time")

    def run(findings: int) -> None:
        for _ in range(findings):
            assert harness.explore(fails, executions=10).finding is not None

    assert _grown_bytes(run, 100) < 2 * MIB


def _greenlets() -> int:
    gc.collect()
    return sum(isinstance(one, greenlet) for one in gc.get_objects())


@pytest.mark.slow
@pytest.mark.parametrize("body", [passes, raises_in_threads, leaves_daemons, polls])
def test_no_greenlet_is_left_behind(body: Callable[[], None]) -> None:
    harness.explore(body, executions=20, max_steps=200)
    before = _greenlets()
    for _ in range(3):
        harness.explore(body, executions=50, max_steps=200)
    assert _greenlets() <= before


def test_a_greenlet_that_is_left_behind_would_be_seen() -> None:
    before = _greenlets()
    kept = greenlet(lambda: None)
    assert _greenlets() == before + 1
    del kept

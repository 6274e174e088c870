"""Coroutines are interleaved at their awaits by the same strategies, on virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import FindingKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STRATEGIES = ("random", "pct", "dfs", "pos", "surw", "delay", "rff", "portfolio")
EXECUTIONS = 300


class Counter:
    def __init__(self) -> None:
        self.n = 0


async def lost_update() -> None:
    counter = Counter()

    async def add() -> None:
        seen = counter.n
        await asyncio.sleep(0)
        counter.n = seen + 1

    await asyncio.gather(add(), add())
    assert counter.n == 2


async def locked_update() -> None:
    counter, lock = Counter(), asyncio.Lock()

    async def add() -> None:
        async with lock:
            seen = counter.n
            await asyncio.sleep(0)
            counter.n = seen + 1

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(add())
    assert counter.n == 3


async def update_without_await() -> None:
    """Nothing comes between two lines of a coroutine but at an await."""
    counter = Counter()

    async def add() -> None:
        seen = counter.n
        counter.n = seen + 1

    await asyncio.gather(add(), add(), add())
    assert counter.n == 3


async def every_primitive() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    condition, event, slots = asyncio.Condition(), asyncio.Event(), asyncio.Semaphore(1)
    counter = Counter()

    async def put() -> None:
        async with slots:
            await queue.put(1)
        await event.wait()

    async def take() -> None:
        for _ in range(2):
            counter.n += await queue.get()
        async with condition:
            condition.notify_all()
        event.set()

    async def wait() -> None:
        async with condition:
            await condition.wait_for(lambda: counter.n == 2)

    await asyncio.gather(put(), put(), take(), wait())


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_finds_an_update_lost_at_an_await(strategy: str) -> None:
    found = harness.explore(lost_update, strategy=strategy, executions=EXECUTIONS)
    assert found.finding is not None
    assert found.finding.kind is FindingKind.ASSERTION
    assert harness.replay(lost_update, found.finding.token) is not None


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("body", [locked_update, update_without_await, every_primitive])
def test_no_strategy_finds_anything_in_a_right_program(
    strategy: str, body: Callable[[], Awaitable[None]]
) -> None:
    found = harness.explore(body, strategy=strategy, executions=EXECUTIONS)
    assert found.finding is None, str(found.finding)


def test_every_order_of_the_steps_is_tried() -> None:
    """Two coroutines of two steps each: 4! / (2! 2!) orders, as often as main can stand aside."""
    orders = set()

    async def body() -> None:
        order: list[str] = []

        async def work(name: str) -> None:
            order.append(name)
            await asyncio.sleep(0)
            order.append(name)

        await asyncio.gather(work("a"), work("b"))
        orders.add("".join(order))

    found = harness.explore(body, strategy=harness.BoundedDfs(None), executions=2_000)
    assert found.exhausted
    assert orders == {"aabb", "abab", "abba", "baab", "baba", "bbaa"}


def test_dpor_says_that_it_cannot_search_coroutines() -> None:
    with pytest.raises(harness.ArgumentError, match="dfs"):
        harness.explore(lost_update, strategy="dpor")


def test_a_coroutine_function_and_asyncio_run_in_a_body_do_the_same() -> None:
    def body() -> None:
        asyncio.run(lost_update())

    found = harness.explore(body, executions=EXECUTIONS, strategy="random")
    assert found.finding is not None
    assert {event.task_name for event in found.finding.trace.events} >= {
        "Task-2 (add)",
        "Task-3 (add)",
    }


def test_waits_of_an_hour_take_no_time_and_timeouts_come() -> None:
    async def body() -> None:
        start = asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(3_600):
                await asyncio.Event().wait()
        assert asyncio.get_running_loop().time() - start >= 3_600

    before = time.perf_counter()
    assert harness.explore(body, executions=50).verdict is Verdict.PASSED
    assert time.perf_counter() - before < 20


def test_a_timeout_can_come_while_others_could_go_on() -> None:
    """Late by default, but a strategy may let it come at any moment at which it could."""

    async def body() -> None:
        queue: asyncio.Queue[int] = asyncio.Queue()

        async def put() -> None:
            await asyncio.sleep(0)
            await queue.put(1)

        task = asyncio.create_task(put())
        assert await asyncio.wait_for(queue.get(), timeout=60) == 1
        await task

    found = harness.explore(body, strategy="dfs")
    assert found.finding is not None
    assert "TimeoutError" in found.finding.message


def test_a_wait_that_nobody_ends_names_every_coroutine_and_its_line() -> None:
    async def body() -> None:
        event = asyncio.Event()

        async def wait() -> None:
            await event.wait()

        await asyncio.gather(wait(), wait())

    found = harness.explore(body, executions=10)
    assert found.finding is not None
    assert found.finding.kind is FindingKind.LOST_WAKEUP
    waiting = [place for place in found.finding.places if "(wait)" in place]
    assert len(waiting) == 2
    assert all(
        "awaits Event.wait" in place and __name__.split(".")[-1] in place for place in waiting
    )


def test_an_exception_that_nobody_retrieves_is_found(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        async def fail() -> None:
            raise ValueError("nobody asks")

        task = asyncio.create_task(fail())
        await asyncio.sleep(1)
        del task
        await asyncio.sleep(1)

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        found = harness.explore(body, executions=10)
    assert found.finding is not None
    assert "nobody asks" in found.finding.message
    assert not caplog.records


def test_a_wakeup_lost_with_a_cancelled_waiter_is_found() -> None:  # noqa: C901  # one story
    """bpo-27585: a semaphore that marks one waiter, which is cancelled before it runs."""

    class Semaphore:
        def __init__(self, *, passes_on: bool) -> None:
            self.value = 0
            self.waiters: list[asyncio.Future[None]] = []
            self.passes_on = passes_on

        async def acquire(self) -> None:
            while self.value == 0:
                future = asyncio.get_running_loop().create_future()
                self.waiters.append(future)
                try:
                    await future
                except asyncio.CancelledError:
                    if self.passes_on and future.done() and not future.cancelled():
                        self.wake()
                    raise
                finally:
                    if future in self.waiters:
                        self.waiters.remove(future)
            self.value -= 1

        def release(self) -> None:
            self.value += 1
            self.wake()

        def wake(self) -> None:
            for future in self.waiters:
                if not future.done():
                    future.set_result(None)
                    return

    def program(*, passes_on: bool) -> Callable[[], Awaitable[None]]:
        async def body() -> None:
            semaphore = Semaphore(passes_on=passes_on)

            async def enter() -> None:
                await semaphore.acquire()
                semaphore.release()

            first = asyncio.create_task(enter())
            second = asyncio.create_task(enter())

            async def release() -> None:
                semaphore.release()

            async def cancel() -> None:
                first.cancel()

            await asyncio.gather(release(), cancel())
            with contextlib.suppress(asyncio.CancelledError):
                await first
            await second

        return body

    bad = harness.explore(program(passes_on=False), strategy="random", executions=2_000)
    assert bad.finding is not None
    assert bad.finding.kind is FindingKind.LOST_WAKEUP
    good = harness.explore(program(passes_on=True), strategy="random", executions=2_000)
    assert good.finding is None, str(good.finding)


# -- threads and loops ----------------------------------------------------------------------------


def test_threads_of_to_thread_race_and_are_found() -> None:
    async def body() -> None:
        counter = Counter()

        def add() -> None:
            counter.n += 1

        await asyncio.gather(asyncio.to_thread(add), asyncio.to_thread(add))
        assert counter.n == 2

    found = harness.explore(body, strategy="pct", executions=2_000)
    assert found.finding is not None
    assert found.finding.kind is FindingKind.ASSERTION


def test_a_thread_races_with_a_coroutine_between_two_lines() -> None:
    """The loop's other coroutines cannot come between, another thread can."""

    def program(lock: contextlib.AbstractContextManager[Any]) -> Callable[[], None]:
        def body() -> None:
            counter = Counter()

            def add() -> None:
                with lock:
                    counter.n += 1

            async def main() -> None:
                with lock:
                    counter.n += 1

            thread = threading.Thread(target=add)
            thread.start()
            asyncio.run(main())
            thread.join()
            assert counter.n == 2

        return body

    bad = harness.explore(program(contextlib.nullcontext()), strategy="random", executions=2_000)
    assert bad.finding is not None
    good = harness.explore(program(threading.Lock()), strategy="random", executions=500)
    assert good.finding is None, str(good.finding)


def test_a_thread_wakes_a_loop_that_waits() -> None:
    async def body() -> None:
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(event.set))
        thread.start()
        await event.wait()
        thread.join()

    for strategy in ("random", "dfs"):
        found = harness.explore(body, strategy=strategy, executions=EXECUTIONS)
        assert found.finding is None, str(found.finding)


def test_two_loops_in_two_threads_run_side_by_side() -> None:
    def body() -> None:
        shared = Counter()

        async def add() -> None:
            seen = shared.n
            await asyncio.sleep(0)
            shared.n = seen + 1

        threads = [threading.Thread(target=lambda: asyncio.run(add())) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shared.n == 2

    found = harness.explore(body, strategy="random", executions=500)
    assert found.finding is not None
    assert found.finding.kind is FindingKind.ASSERTION


def test_a_lock_of_threads_kept_over_an_await_stops_the_loop() -> None:
    async def body() -> None:
        lock = threading.Lock()

        async def work() -> None:
            with lock:
                await asyncio.sleep(0)

        await asyncio.gather(work(), work())

    found = harness.explore(body, executions=50)
    assert found.finding is not None
    assert found.finding.kind is FindingKind.DEADLOCK
    assert "event loop" in str(found.finding)


def test_coroutines_of_one_loop_are_one_thread() -> None:
    async def body() -> None:
        lock, local, idents = threading.RLock(), threading.local(), set()

        async def work() -> None:
            with lock:
                idents.add(threading.get_ident())
                local.seen = getattr(local, "seen", 0) + 1
                await asyncio.sleep(0)
                assert threading.current_thread() is threading.main_thread()

        await asyncio.gather(work(), work())
        assert len(idents) == 1
        assert local.seen == 2

    found = harness.explore(body, strategy="dfs", executions=200)
    assert found.finding is None, str(found.finding)


def test_context_variables_stay_with_their_coroutine() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")

    async def body() -> None:
        async def work(name: str) -> None:
            variable.set(name)
            await asyncio.sleep(0)
            assert variable.get() == name

        await asyncio.gather(work("a"), work("b"))

    assert harness.explore(body, strategy="dfs", executions=200).finding is None


def test_the_order_in_which_leftover_tasks_are_cancelled_is_the_same_every_time() -> None:
    def orders() -> list[str]:
        seen: list[str] = []

        async def body() -> None:
            order: list[int] = []

            async def wait(number: int) -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    order.append(number)
                    seen.append("".join(map(str, order)))

            tasks = [asyncio.create_task(wait(number)) for number in range(5)]
            await asyncio.sleep(1)
            assert tasks

        harness.explore(body, strategy="random", executions=20, seed=4)
        return seen

    assert orders() == orders()


def test_the_body_of_a_program_that_uses_no_loop_is_as_it_was() -> None:
    """Outside an execution the event loop is asyncio's own."""
    assert harness.explore(locked_update, executions=2).finding is None
    loop = asyncio.BaseEventLoop
    assert "controlled" not in loop._run_once.__qualname__
    asyncio.run(locked_update())

import asyncio
import threading
from typing import Any

import pytest

from secmem.flow import (
    AsyncFlowController,
    CancelToken,
    FlowCancelled,
    FlowClosed,
    FlowTimeout,
    FlowWrongLoop,
)


async def turn(times: int = 3) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


async def full(high: int = 2, low: int = 1, **how: Any) -> Any:
    flow = AsyncFlowController(high, low, **how)
    for _ in range(high):
        await flow.acquire(timeout_s=0)
    return flow


async def waiters(flow: Any, count: int, **how: Any) -> Any:
    tasks = [asyncio.ensure_future(flow.acquire(**how)) for _ in range(count)]
    await turn()
    assert flow.waiting == count
    return tasks


def test_all_waiters_wake_when_the_gate_opens() -> None:
    async def main() -> None:
        flow = await full(high=100, low=10)
        tasks = await waiters(flow, 90)
        for _ in range(90):
            flow.release()
        await asyncio.gather(*tasks)
        assert (flow.pending, flow.waiting, flow.blocked) == (100, 0, True)

    asyncio.run(main())


def test_woken_waiters_look_again_so_pending_stays_within_the_high_mark() -> None:
    async def main() -> None:
        flow = await full(high=2, low=1)
        tasks = await waiters(flow, 3)
        flow.release()
        await turn()
        assert (flow.pending, flow.waiting) == (2, 2)
        flow.close()
        endings = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(ending) for ending in endings].count(FlowClosed) == 2

    asyncio.run(main())


def test_a_newcomer_that_overtakes_a_woken_waiter_cannot_overfill() -> None:
    async def main() -> None:
        flow = await full(high=2, low=1)
        (slow,) = await waiters(flow, 1)
        flow.release()  # the waiter is woken but has not run yet
        await flow.acquire(timeout_s=0)
        await turn()
        assert (flow.pending, flow.waiting, slow.done()) == (2, 1, False)
        flow.release()
        await slow

    asyncio.run(main())


def test_a_cancelled_task_takes_no_slot_and_leaves_no_waiter() -> None:
    async def main() -> None:
        flow = await full()
        (task,) = await waiters(flow, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (flow.pending, flow.waiting) == (2, 0)

    asyncio.run(main())


def test_a_task_cancelled_after_its_wake_up_leaks_no_slot_and_swallows_no_wake_up() -> None:
    async def main() -> None:
        flow = await full(high=1, low=1)
        first, second = await waiters(flow, 2)
        flow.release()  # both are woken, neither has run
        first.cancel()
        await turn()
        assert first.cancelled()
        assert second.done()
        assert (flow.pending, flow.waiting) == (1, 0)

    asyncio.run(main())


def test_asyncio_timeout_around_acquire_takes_no_slot() -> None:
    async def main() -> None:
        flow = await full()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await flow.acquire()
        assert (flow.pending, flow.waiting) == (2, 0)

    asyncio.run(main())


def test_its_own_timeout_takes_no_slot() -> None:
    async def main() -> None:
        flow = await full()
        for timeout_s in (0, 0.001):
            with pytest.raises(FlowTimeout):
                await flow.acquire(timeout_s=timeout_s)
        assert (flow.pending, flow.waiting) == (2, 0)

    asyncio.run(main())


def test_a_token_cancelled_in_another_thread_wakes_its_coroutine() -> None:
    async def main() -> None:
        flow = await full()
        token = CancelToken()
        (task,) = await waiters(flow, 1, cancel=token)
        thread = threading.Thread(target=token.cancel)
        thread.start()
        with pytest.raises(FlowCancelled):
            await asyncio.wait_for(task, 5)
        thread.join()
        assert (flow.pending, flow.waiting, token._wake_ups) == (2, 0, {})

    asyncio.run(main())


def test_a_token_cancelled_already_refuses_even_a_free_slot() -> None:
    async def main() -> None:
        token = CancelToken()
        token.cancel()
        flow = AsyncFlowController(2, 1)
        with pytest.raises(FlowCancelled):
            await flow.acquire(cancel=token)
        assert flow.pending == 0

    asyncio.run(main())


def test_a_token_cancelled_between_look_and_subscription_is_heard() -> None:
    class Late(CancelToken):
        def subscribe(self, key: Any, wake_up: Any) -> Any:
            self.cancel()
            return super().subscribe(key, wake_up)

    async def main() -> None:
        flow = await full()
        with pytest.raises(FlowCancelled):
            await asyncio.wait_for(flow.acquire(cancel=Late()), 5)
        assert flow.waiting == 0

    asyncio.run(main())


def test_a_token_cancelled_after_its_loop_has_closed_does_no_harm() -> None:
    token = CancelToken()
    loop = asyncio.new_event_loop()

    async def start() -> Any:
        flow = await full()
        return loop.create_task(flow.acquire(cancel=token)), flow

    task, _flow = loop.run_until_complete(start())
    loop.run_until_complete(turn())
    task._log_destroy_pending = False  # abandoning the task is what this test is about
    loop.close()
    token.cancel()


def test_close_wakes_every_waiter() -> None:
    async def main() -> None:
        flow = await full()
        tasks = await waiters(flow, 3)
        flow.close()
        flow.close()
        endings = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(ending) for ending in endings} == {FlowClosed}
        flow.release()
        flow.release()
        flow.release()
        assert (flow.pending, flow.misuse_count) == (0, 1)
        with pytest.raises(FlowClosed):
            await flow.acquire()

    asyncio.run(main())


def test_the_callback_runs_once_an_episode_and_may_call_in() -> None:
    async def main() -> None:
        seen = []
        flow = AsyncFlowController(1, 1, on_blocked=lambda: seen.append(flow.pending))
        await flow.acquire()
        flow.release()
        await flow.acquire()
        assert seen == [1, 1]

    asyncio.run(main())


def test_a_callback_that_raises_costs_no_slot() -> None:
    def refuse() -> None:
        raise RuntimeError

    async def main() -> None:
        flow = AsyncFlowController(1, 1, on_blocked=refuse)
        with pytest.raises(RuntimeError):
            await flow.acquire()
        assert (flow.pending, flow.blocked) == (0, False)

    asyncio.run(main())


def test_waiters_of_two_loops_at_one_controller_are_refused() -> None:
    flow = AsyncFlowController(1, 1)
    first = asyncio.new_event_loop()
    first.run_until_complete(flow.acquire())
    task = first.create_task(flow.acquire())
    first.run_until_complete(turn())
    with pytest.raises(FlowWrongLoop, match="one controller per loop"):
        asyncio.run(flow.acquire())
    flow.release()
    first.run_until_complete(task)
    first.close()
    flow.release()
    asyncio.run(flow.acquire(timeout_s=0))


def test_a_slot_is_given_back_when_its_block_is_cancelled() -> None:
    async def main() -> None:
        flow = AsyncFlowController(2, 1)

        async def hold() -> None:
            async with flow.slot():
                await asyncio.sleep(60)

        task = asyncio.ensure_future(hold())
        await turn()
        assert flow.pending == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert flow.pending == 0
        assert repr(flow) == "<AsyncFlowController open, 0 of 2 taken>"

    asyncio.run(main())

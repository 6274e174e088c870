"""Primitives made before an exploration serve it, and are as they were afterwards."""

# ruff: noqa: PLW0108  # a lambda looks the name up while the engine has replaced it
from __future__ import annotations

import functools
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from threading import Lock as LockByAnotherName
from typing import Any

import pytest

import harness

MODULE_LOCK = threading.Lock()
MODULE_RLOCK = threading.RLock()
MODULE_CONDITION = threading.Condition()
MODULE_EVENT = threading.Event()
MODULE_SEMAPHORE = threading.Semaphore(1)
MODULE_QUEUE: queue.Queue[int] = queue.Queue()
MODULE_SIMPLE: queue.SimpleQueue[int] = queue.SimpleQueue()
MODULE_BARRIER = threading.Barrier(2)
MODULE_LOCAL = threading.local()
TABLE = {"lock": threading.Lock(), "deep": [threading.RLock()]}


class Account:
    shared = threading.RLock()
    __slots__ = ("balance", "lock")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.balance = 0


ACCOUNT = Account()


class State(threading.local):
    def __init__(self, start: int = 3) -> None:
        self.value = start

    @property
    def double(self) -> int:
        return self.value * 2


STATE = State(start=4)


def _in_two(work: Any) -> None:
    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _explore(body: Any, **options: Any) -> harness.Exploration:
    result = harness.explore(body, executions=60, **options)
    assert result.verdict is harness.Verdict.PASSED, str(result)
    return result


def _excluding(lock_of: Any) -> None:
    """Two tasks are never inside together, and every one finds the lock controlled."""
    met = []

    def body() -> None:
        inside = [0]

        def work() -> None:
            with lock_of():
                inside[0] += 1
                met.append(inside[0])
                threading.Event().wait(0.001)
                inside[0] -= 1

        _in_two(work)

    _explore(body)
    assert set(met) == {1}


@pytest.mark.parametrize(
    "lock_of",
    [
        lambda: MODULE_LOCK,
        lambda: MODULE_RLOCK,
        lambda: MODULE_CONDITION,
        lambda: MODULE_SEMAPHORE,
        lambda: MODULE_QUEUE.mutex,
        lambda: ACCOUNT.lock,
        lambda: Account.shared,
        lambda: TABLE["lock"],
        lambda: TABLE["deep"][0],  # type: ignore[index]
    ],
    ids=["lock", "rlock", "condition", "semaphore", "mutex", "slot", "class", "dict", "list"],
)
def test_a_lock_of_a_module_excludes_tasks(lock_of: Any) -> None:
    _excluding(lock_of)


def test_a_lock_in_a_closure_excludes_tasks_and_is_put_back() -> None:
    lock, rlock = threading.Lock(), threading.RLock()
    before = (lock, rlock)
    _excluding(lambda: lock)
    _excluding(lambda: rlock)
    assert (lock, rlock) == before


def test_a_lock_in_a_partial_and_a_bound_method_excludes_tasks() -> None:
    held = Account()

    def take(account: Account) -> Any:
        return account.lock

    _excluding(functools.partial(take, held))
    assert type(held.lock) is type(threading.Lock())


def test_everything_is_put_back() -> None:
    kinds = [type(MODULE_LOCK), type(MODULE_RLOCK), type(ACCOUNT.lock), type(Account.shared)]
    inner = [MODULE_QUEUE.mutex, MODULE_EVENT._cond._lock]  # type: ignore[attr-defined]
    originals = (threading.Lock, threading.Thread.start, queue.Queue.qsize, threading.Event.set)

    def body() -> None:
        MODULE_QUEUE.put(1)
        MODULE_QUEUE.get()
        MODULE_QUEUE.task_done()
        MODULE_EVENT.is_set()

    _explore(body)
    assert kinds == [
        type(MODULE_LOCK),
        type(MODULE_RLOCK),
        type(ACCOUNT.lock),
        type(Account.shared),
    ]
    assert inner == [MODULE_QUEUE.mutex, MODULE_EVENT._cond._lock]  # type: ignore[attr-defined]
    assert originals == (
        threading.Lock,
        threading.Thread.start,
        queue.Queue.qsize,
        threading.Event.set,
    )


def test_a_name_bound_long_before_gives_twins_inside() -> None:
    kinds = set()
    _explore(lambda: kinds.add(type(LockByAnotherName()).__module__))
    assert kinds == {"harness.primitives.lock"}
    assert type(LockByAnotherName()).__module__ == "_thread"


def test_an_event_of_a_module_starts_every_execution_as_it_was() -> None:
    seen = set()

    def body() -> None:
        seen.add(MODULE_EVENT.is_set())
        waiter = threading.Thread(target=MODULE_EVENT.wait)
        waiter.start()
        MODULE_EVENT.set()
        waiter.join()

    _explore(body)
    assert seen == {False}
    MODULE_EVENT.clear()


def test_a_condition_a_queue_and_a_barrier_of_a_module_wake_tasks() -> None:
    def body() -> None:
        taken: list[int] = []
        ready: list[int] = []

        def work() -> None:
            MODULE_BARRIER.wait()
            taken.append(MODULE_QUEUE.get())
            MODULE_QUEUE.task_done()
            taken.append(MODULE_SIMPLE.get())
            with MODULE_CONDITION:
                MODULE_CONDITION.wait_for(lambda: ready)

        thread = threading.Thread(target=work)
        thread.start()
        MODULE_BARRIER.wait()
        MODULE_QUEUE.put(1)
        MODULE_QUEUE.join()
        MODULE_SIMPLE.put(2)
        with MODULE_CONDITION:
            ready.append(1)
            MODULE_CONDITION.notify_all()
        thread.join()
        assert taken == [1, 2]

    _explore(body)


def test_a_primitive_that_no_walk_finds_is_taken_up_where_it_is_met() -> None:
    hidden = [threading.Event(), threading.Condition(), queue.Queue(1), threading.Semaphore(0)]
    find = iter(hidden).__reduce__()[1][0].__getitem__  # behind C: no closure, no attribute

    def body() -> None:
        event, condition, items, semaphore = (find(index) for index in range(4))
        go: list[int] = []

        def work() -> None:
            event.wait()
            with condition:
                condition.wait_for(lambda: go)
            assert items.get() == 1
            semaphore.acquire()

        thread = threading.Thread(target=work)
        thread.start()
        event.set()
        with condition:
            go.append(1)
            condition.notify()
        items.put(1)
        semaphore.release()
        thread.join()
        assert not items.qsize()

    _explore(body)


def test_a_lost_wakeup_on_a_condition_made_before_is_told_as_one() -> None:
    def body() -> None:
        with MODULE_CONDITION:
            MODULE_CONDITION.wait()

    result = harness.explore(body, executions=2)
    assert result.finding is not None
    assert result.finding.kind is harness.FindingKind.LOST_WAKEUP
    assert type(MODULE_CONDITION) is threading.Condition


def test_a_thread_that_waits_outside_is_woken_outside() -> None:
    began, woken = threading.Event(), []

    def wait() -> None:
        with MODULE_CONDITION:
            began.set()
            woken.append(MODULE_CONDITION.wait(10))

    outside = threading.Thread(target=wait)
    outside.start()
    began.wait(10)

    def body() -> None:
        with MODULE_CONDITION:
            MODULE_CONDITION.notify_all()  # of nobody: the other thread is not in this world

    _explore(body)
    with MODULE_CONDITION:
        MODULE_CONDITION.notify_all()
    outside.join(10)
    assert woken == [True]


def test_a_local_of_a_module_is_per_task_and_keeps_its_value_outside() -> None:
    MODULE_LOCAL.value = "outside"

    def body() -> None:
        assert MODULE_LOCAL.value == "outside"  # the body goes on where explore was called
        MODULE_LOCAL.value = "body"

        def work() -> None:
            assert not hasattr(MODULE_LOCAL, "value")
            MODULE_LOCAL.value = "task"
            threading.Event().wait(0.001)
            assert MODULE_LOCAL.value == "task"

        _in_two(work)
        assert MODULE_LOCAL.value == "body"

    _explore(body)
    assert MODULE_LOCAL.value == "outside"


def test_a_subclass_of_local_made_before_initialises_once_a_task() -> None:
    STATE.value = 10

    def body() -> None:
        assert STATE.double == 20

        def work() -> None:
            assert STATE.value == 4
            STATE.value += 1
            threading.Event().wait(0.001)
            assert (STATE.value, STATE.double, vars(STATE)) == (5, 10, {"value": 5})
            del STATE.value
            assert not hasattr(STATE, "value")

        _in_two(work)

    _explore(body)
    assert STATE.value == 10


def test_a_thread_made_before_runs_once() -> None:
    ran: list[int] = []
    thread = threading.Thread(target=ran.append, args=(1,))

    def body() -> None:
        thread.start()
        thread.join()

    result = harness.explore(body, executions=2)
    assert ran == [1]
    assert result.finding is not None
    assert "threads can only be started once" in result.finding.message


def test_an_executor_made_before_is_refused() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        with pytest.raises(harness.UncontrolledError, match="Make the executor inside the body"):
            harness.explore(lambda: pool.submit(int).result(), executions=2)


def test_a_lock_that_the_caller_holds_is_an_error_and_not_a_finding() -> None:
    with MODULE_LOCK, pytest.raises(harness.UncontrolledError, match="held outside"):
        harness.explore(lambda: MODULE_LOCK.acquire(), executions=2)


def test_an_rlock_that_the_caller_holds_belongs_to_the_body() -> None:
    def body() -> None:
        with MODULE_RLOCK:
            got: list[bool] = []
            other = threading.Thread(
                target=lambda: got.append(MODULE_RLOCK.acquire(blocking=False))
            )
            other.start()
            other.join()
            assert got == [False]

    with MODULE_RLOCK:
        _explore(body)


def test_twins_work_as_the_real_thing_outside_an_execution() -> None:
    kept: dict[str, Any] = {}

    def body() -> None:
        kept.update(
            lock=threading.Lock(),
            rlock=threading.RLock(),
            condition=threading.Condition(),
            event=threading.Event(),
            semaphore=threading.Semaphore(0),
            queue=queue.Queue(),
            simple=queue.SimpleQueue(),
            local=threading.local(),
            barrier=threading.Barrier(3),
        )

    harness.explore(body, executions=1)
    counted = {"n": 0, "inside": 0, "worst": 0}

    def work() -> None:
        kept["local"].value = threading.get_ident()
        kept["barrier"].wait()
        for _ in range(200):
            with kept["lock"], kept["rlock"], kept["rlock"]:
                counted["inside"] += 1
                counted["worst"] = max(counted["worst"], counted["inside"])
                counted["n"] += 1
                counted["inside"] -= 1
        with kept["condition"]:
            kept["condition"].wait_for(lambda: kept["event"].is_set())
        assert kept["semaphore"].acquire()
        assert kept["simple"].get() == kept["queue"].get()
        assert kept["local"].value == threading.get_ident()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    kept["event"].set()
    with kept["condition"]:
        kept["condition"].notify_all()
    kept["semaphore"].release(3)
    for _ in threads:
        kept["simple"].put(1)
        kept["queue"].put(1)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    assert counted == {"n": 600, "inside": 0, "worst": 1}


def test_objects_of_an_execution_can_be_asked_after_it() -> None:
    kept: list[Any] = []

    def body() -> None:
        thread = threading.Thread(target=int, name="gone")
        thread.start()
        thread.join()
        pool = ThreadPoolExecutor(1)
        pool.submit(int).result()
        kept[:] = [thread, pool]

    harness.explore(body, executions=2)
    thread, pool = kept
    thread.join()
    thread.join(1)
    assert not thread.is_alive()
    assert "gone, stopped" in repr(thread)
    pool.shutdown()


def test_executors_are_named_alike_in_every_execution() -> None:
    names = set()

    def body() -> None:
        with ThreadPoolExecutor(1) as pool:
            names.add(pool.submit(lambda: threading.current_thread().name).result())

    _explore(body)
    assert names == {"ThreadPoolExecutor-0_0"}


def test_an_executor_that_stays_open_in_a_global_does_not_hang_the_end() -> None:
    kept = []

    def body() -> None:
        pool = ThreadPoolExecutor(2)
        kept.append(pool)
        assert pool.submit(pow, 2, 3).result() == 8

    _explore(body)
    with ThreadPoolExecutor(1) as pool:  # the world goes on
        assert pool.submit(int).result() == 0

"""What a recording keeps of real threads, of controlled ones, and of coroutines."""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import Any

import pytest

import harness
from harness.errors import ArgumentError
from harness.linearizability import Operation, Raised, Recording, Status
from harness.linearizability.frozen import Frozen


def _one(recording: Recording) -> Operation:
    (only,) = recording.history()
    return only


def test_a_call_is_recorded_with_its_arguments_its_result_and_its_interval() -> None:
    recording = Recording(name="jobs")
    assert recording.call("T1", "pop", {"a": 1}.pop, "a", 0) == 1
    only = _one(recording)
    assert (only.client, only.name, only.arguments, only.output) == ("T1", "pop", ("a", 0), 1)
    assert (only.call, only.ret, only.status) == (0, 1, Status.OK)
    assert recording.history().name == "jobs"


def test_what_a_call_raises_is_its_result_and_is_raised_on() -> None:
    recording = Recording()
    with pytest.raises(queue.Empty):
        recording.call(1, "get_nowait", queue.Queue[int]().get_nowait)
    assert _one(recording).output == Raised("queue.Empty")
    assert _one(recording).known


def test_an_exception_that_leaves_the_outcome_open_is_an_unknown_result() -> None:
    def send() -> None:
        raise ConnectionResetError

    recording = Recording(unknown=(ConnectionError,))
    with pytest.raises(ConnectionResetError):
        recording.call(1, "send", send)
    only = _one(recording)
    assert (only.status, only.output, only.ret) == (Status.UNKNOWN, None, 1)


def test_what_ends_the_thread_leaves_the_operation_pending() -> None:
    def leave() -> None:
        raise SystemExit

    recording = Recording()
    with pytest.raises(SystemExit):
        recording.call(1, "leave", leave)
    assert _one(recording).pending
    assert not _one(recording).known


def test_an_operation_that_still_runs_is_pending() -> None:
    recording, seen = Recording(), list[Operation]()
    recording.call(1, "outer", lambda: seen.extend(recording.history()))
    assert seen[0].pending
    assert not _one(recording).pending


def test_mutable_arguments_and_results_are_kept_as_they_were() -> None:
    recording, shared = Recording(), [1]
    kept = recording.call(1, "put", lambda item: item, shared)
    kept.append(2)
    only = _one(recording)
    assert only.arguments == ([1],)
    assert only.output == [1]
    assert hash(only.output) == hash(Frozen("list", (1,)))


def test_a_watched_object_records_its_methods_by_thread() -> None:
    recording = Recording()
    jobs = recording.watch(queue.Queue[int](maxsize=2))

    def work() -> None:
        jobs.put(7, timeout=1)
        assert jobs.get() == 7

    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()
    put, get = recording.history()
    assert (put.client, put.name, put.arguments) == ("worker", "put", (7,))
    assert put.keywords == (("timeout", 1),)
    assert (get.name, get.output) == ("get", 7)
    assert isinstance(jobs, queue.Queue)
    assert jobs.maxsize == 2  # passes through, and is no operation
    assert len(recording) == 2


def test_special_methods_of_a_watched_object_are_recorded() -> None:
    recording = Recording()
    table = recording.watch(dict[str, int]())
    table["a"] = 1
    assert table["a"] == 1
    assert "a" in table
    assert len(table) == 1
    del table["a"]
    names = [one.name for one in recording.history()]
    assert names == ["__setitem__", "__getitem__", "__contains__", "__len__", "__delitem__"]


def test_a_watched_lock_is_recorded_as_a_context_manager_without_tracebacks() -> None:
    recording = Recording()
    lock = recording.watch(threading.Lock())
    with pytest.raises(ZeroDivisionError), lock:
        raise ZeroDivisionError
    assert [(one.name, one.arguments) for one in recording.history()] == [
        ("__enter__", ()),
        ("__exit__", ()),
    ]
    assert not lock.locked()


def test_an_object_that_returns_itself_goes_on_being_recorded() -> None:
    class Chain:
        def add(self) -> Chain:
            return self

    recording = Recording()
    recording.watch(Chain()).add().add()
    assert len(recording) == 2


def test_iterating_a_watched_object_is_no_operation() -> None:
    recording = Recording()
    assert sum(recording.watch([1, 2])) == 3
    assert len(recording) == 0


@pytest.mark.parametrize("methods", ["put", ["no_such"], []])
def test_wrong_methods_to_watch_are_refused(methods: Any) -> None:
    with pytest.raises(ArgumentError):
        Recording().watch(queue.Queue[int](), methods=methods)


def test_wrong_kinds_of_unknown_are_refused() -> None:
    with pytest.raises(ArgumentError, match="exception classes"):
        Recording(unknown=("queue.Empty",))  # type: ignore[arg-type]  # that is the point


def test_coroutines_are_recorded_by_task_and_their_intervals_overlap() -> None:
    class Cell:
        async def swap(self, value: int) -> int:
            await asyncio.sleep(0)
            return value

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(cell.swap(1), name="one")
            group.create_task(cell.swap(2), name="two")

    recording = Recording()
    cell = recording.watch(Cell())
    asyncio.run(main())
    one, two = recording.history()
    assert (one.client, two.client) == ("one", "two")
    assert one.ret is not None
    assert two.call < one.ret


def test_threads_that_follow_each_other_never_overlap() -> None:
    recording = Recording()
    counter = recording.watch({"n": 0}, methods=["get"])
    for number in range(50):
        thread = threading.Thread(target=counter.get, args=("n",), name=str(number))
        thread.start()
        thread.join()
    history = recording.history().operations
    ends = [one.ret for one in history if one.ret is not None]
    assert [one.client for one in history] == [str(number) for number in range(50)]
    assert all(end < after.call for end, after in zip(ends, history[1:], strict=False))


def test_recording_adds_no_schedules_to_a_controlled_execution() -> None:
    """The space of schedules is exhausted after as many executions with it as without it."""

    def bare() -> None:
        lock = threading.Lock()
        _two_threads(lock.acquire, lock.release)

    def recorded() -> None:
        recording, lock = Recording(), threading.Lock()
        _two_threads(
            lambda: recording.call("a", "acquire", lock.acquire),
            lambda: recording.call("a", "release", lock.release),
        )
        assert len(recording) == 4

    plain = harness.explore(bare, strategy="dfs", executions=5_000)
    watched = harness.explore(recorded, strategy="dfs", executions=5_000)
    assert plain.exhausted
    assert watched.exhausted
    assert plain.executions == watched.executions


def _two_threads(first: Any, second: Any) -> None:
    def work() -> None:
        first()
        second()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("strategy", ["dfs", "dpor"])
def test_every_order_of_calls_is_met_also_by_a_search_that_leaves_out_equivalent_ones(
    strategy: str,
) -> None:
    """Two threads that share nothing but the recording: who came first shows in its history."""
    seen = set()

    def body() -> None:
        recording = Recording()
        _each_in_a_thread(
            lambda: recording.call("a", "append", [].append, 1),
            lambda: recording.call("b", "append", [].append, 1),
        )
        seen.add(tuple(one.client for one in recording.history()))

    result = harness.explore(body, strategy=strategy, executions=1_000)
    assert result.exhausted
    assert seen == {("a", "b"), ("b", "a")}


def _each_in_a_thread(*functions: Any) -> None:
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_operation_that_a_deadlock_ends_is_pending() -> None:
    histories = []

    def body() -> None:
        recording = Recording()
        histories.append(recording)
        recording.call(1, "get", queue.Queue[int]().get)

    result = harness.explore(body, executions=1)
    assert result.finding is not None
    assert all(_one(recording).pending for recording in histories)

"""One program under many schedules: what is recorded, judged and found."""

from __future__ import annotations

import collections
import queue
import threading
from typing import Any

import pytest

import harness
from harness import FindingKind, Verdict
from harness.engine.ending import Ending, EndingKind
from harness.linearizability.models.fifo import Fifo
from harness.stateful import Call, Program, explore_program, program_body, replay_program
from harness.strategies.dfs import BoundedDfs
from tests.planted.linearizability.caches import OwnCopyCache
from tests.planted.linearizability.queues import (
    BoundedBuffer,
    ForgetfulBuffer,
    HeadOfLineQueue,
    SlotQueue,
)

PUT_PUT_GET = Program.of([("put", 1), "get"], [("put", 2)])


@pytest.mark.parametrize("model", [Fifo(), None, SlotQueue], ids=["model", "itself", "a class"])
def test_a_wrong_history_is_a_finding_with_a_token(model: Any) -> None:
    found = explore_program(HeadOfLineQueue, PUT_PUT_GET, judge=model).finding
    assert found is not None
    assert found.kind is FindingKind.NOT_LINEARIZABLE
    assert "get() -> raised" in found.message
    again = replay_program(HeadOfLineQueue, PUT_PUT_GET, found.token, judge=model)
    assert again is not None
    assert again.kind is FindingKind.NOT_LINEARIZABLE
    assert again.token == found.token


def test_the_story_shows_the_calls_and_the_lines_of_the_program() -> None:
    found = explore_program(HeadOfLineQueue, PUT_PUT_GET).finding
    assert found is not None
    story = str(found)
    assert "call put(2)" in story
    assert "raise tests.planted" in story
    assert "T1.start()" in story
    assert "thread.py" not in story
    assert "returns.last" not in story


def test_a_right_object_passes_and_a_small_program_of_it_is_exhausted() -> None:
    result = explore_program(SlotQueue, PUT_PUT_GET)
    assert result.verdict is Verdict.PASSED
    assert result.exhausted, result.evidence


def test_every_order_of_calls_and_returns_is_kept_by_partial_order_reduction() -> None:
    # Methods written in C: all that can differ is which calls come back before which are made.
    program = Program.of([("append", 1), "__len__"], ["__len__", ("append", 2)])
    searched = _histories(collections.deque, program, BoundedDfs(None))
    reduced = _histories(collections.deque, program, "dpor")
    assert len(reduced) == 30
    assert reduced == searched


def test_calls_of_c_code_are_interleaved_although_it_has_no_switching_points() -> None:
    program = Program.of(["popleft", "popleft"], [("append", 2)], prefix=[("append", 1)])
    found = _histories(collections.deque, program, "random")
    assert len({outputs for _, (_, outputs, _) in found}) == 2  # 2 is there in time, or not


def test_a_call_that_waits_for_ever_is_right_where_the_object_alone_would_wait() -> None:
    program = Program.of([("put", 1)], ["get", "get"])
    result = explore_program(BoundedBuffer, program)
    assert result.verdict is Verdict.PASSED


@pytest.mark.parametrize("make", [queue.Queue, queue.LifoQueue, queue.SimpleQueue])
def test_the_queues_of_the_standard_library_may_wait_too(make: Any) -> None:
    result = explore_program(make, Program.of(["get"], ["get"], prefix=[("put", 1)]))
    assert result.verdict is Verdict.PASSED


def test_a_waiter_that_nobody_wakes_stays_a_lost_wakeup() -> None:
    program = Program.of(["get"], ["get"], [("put", 1), ("put", 2)])
    found = explore_program(ForgetfulBuffer, program).finding
    assert found is not None
    assert found.kind is FindingKind.LOST_WAKEUP
    assert "get" in str(found)


class TwoLocks:
    """Planted: each method takes the two locks in its own order."""

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._two = threading.Lock()

    def there(self) -> None:
        with self._one, self._two:
            pass

    def back(self) -> None:
        with self._two, self._one:
            pass


def test_a_deadlock_stays_a_deadlock() -> None:
    found = explore_program(TwoLocks, Program.of(["there"], ["back"])).finding
    assert found is not None
    assert found.kind is FindingKind.DEADLOCK


class TwiceHanded(BoundedBuffer):
    """Planted: what was taken is taken out in a second step."""

    def get(self) -> object:
        with self._changed:
            while not self._items:
                self._changed.wait()
            item = self._items[0]
        with self._changed:
            if self._items:
                self._items.pop(0)
        return item


def test_what_waits_because_of_a_wrong_result_is_told_as_the_wrong_result() -> None:
    # The lone item is handed out twice; the third call waits, as it may.
    program = Program.of(["get"], ["get"], prefix=[("put", 1)], suffix=["get"])
    found = explore_program(TwiceHanded, program).finding
    assert found is not None
    assert found.kind is FindingKind.NOT_LINEARIZABLE
    assert "never came back" in found.message


class Exact:
    """Raises as part of its contract."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open = True

    def close(self) -> None:
        with self._lock:
            if not self._open:
                raise ValueError("closed twice")
            self._open = False

    def __call__(self, times: int) -> int:
        with self._lock:
            return times * self._open

    def __len__(self) -> int:
        with self._lock:
            return int(self._open)

    def __getitem__(self, key: int) -> int:
        with self._lock:
            if key:
                raise IndexError(key)
            return int(self._open)


class Inexact(Exact):
    """Planted: looks first, and closes then."""

    def close(self) -> None:
        if not self._open:
            raise ValueError("closed twice")
        self._open = False


def test_what_a_call_raises_is_its_result() -> None:
    program = Program.of(["close"], ["close"])
    assert explore_program(Exact, program).verdict is Verdict.PASSED
    found = explore_program(Inexact, program).finding
    assert found is not None
    assert found.kind is FindingKind.NOT_LINEARIZABLE


def test_special_methods_and_keywords_are_calls_like_others() -> None:
    program = Program.of(
        [("__call__", 2), "close"],
        ["__len__", Call.of("__getitem__", key=0), ("__getitem__", 1)],
    )
    assert explore_program(Exact, program, executions=200).verdict is Verdict.PASSED


def bump(subject: dict[str, int]) -> int:
    subject["n"] = subject.get("n", 0) + 1
    return subject["n"]


def test_a_function_of_the_object_is_a_call_whose_steps_are_seen() -> None:
    found = explore_program(dict, Program.of([bump], [bump])).finding
    assert found is not None
    assert found.kind is FindingKind.NOT_LINEARIZABLE


class Bag:
    """Keeps what it is given, and hands it out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[list[int]] = []

    def keep(self, items: list[int]) -> int:
        with self._lock:
            self._kept.append(items)
            items.append(len(self._kept))
            return len(items)

    def kept(self) -> list[list[int]]:
        with self._lock:
            return self._kept

    def itself(self) -> Bag:
        return self

    def walk(self) -> object:
        return iter(self._kept)


def test_arguments_and_results_that_change_later_are_kept_as_they_were() -> None:
    shared = [5]
    program = Program.of(
        [("keep", shared), "kept"], [("keep", shared), "itself", "walk"], suffix=["kept"]
    )
    result = explore_program(Bag, program, executions=200)
    assert result.verdict is Verdict.PASSED, str(result)
    assert shared == [5]


class Worker:
    """Has a thread of its own, which nobody tells to end."""

    def __init__(self) -> None:
        self._jobs = queue.Queue[Any]()
        threading.Thread(target=self._work).start()

    def _work(self) -> None:
        while True:
            job, answer = self._jobs.get()
            answer.put(job * 2)

    def double(self, number: int) -> int:
        answer = queue.Queue[int]()
        self._jobs.put((number, answer))
        return answer.get()


def test_threads_of_the_object_may_go_on_where_they_do_so_for_one_user_too() -> None:
    program = Program.of([("double", 1)], [("double", 2)])
    assert explore_program(Worker, program, executions=100).verdict is Verdict.PASSED


class Odd:
    """Returns what is hard to compare."""

    __hash__ = None  # type: ignore[assignment]  # as is this

    def nan(self) -> float:
        return float("inf") - float("inf")

    def odd(self) -> object:
        class Hostile:
            def __hash__(self) -> int:
                raise RuntimeError("no hash")

        return Hostile()

    def anything(self) -> object:
        return object()


def test_results_that_nobody_can_compare_raise_no_alarm() -> None:
    program = Program.of(["nan", "odd"], ["anything", "nan"])
    assert explore_program(Odd, program, executions=100).verdict is Verdict.PASSED


def test_an_invariant_that_does_not_hold_is_a_failure() -> None:
    def is_small(subject: Any) -> bool:
        return len(subject._slots) < 2

    result = explore_program(SlotQueue, PUT_PUT_GET, invariants=[is_small], executions=50)
    assert result.finding is None  # two puts and a get leave one
    two = Program.of([("put", 1)], [("put", 2)])
    found = explore_program(SlotQueue, two, invariants=[is_small]).finding
    assert found is not None
    assert found.kind is FindingKind.ASSERTION
    assert "is_small" in found.message


def test_workers_find_it_too() -> None:
    found = explore_program(HeadOfLineQueue, PUT_PUT_GET, workers=2, executions=2_000).finding
    assert found is not None
    assert found.kind is FindingKind.NOT_LINEARIZABLE
    body = program_body(HeadOfLineQueue, PUT_PUT_GET)
    again = harness.replay(body, found.token)
    assert again is not None


def test_an_isolated_child_finds_it_too() -> None:
    body = program_body(HeadOfLineQueue, PUT_PUT_GET)
    found = harness.explore_isolated(body).finding
    assert found is not None
    assert found.kind is FindingKind.NOT_LINEARIZABLE


def test_a_stale_read_is_sequentially_consistent() -> None:
    from harness.linearizability import Criterion  # noqa: PLC0415  # beside what it is about
    from harness.stateful.program_exploring import judge_from  # noqa: PLC0415

    program = Program.of(["read", "read"], [("write", 1)])
    assert explore_program(OwnCopyCache, program).finding is not None
    judge = judge_from(
        None, OwnCopyCache, functions={}, criterion=Criterion.SEQUENTIALLY_CONSISTENT
    )
    assert explore_program(OwnCopyCache, program, judge=judge).verdict is Verdict.PASSED


def _histories(make: Any, program: Program, strategy: Any) -> set[Any]:
    """Return how executions ended and what their records have in common."""
    body = program_body(make, program)
    seen: set[Any] = set()

    def judge(ending: Ending, alone: object) -> Ending:
        seen.add((ending.kind, body.record.key()))
        return Ending(EndingKind.FINISHED)

    body.judge = judge  # type: ignore[method-assign, assignment]  # what is judged is the point
    harness.explore(body, strategy, executions=20_000)
    return seen

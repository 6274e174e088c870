"""`@stress.scenario`: what the parameters of a function say, and how what it leaves is judged."""

from __future__ import annotations

import copy
import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
import stress
from harness.linearizability import Fifo
from stress.errors import BadScenarioError, InvariantError, NothingToJudgeError
from stress.recorded_threads import HistoryError, record_threads
from stress.scenarios import Scale, Scenario
from tests.planted.linearizability.queues import EmptyError, HeadOfLineQueue, SlotQueue

if TYPE_CHECKING:
    from stress.recorded_threads import Client


class Counter:
    def __init__(self) -> None:
        self.value = 0

    def add(self) -> None:
        self.value += 1


class GuardedCounter(Counter):
    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            super().add()


class LateQueue(HeadOfLineQueue):
    """The planted one, with its `put` here, where its accesses are visible."""

    def put(self, item: object) -> None:
        slot: list[object] = []
        with self._lock:
            self._slots.append(slot)
        slot.append(item)


SEEN: list[dict[str, Any]] = []


@stress.scenario
def notes_what_it_gets(threads: int, operations: int, seed: int, duration_s: float | None) -> None:
    """Note the arguments.

    More is said here.
    """
    SEEN.append(
        {"threads": threads, "operations": operations, "seed": seed, "duration_s": duration_s}
    )


@stress.scenario(make=Counter, invariant=lambda counter: counter.value == 2)
def count_without_a_lock(counter: Counter) -> None:
    """Two threads count to two."""
    counter.add()


@stress.scenario(make=GuardedCounter, invariant=lambda counter: counter.value == 2)
def count_with_a_lock(counter: Counter) -> None:
    """Two threads count to two."""
    counter.add()


def _use_queue(queue: Any, client: Client) -> None:
    client.call("put", queue.put, client.number)
    if client.number == 0:
        return
    try:
        client.call("try_get", queue.get)
    except EmptyError:
        return


def test_the_bare_decorator_makes_a_scenario_of_a_function() -> None:
    assert isinstance(notes_what_it_gets, Scenario)
    assert notes_what_it_gets.name == "notes_what_it_gets"
    assert notes_what_it_gets.what == "Note the arguments."
    assert notes_what_it_gets.takes == ("threads", "operations", "seed", "duration_s")
    assert notes_what_it_gets.__module__ == __name__


def test_a_function_gets_what_its_parameters_name_and_nothing_else() -> None:
    SEEN.clear()
    notes_what_it_gets()
    notes_what_it_gets.body(Scale(threads=9, operations=7, seed=5, duration_s=0.5, repeats=2))
    first, *rest = SEEN
    assert first == {"threads": 2, "operations": 1, "seed": 0, "duration_s": None}
    # Each repetition draws anew.
    assert rest == [
        {"threads": 9, "operations": 7, "seed": seed, "duration_s": 0.5} for seed in (10, 11)
    ]


def test_a_parameter_with_a_default_of_its_own_is_left_alone() -> None:
    @stress.scenario
    def body(threads: int, greeting: str = "hello") -> None:
        SEEN.append({"threads": threads, "greeting": greeting})

    SEEN.clear()
    body(threads=3)
    assert SEEN == [{"threads": 3, "greeting": "hello"}]
    assert body.takes == ("threads",)


def test_the_arguments_of_the_decorator_are_its_scales() -> None:
    @stress.scenario(
        name="many", threads=30, operations=40, explored_threads=3, explored_operations=4,
        duration_s=2.0, hang_s=5.0,
    )  # fmt: skip
    def body(threads: int, operations: int) -> None: ...

    assert (body.name, body.hang_s) == ("many", 5.0)
    assert body.stress_scale == Scale(threads=30, operations=40, gather=True, duration_s=2.0)
    assert body.exploration_scale == Scale(threads=3, operations=4)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda n_threads: None, "named threads, operations, seed, duration_s; got 'n_threads'"),
        (lambda client: None, "got 'client'"),
        (5, r"@stress.scenario takes a function; got 5 \(int\)"),
    ],
)
def test_what_cannot_be_a_scenario_is_refused(function: Any, says: str) -> None:
    with pytest.raises(BadScenarioError, match=says):
        stress.scenario(function)


def test_a_coroutine_and_a_function_without_the_shared_object_are_refused() -> None:
    async def body() -> None: ...

    with pytest.raises(BadScenarioError, match="not a coroutine"):
        stress.scenario(body)
    with pytest.raises(BadScenarioError, match="as first parameter"):
        stress.scenario(make=Counter)(lambda: None)


@pytest.mark.parametrize(
    "how", [{"threads": 0}, {"operations": 1.5}, {"hang_s": 0}, {"duration_s": -1.0}]
)
def test_a_size_that_is_none_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(BadScenarioError):
        stress.scenario(**how)(lambda threads: None)


def test_one_operation_is_called_so_often_in_each_thread() -> None:
    count_with_a_lock.body(Scale(threads=1, operations=2))
    with pytest.raises(InvariantError, match=r"<lambda> returned False for a GuardedCounter"):
        count_with_a_lock.body(Scale(threads=3, operations=5))


def test_a_function_that_takes_operations_does_them_itself() -> None:
    @stress.scenario(make=GuardedCounter, invariant=lambda counter: counter.value == 21)
    def body(counter: Counter, operations: int) -> None:
        for _ in range(operations):
            counter.add()

    assert body.body(Scale(threads=3, operations=7)) == 21


def test_a_duration_bounds_the_operations_instead_of_their_number() -> None:
    @stress.scenario(make=GuardedCounter)
    def body(counter: Counter) -> None:
        counter.add()

    done = body.body(Scale(threads=2, operations=1, duration_s=0.02))
    assert isinstance(done, int)
    assert done > 2


def test_clients_draw_from_the_seed() -> None:
    def drawn(seed: int) -> list[float]:
        found: list[float] = []

        @stress.scenario(make=Counter)
        def body(counter: Counter, client: Client) -> None:
            found.append(client.chance.random())

        body(seed=seed)
        return sorted(found)

    assert drawn(1) == drawn(1) != drawn(2)


def test_an_invariant_may_judge_what_a_whole_body_returned() -> None:
    @stress.scenario(invariant=lambda total: total == 6)
    def body(threads: int, operations: int) -> int:
        return threads * operations

    body(threads=2, operations=3)
    with pytest.raises(InvariantError):
        body(threads=3, operations=3)


def test_an_invariant_with_nothing_to_look_at_is_an_error_and_no_pass() -> None:
    body = stress.scenario(invariant=lambda _: True)(lambda: None)
    with pytest.raises(NothingToJudgeError, match="return the object"):
        body()


def test_a_model_judges_what_was_called_through_clients() -> None:
    good = stress.scenario(make=SlotQueue, model=Fifo())(_use_queue)
    for seed in range(5):
        good(threads=3, seed=seed)
    bad = stress.scenario(make=LateQueue, model=Fifo())(_use_queue)
    found = harness.explore(bad, executions=500)
    assert found.finding is not None
    assert isinstance(found.finding.error, HistoryError)


def test_a_model_with_no_history_is_an_error_and_no_pass() -> None:
    silent = stress.scenario(make=SlotQueue, model=Fifo())(lambda queue: None)
    with pytest.raises(NothingToJudgeError, match=r"through client\.call"):
        silent()


def test_a_model_judges_the_history_that_a_whole_body_returned() -> None:
    @stress.scenario(model=Fifo())
    def body(threads: int) -> Any:
        queue = SlotQueue()
        return record_threads(
            lambda client: client.call("put", queue.put, client.number), threads=threads, rounds=1
        )

    body(threads=3)


def test_exploration_finds_the_bug_in_a_declared_scenario_and_none_in_its_twin() -> None:
    found = harness.explore(count_without_a_lock, executions=200)
    assert found.finding is not None
    assert isinstance(found.finding.error, InvariantError)
    assert "Counter.value" in str(found.finding)  # the user's own accesses are visible
    assert harness.explore(count_with_a_lock, executions=200).finding is None


def test_a_size_of_its_own_is_a_body_for_exploration_and_for_fuzzing() -> None:
    SEEN.clear()
    notes_what_it_gets.explored(threads=4, operations=3, seed=9)()
    assert SEEN == [{"threads": 4, "operations": 3, "seed": 9, "duration_s": None}]
    found = harness.explore(count_without_a_lock.explored(seed=3), executions=200)
    assert found.finding is not None


def test_a_size_that_the_body_does_not_heed_is_refused() -> None:
    body = stress.scenario(lambda threads: None)
    with pytest.raises(BadScenarioError, match="heeds threads"):
        body.stressed(duration_s=1.0)
    assert body.stressed(threads=77).threads == 77


def test_who_does_the_operations_itself_has_to_take_the_duration_itself() -> None:
    one = stress.scenario(make=Counter)(lambda counter: None)
    assert one.takes == ("threads", "operations", "seed", "duration_s")
    many = stress.scenario(make=Counter)(lambda counter, operations: None)
    assert many.takes == ("threads", "operations", "seed")


def test_a_declared_scenario_is_found_by_its_name_in_another_process() -> None:
    assert copy.copy(count_with_a_lock) is count_with_a_lock
    assert harness.explore(count_without_a_lock, executions=50, workers=2).finding is not None

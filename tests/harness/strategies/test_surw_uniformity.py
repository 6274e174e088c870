"""SURW samples the interleavings of the selected operations uniformly; broken variants are told."""

from __future__ import annotations

import itertools
import math
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.strategies import surw
from harness.strategies.random_walk import RandomWalk
from harness.strategies.surw import Surw

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    RunAll = Callable[..., list[tuple[int, ...]]]

# Operations here are attempts to take a lock that never wait: one lock is shared, and each task has
# one of its own for what competes with nobody.


class WithoutCounts(Surw):
    """The same chance for everybody who has something left."""

    def _drawn(self, weights: Any = None) -> int:
        left = [number for number, weight in enumerate(self._weight) if weight]
        return left[int(self._random() * len(left))]


class WithoutInheritance(Surw):
    """A parent keeps the counts of those that it has started."""

    def _hand_over(self, parent: int, child: int) -> None:
        pass


class WithoutHolding(Surw):
    """Nobody is held back: random priorities alone."""

    def _may_go_on(self, number: int) -> bool:
        return True


def in_threads(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def competing(
    log: list[Any], shared: Sequence[int], private: Sequence[int] | None = None
) -> Callable[[], None]:
    """Return tasks with so many operations on a shared lock, after so many on their own."""

    def body() -> None:
        lock = threading.Lock()
        order: list[int] = []

        def work(number: int) -> None:
            own = threading.Lock()
            for _ in range(0 if private is None else private[number]):
                own.acquire(blocking=False)
            for _ in range(shared[number]):
                lock.acquire(blocking=False)
                order.append(number)

        in_threads(*[lambda number=number: work(number) for number in range(len(shared))])
        log.append(tuple(order))

    return body


def nested(log: list[Any]) -> Callable[[], None]:
    """Return a task that starts another between its own two operations."""

    def body() -> None:
        lock = threading.Lock()
        order: list[str] = []

        def touch(name: str) -> None:
            lock.acquire(blocking=False)
            order.append(name)

        def child() -> None:
            touch("child")
            touch("child")

        def parent() -> None:
            thread = threading.Thread(target=child)
            thread.start()
            touch("parent")
            thread.join()

        in_threads(parent, lambda: touch("other"))
        log.append(tuple(order))

    return body


def interleavings(shared: Sequence[int]) -> set[tuple[int, ...]]:
    letters = [number for number, count in enumerate(shared) for _ in range(count)]
    return set(itertools.permutations(letters))


def chi_square(seen: Counter[Any], outcomes: set[Any]) -> float:
    """Return how far counts are from a uniform distribution."""
    assert set(seen) <= outcomes
    expected = seen.total() / len(outcomes)
    return sum((seen[one] - expected) ** 2 / expected for one in outcomes)


# Per case: the value that a uniform sample exceeds with a chance of 1e-4, at n - 1 degrees of
# freedom for n interleavings.
CASES = [
    pytest.param((2, 3), None, 33.7, id="2 and 3"),
    pytest.param((1, 5), None, 25.8, id="1 and 5"),
    pytest.param((1, 2, 2), None, 64.3, id="1, 2 and 2"),
    pytest.param((2, 2), (25, 0), 25.8, id="2 and 2, one after 25 steps of its own"),
]


@pytest.mark.parametrize(("shared", "private", "limit"), CASES)
def test_every_interleaving_is_as_likely_as_any_other(
    shared: tuple[int, ...], private: tuple[int, ...] | None, limit: float, run_all: RunAll
) -> None:
    log: list[Any] = []
    run_all(competing(log, shared, private), Surw(2), most=4_001)
    outcomes = interleavings(shared)
    assert len(outcomes) == math.factorial(sum(shared)) / math.prod(map(math.factorial, shared))
    assert chi_square(Counter(log[1:]), outcomes) < limit  # the first execution only learns


@pytest.mark.parametrize(
    ("broken", "shared", "private"),
    [
        pytest.param(WithoutCounts, (1, 5), None, id="no counts"),
        pytest.param(WithoutInheritance, (1, 1, 1, 1), None, id="no inheritance"),
        pytest.param(WithoutHolding, (2, 2), (25, 0), id="nobody held back"),
        pytest.param(RandomWalk, (2, 2), (25, 0), id="a random walk"),
    ],
)
def test_a_variant_that_lacks_a_part_is_told_by_the_same_figure(
    broken: Any, shared: tuple[int, ...], private: tuple[int, ...] | None, run_all: RunAll
) -> None:
    log: list[Any] = []
    run_all(competing(log, shared, private), broken(2), most=4_001)
    outcomes = interleavings(shared)
    # Above what a uniform sample exceeds with a chance of 1e-4, by a factor of 2 and more.
    assert chi_square(Counter(log[1:]), outcomes) > 5 * len(outcomes)


def test_a_task_that_is_started_late_has_its_share_from_the_beginning(run_all: RunAll) -> None:
    log: list[Any] = []
    run_all(nested(log), Surw(4), most=4_001)
    outcomes = set(itertools.permutations(("child", "child", "parent", "other")))
    assert chi_square(Counter(log[1:]), outcomes) < 39.1  # 11 degrees of freedom, 1e-4


def test_sections_under_one_lock_come_in_all_orders_with_the_same_chance(run_all: RunAll) -> None:
    log: list[Any] = []

    def body() -> None:
        lock = threading.Lock()
        order: list[int] = []

        def work(number: int) -> None:
            with lock:
                order.append(number)

        in_threads(*[lambda number=number: work(number) for number in range(4)])
        log.append(tuple(order))

    run_all(body, Surw(3), most=4_801)
    # 23 degrees of freedom, 1e-4.
    assert chi_square(Counter(log[1:]), set(itertools.permutations(range(4)))) < 58.6


@pytest.mark.parametrize("seed", range(3))
def test_one_store_comes_last_of_26_as_often_as_the_theorem_says(seed: int) -> None:
    runs, last = 2_000, 0

    class Cell:
        c = 1

    def body() -> None:
        nonlocal last
        cell = Cell()

        def once() -> None:
            cell.c = 0

        def often() -> None:
            for _ in range(25):
                cell.c = 1

        in_threads(once, often)
        last += cell.c == 0

    harness.explore(body, "surw", executions=runs, seed=seed)
    # Five standard deviations; a random walk comes there with a chance of about 2**-25.
    assert abs(last - runs / 26) < 5 * (runs / 26) ** 0.5


def test_a_variable_that_one_lock_protects_gives_way_to_the_lock(run_all: RunAll) -> None:
    class Cell:
        n = 0

    def body() -> None:
        lock, cell = threading.Lock(), Cell()

        def work() -> None:
            with lock:
                cell.n += 1

        in_threads(work, work)

    strategy = Surw(1)
    harness.explore(body, strategy, executions=20)
    assert [place.part for place in strategy._places.candidates] == [""]


def test_what_only_one_task_touches_is_not_selected() -> None:
    class Cell:
        def __init__(self) -> None:
            self.n = 0

    def body() -> None:
        before = Cell()  # by main, before anybody else exists

        def work() -> None:
            own = Cell()
            own.n += 1

        in_threads(work, work)
        before.n += 1

    strategy = Surw(1)
    result = harness.explore(body, strategy, executions=20)
    assert result.verdict is harness.Verdict.PASSED
    assert strategy._places.candidates == []


def test_an_object_is_found_again_in_every_execution_whoever_comes_first() -> None:
    class Cell:
        n = 0

    found = [0]

    class Watched(Surw):
        def _recognise(self, task: Any) -> bool:
            met = super()._recognise(task)
            found[0] += met
            return met

    def body() -> None:
        cells = [Cell() for _ in range(5)]

        def work(mine: int) -> None:
            for number in (mine, 4):
                cells[number].n = mine

        in_threads(*[lambda mine=mine: work(mine) for mine in range(4)])

    harness.explore(body, Watched(1), executions=200)
    assert found[0] == 199  # all but the first, in which there is nothing to find


def test_a_task_that_polls_for_one_that_is_held_back_does_not_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Cell:
        done = False
        n = 0

    def body() -> None:
        cell = Cell()
        lock = threading.Lock()

        def poll() -> None:
            while True:
                with lock:
                    if cell.done:
                        break
            cell.n = 1

        def finish() -> None:
            cell.n = 2
            with lock:
                cell.done = True

        in_threads(poll, finish)

    result = harness.explore(body, Surw(1), executions=100)
    assert (result.finding, result.overruns) == (None, 0)
    # Half of the executions that select `n` draw the one that polls to be the first there.
    monkeypatch.setattr(surw, "PATIENCE", 10**9)
    assert harness.explore(body, Surw(1), executions=100).overruns > 0


def test_a_loop_that_polls_ends_because_everybody_draws_anew() -> None:
    longest = 0

    class Watched(Surw):
        def pick(self, ready: Any, current: Any) -> Any:
            nonlocal longest
            chosen = super().pick(ready, current)
            longest = max(longest, self._turns)
            return chosen

    def body() -> None:
        thread = threading.Thread(target=threading.Lock().acquire)
        thread.start()
        while thread.is_alive():
            pass

    result = harness.explore(body, Watched(1), executions=3_000)
    assert (result.finding, result.overruns) == (None, 0)
    # There is nothing to select. A run of k turns comes with a chance of about 1/k.
    assert longest == surw.FAIR_TURNS


@pytest.mark.parametrize("wrong", ["x", 1.5, True, None])
def test_a_seed_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^seed is "):
        Surw(wrong)

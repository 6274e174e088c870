"""What the strategies promise: bounds, uniformity, completeness, determinism."""

from __future__ import annotations

import threading
from collections import Counter
from itertools import pairwise
from math import comb
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.strategies.pct import Pct, hit_bound
from harness.strategies.random_walk import RandomWalk
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from collections.abc import Callable


class Plain:
    """A body that runs as it is: explore makes the accesses of functions visible, not of these."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def __call__(self) -> None:
        self._function()


def steps_of(tasks: int, steps: int, log: list[Any]) -> Plain:
    """Tasks that each take some steps; `log` gets the order of every execution.

    A step is the acquisition of a lock of the task's own: the others never wait for it.
    """

    def body() -> None:
        order: list[int] = []

        def work(number: int) -> None:
            lock = threading.Lock()
            for _ in range(steps):
                lock.acquire(blocking=False)
                order.append(number)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(tasks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log.append(tuple(order))

    return Plain(body)


def multinomial(tasks: int, steps: int) -> int:
    count = 1
    for number in range(1, tasks + 1):
        count *= comb(number * steps, steps)
    return count


@pytest.mark.parametrize(
    ("tasks", "steps"),
    [(2, 1), (2, 2), (2, 3), pytest.param(3, 1, marks=pytest.mark.slow)],
)
def test_dfs_without_a_bound_meets_every_order(tasks: int, steps: int) -> None:
    orders: list[Any] = []
    result = harness.explore(
        steps_of(tasks, steps, orders), harness.BoundedDfs(None), executions=200_000
    )
    assert result.exhausted
    assert result.evidence.startswith("exhausted: ")
    assert result.evidence.endswith("no bound")
    assert len(set(orders)) == multinomial(tasks, steps)


def _switches_where_it_could_go_on(order: tuple[int, ...], steps: int) -> int:
    left = Counter(dict.fromkeys(set(order), steps))
    preemptions = 0
    for one, two in pairwise(order):
        left[one] -= 1
        preemptions += one != two and left[one] > 0
    return preemptions


@pytest.mark.parametrize("bound", [0, 1, 2])
def test_dfs_runs_each_schedule_within_its_bound_once(bound: int) -> None:
    schedules: list[tuple[int, ...]] = []

    class Counting(harness.BoundedDfs):
        def begin(self, execution: int) -> bool:
            taken.clear()
            return super().begin(execution)

        def pick(self, ready: Any, current: Any) -> Any:
            chosen = super().pick(ready, current)
            preempts = current is not None and chosen is not current
            taken.append((chosen.id, preempts))
            return chosen

    taken: list[tuple[int, bool]] = []
    orders: list[Any] = []
    inner = steps_of(2, 2, orders)

    def body() -> None:
        inner()
        schedules.append(tuple(number for number, _ in taken))
        assert sum(preempts for _, preempts in taken) <= bound

    result = harness.explore(Plain(body), Counting(bound), executions=10_000)
    assert result.verdict is harness.Verdict.PASSED, str(result)
    assert result.exhausted
    assert f"within {bound} preemption" in result.evidence
    assert len(schedules) == len(set(schedules)) == result.executions
    # Every order that needs no more preemptions of the two tasks than the bound is met.
    wanted = [
        order
        for order in {(0, 0, 1, 1), (1, 1, 0, 0), (0, 1, 0, 1), (1, 0, 1, 0), (0, 1, 1, 0)}
        if _switches_where_it_could_go_on(order, 2) + (order[0] == 0 and bound > 0) <= bound
    ]
    assert set(wanted) <= set(orders)


def test_more_preemptions_reach_more_and_none_is_all() -> None:
    counts = []
    for bound in (0, 1, 2, None):
        orders: list[Any] = []
        harness.explore(steps_of(2, 3, orders), harness.BoundedDfs(bound), executions=200_000)
        counts.append(len(set(orders)))
    assert counts == sorted(counts)
    assert counts[0] < counts[1] < counts[2] <= counts[3] == multinomial(2, 3)


def test_a_budget_that_ends_before_the_search_is_not_exhausted() -> None:
    result = harness.explore(steps_of(2, 3, []), harness.BoundedDfs(None), executions=10)
    assert result.verdict is harness.Verdict.PASSED
    assert not result.exhausted
    assert "10 executions, none failed" in result.evidence


def test_a_budget_that_ends_with_the_search_is_exhausted() -> None:
    whole = harness.explore(steps_of(2, 2, []), "dfs", executions=100_000)
    again = harness.explore(steps_of(2, 2, []), "dfs", executions=whole.executions)
    assert again.exhausted
    assert again.executions == whole.executions


def test_dfs_takes_a_timed_wait_both_ways() -> None:
    seen = set()

    def body() -> None:
        event = threading.Event()
        other = threading.Thread(target=event.set)
        other.start()
        seen.add(event.wait(30))
        other.join()

    result = harness.explore(body, "dfs", executions=10_000)
    assert result.exhausted
    assert seen == {True, False}


def test_a_shared_object_passed_to_foreign_code_is_not_exhausted_and_named() -> None:
    from harness.engine import board  # noqa: PLC0415

    class Shared:
        value = 0

    def body() -> None:
        shared = Shared()

        def work() -> None:
            if not board.alone:
                board.access(board.OPAQUE, shared, board.CONTENT)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    result = harness.explore(Plain(body), "dfs", executions=100_000)
    assert not result.exhausted
    assert "not exhausted" in result.evidence
    assert "Shared at test_strategies_search.py" in result.evidence


def test_random_chooses_each_task_with_the_same_chance() -> None:
    orders: list[Any] = []
    chosen: Counter[int] = Counter()

    class Watched(RandomWalk):
        def pick(self, ready: Any, current: Any) -> Any:
            task = super().pick(ready, current)
            if len(ready) == 3:
                chosen[list(ready).index(task)] += 1
            return task

    harness.explore(steps_of(2, 4, orders), Watched(7), executions=3_000)
    total = sum(chosen.values())
    assert total > 1_000
    expected = total / 3
    chi_square = sum((chosen[index] - expected) ** 2 / expected for index in range(3))
    # The seed is fixed. For a random one: above 18.4 with a chance of 1e-4 (2 degrees of freedom).
    assert chi_square < 18.4


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_pct_meets_a_bug_of_its_depth_at_least_as_often_as_published(depth: int) -> None:
    needed: dict[int, Callable[[tuple[int, ...]], bool]] = {
        1: lambda order: order[0] == 1,
        2: lambda order: 0 in order[: order.index(1)] and order[-1] == 0,
        3: lambda order: order[:1] == (0,) and (1, 0) in pairwise(order) and order[-1] == 1,
    }
    orders: list[tuple[int, ...]] = []
    lengths: list[int] = []

    class Watched(Pct):
        def begin(self, execution: int) -> bool:
            lengths.append(self._step)
            return super().begin(execution)

    runs = 2_000
    harness.explore(steps_of(2, 3, orders), Watched(11, depth), executions=runs)
    hits = sum(needed[depth](order) for order in orders) / runs
    bound = hit_bound(3, max(lengths), depth)  # the body is a task, too
    # Misses with less than 1e-6: five standard deviations of 2 000 draws below the bound.
    assert hits >= bound - 5 * (bound * (1 - bound) / runs) ** 0.5
    assert hits > 0


def test_the_bound_of_pct_is_checked() -> None:
    assert hit_bound(2, 10, 2) == pytest.approx(1 / 20)
    for arguments in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ValueError, match="start at 1"):
            hit_bound(*arguments)
    with pytest.raises(ValueError, match="depth starts at 1"):
        Pct(0, 0)
    with pytest.raises(ValueError, match="start at 0"):
        harness.BoundedDfs(-1)


@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
def test_a_seed_gives_the_same_executions(strategy: str) -> None:
    runs = []
    for seed in (3, 3, 4):
        orders: list[Any] = []
        harness.explore(steps_of(3, 3, orders), strategy, executions=60, seed=seed)
        runs.append(orders)
    assert runs[0] == runs[1]
    assert (runs[0] == runs[2]) == (strategy == "dfs")


def test_a_strategy_may_only_pick_what_it_was_offered() -> None:
    class Cheat:
        def begin(self, execution: int) -> bool:
            return True

        def pick(self, ready: Any, current: Any) -> Any:
            return "somebody else"

    with pytest.raises(ValueError, match="picked 'somebody else'; it was offered <Task 0 main>"):
        harness.explore(steps_of(2, 1, []), Cheat(), executions=1)


def test_an_error_of_a_strategy_is_raised_and_is_no_finding() -> None:
    class Broken:
        def begin(self, execution: int) -> bool:
            return True

        def pick(self, ready: Any, current: Any) -> Any:
            raise ZeroDivisionError("in the strategy")

    with pytest.raises(ZeroDivisionError, match="in the strategy"):
        harness.explore(steps_of(2, 1, []), Broken(), executions=1)


def test_strategies_are_found_by_name_and_path() -> None:
    assert make_strategy(None, 0)[0] == "random"
    assert isinstance(make_strategy("pct", 0)[1], Pct)
    path = "harness.strategies.random_walk:RandomWalk"
    assert isinstance(make_strategy(path, 0)[1], RandomWalk)
    for wrong in ("nonsense", "no.such:Thing", "harness:explore", 5):
        with pytest.raises(harness.ArgumentError, match="strategy is"):
            make_strategy(wrong, 0)  # type: ignore[arg-type]

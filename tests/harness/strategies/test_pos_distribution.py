"""Partial order sampling follows its published distribution, and a variant without it is told."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.analysis.dependence import ASIDE, CHANGES, NOWHERE, dependent
from harness.engine import board
from harness.engine.task import Task
from harness.strategies.pos import FAIR_TURNS, Pos, race, sampling_bound
from harness.strategies.random_walk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.engine.task import Operation

    Chains = Sequence[Sequence[Operation]]  # what each task does, one operation after another
    Order = tuple[int, ...]  # who did the 1st, 2nd, ... operation

X, Y = object(), object()
READ_X: Operation = (board.READ, X, "n")
WRITE_X: Operation = (board.WRITE, X, "n")
WRITE_Y: Operation = (board.WRITE, Y, "n")
# Two tasks that each add 1 to the same number; and two that race twice, the second time with who
# lost the first race.
COUNTER: Chains = ((READ_X, WRITE_X), (READ_X, WRITE_X))
TWO_RACES: Chains = ((WRITE_X, WRITE_Y), (WRITE_X,), (WRITE_Y,))


class NeverAgain(Pos):
    """The algorithm without its point: nobody draws again because of a race."""

    def _draw_again(self, ready: Any, chosen: Task) -> None:
        self._priority[chosen.id] = self._random()


def follow(strategy: Any, chains: Chains) -> Order:
    """Run chains of operations that never wait for each other under a strategy."""
    tasks = [Task(number, f"task {number}", lambda: None, None) for number in range(len(chains))]  # type: ignore[arg-type]  # no worker runs
    done = [0] * len(chains)
    order: list[int] = []
    while True:
        ready = [task for task in tasks if done[task.id] < len(chains[task.id])]
        if not ready:
            return tuple(order)
        for task in ready:
            task.pending = chains[task.id][done[task.id]]
        chosen = strategy.pick(ready, None) if len(ready) > 1 else ready[0]
        done[chosen.id] += 1
        order.append(chosen.id)


def partial_order(order: Order, chains: Chains) -> tuple[Any, ...]:
    """Return what all orders share that differ in independent operations only."""
    at = [0] * len(chains)
    last_write: dict[int, tuple[int, int]] = {}
    seen_by: dict[tuple[int, int], Any] = {}
    readers: dict[int, set[tuple[int, int]]] = {}
    for task in order:
        event = (task, at[task])
        kind, obj, _ = chains[task][at[task]]
        at[task] += 1
        before = {last_write.get(id(obj))}
        if kind == board.WRITE:
            before |= readers.pop(id(obj), set())
            last_write[id(obj)] = event
        else:
            readers.setdefault(id(obj), set()).add(event)
        seen_by[event] = frozenset(before)
    return tuple(sorted(seen_by.items(), key=lambda item: item[0]))


def exact(chains: Chains, *, again: bool) -> dict[Order, float]:
    """Return the chance of every order, from all ways in which the draws can be ranked.

    An implementation of the paper's that knows nothing of ours: the draws of an execution are
    equally likely to be ranked in any way, so each permutation of as many ranks as there can be
    draws is run once.
    """
    draws = _most_draws(chains, again=again)
    orders = Counter(
        _ranked(chains, ranks, again=again) for ranks in itertools.permutations(range(draws))
    )
    total = orders.total()
    return {order: count / total for order, count in orders.items()}


def _most_draws(chains: Chains, *, again: bool) -> int:
    """Return how many draws the longest execution takes: try until nobody runs out of ranks."""
    for draws in range(len(chains), 9):
        try:
            for ranks in itertools.permutations(range(draws)):
                _ranked(chains, ranks, again=again)
        except IndexError:
            continue
        return draws
    raise AssertionError("a program with too many draws for this oracle")


def _ranked(chains: Chains, ranks: Sequence[int], *, again: bool) -> Order:
    fresh = iter(ranks)

    def draw() -> int:
        for rank in fresh:
            return rank
        raise IndexError

    rank_of = {task: draw() for task in range(len(chains))}
    at = dict.fromkeys(rank_of, 0)
    order: list[int] = []
    while len(rank_of) > 1:
        task = max(rank_of, key=lambda one: rank_of[one])
        kind, obj, _ = chains[task][at[task]]
        for other in rank_of:
            kind_2, obj_2, _ = chains[other][at[other]]
            if again and other != task and obj is obj_2 and board.WRITE in (kind, kind_2):
                rank_of[other] = draw()
        order.append(task)
        at[task] += 1
        if at[task] == len(chains[task]):
            del rank_of[task]
        else:
            rank_of[task] = draw()
    for task in rank_of:
        order.extend([task] * (len(chains[task]) - at[task]))
    return tuple(order)


def chi_square(seen: Counter[Any], chances: dict[Any, float]) -> float:
    """Return how far counts are from what the chances let expect."""
    assert set(seen) <= set(chances)
    total = seen.total()
    return sum((seen[one] - total * p) ** 2 / (total * p) for one, p in chances.items())


def sampled(strategy: Any, chains: Chains, runs: int) -> Counter[Order]:
    """Return how often each order came."""
    orders: Counter[Order] = Counter()
    for number in range(runs):
        strategy.begin(number)
        orders[follow(strategy, chains)] += 1
    return orders


def test_the_oracle_agrees_with_what_can_be_told_by_hand() -> None:
    # Whoever writes first of two tasks with one write each: an even chance.
    assert exact(((WRITE_X,), (WRITE_X,)), again=True) == {(0, 1): 0.5, (1, 0): 0.5}
    # Task 0 comes last only if all three draws of task 1 are above its own.
    chances = exact(((WRITE_X,), (WRITE_Y, WRITE_Y, WRITE_Y)), again=True)
    assert chances[1, 1, 1, 0] == pytest.approx(1 / 4)
    assert len(exact(COUNTER, again=True)) == 6


@pytest.mark.parametrize(
    ("chains", "limit"),
    # A right strategy is above the limit with a chance of 1e-4, at 5 and 11 degrees of freedom.
    [pytest.param(COUNTER, 25.8, id="counter"), pytest.param(TWO_RACES, 37.4, id="two races")],
)
def test_each_order_comes_as_often_as_the_algorithm_says(chains: Chains, limit: float) -> None:
    chances = exact(chains, again=True)
    assert chi_square(sampled(Pos(5), chains, 12_000), chances) < limit
    # The same figure tells a variant that never draws again, and a random walk.
    assert chi_square(sampled(NeverAgain(5), chains, 12_000), chances) > 3 * limit
    assert chi_square(sampled(RandomWalk(5), chains, 12_000), chances) > 3 * limit


@pytest.mark.parametrize(("chains", "operations"), [(COUNTER, 4), (TWO_RACES, 4)])
def test_each_partial_order_has_at_least_the_published_chance(
    chains: Chains, operations: int
) -> None:
    runs = 6_000
    orders = sampled(Pos(3), chains, runs)
    partial: Counter[Any] = Counter()
    for order, count in orders.items():
        partial[partial_order(order, chains)] += count
    everything = {partial_order(order, chains) for order in exact(chains, again=True)}
    assert set(partial) == everything
    bound = sampling_bound(operations)
    # Fewer than five standard deviations below what the bound lets expect: less than 1e-6.
    least = runs * bound - 5 * (runs * bound * (1 - bound)) ** 0.5
    assert min(partial.values()) >= least


def test_the_counter_has_four_partial_orders_and_none_of_them_is_rare() -> None:
    orders = sampled(Pos(3), COUNTER, 8_000)
    partial: Counter[Any] = Counter()
    for order, count in orders.items():
        partial[partial_order(order, COUNTER)] += count
    assert len(partial) == 4
    # A third each for one after the other, a sixth each for the two ways to lose an update.
    assert min(partial.values()) > 8_000 / 8


def test_a_task_is_held_back_for_long_with_the_chance_of_one_draw_against_all() -> None:
    length, runs = 20, 6_000
    chains: Chains = ((WRITE_X,), (*[WRITE_Y] * length, WRITE_X))
    orders = sampled(Pos(7), chains, runs)
    hits = orders[(*[1] * (length + 1), 0)]
    chance = 1 / (length + 2)  # a random walk's is 2**-21: less than one hit in 300 campaigns
    assert abs(hits - runs * chance) < 5 * (runs * chance) ** 0.5
    assert sampled(RandomWalk(7), chains, runs)[(*[1] * (length + 1), 0)] == 0


def racy_counter(finals: Counter[int]) -> Callable[[], None]:
    """Two threads that add 1; `finals` gets what came of it."""

    class Box:
        n = 0

    def body() -> None:
        box = Box()

        def work() -> None:
            seen = box.n
            box.n = seen + 1

        in_threads([work, work])
        finals[box.n] += 1

    return body


def in_threads(works: Iterable[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_real_counter_loses_an_update_in_a_fair_share_of_executions() -> None:
    finals: Counter[int] = Counter()
    result = harness.explore(racy_counter(finals), "pos", executions=2_000, seed=1)
    assert result.verdict is harness.Verdict.PASSED, result.evidence
    # A third if both began together (see above), and less because one starts before the other.
    assert 2_000 / 10 < finals[1] < 2_000 / 3


def polling(done_by: Callable[[list[int]], None]) -> Callable[[], None]:
    """One thread that polls under a lock until another one is done."""

    def body() -> None:
        lock = threading.Lock()
        done: list[int] = []

        def poll() -> None:
            while not done:
                with lock:
                    pass

        in_threads([poll, lambda: done_by(done)])

    return body


def test_a_loop_that_polls_ends_because_everybody_draws_anew() -> None:
    longest = 0

    class Watched(Pos):
        def pick(self, ready: Any, current: Any) -> Task:
            nonlocal longest
            chosen = super().pick(ready, current)
            longest = max(longest, self._turns)
            return chosen

    body = polling(lambda done: done.append(1))
    result = harness.explore(body, Watched(1), executions=3_000)
    assert result.verdict is harness.Verdict.PASSED, result.evidence
    # A run of k turns comes with a chance of 1/k: of 3 000 executions some reach the rule.
    assert longest == FAIR_TURNS


def test_what_races_is_what_the_shared_relation_calls_dependent() -> None:
    twin = object()
    kinds = (board.READ, board.WRITE, board.OPAQUE)
    keys = ("a", "b", ("item", 0), ("item", "a"), board.CONTENT)
    plain: list[Operation] = [(kind, twin, key) for kind in kinds for key in keys]
    labels = sorted({*CHANGES, *NOWHERE, *ASIDE, "a label to come"})
    everything = [*plain, *[(label, twin, None) for label in labels]]
    for one, other in itertools.product(everything, repeat=2):
        assert race(one, other) == dependent(one, 0, other, 1), (one, other)
    assert sum(race(one, other) for one, other in itertools.product(plain, repeat=2)) > 50


@pytest.mark.parametrize(("operations", "expected"), [(1, 1.0), (4, 1 / 24), (100, 1.0715e-158)])
def test_the_bound_is_one_in_all_orders(operations: int, expected: float) -> None:
    assert sampling_bound(operations) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "4"])
def test_the_bound_refuses_what_is_no_number_of_operations(wrong: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^operations is .*start at 1"):
        sampling_bound(wrong)

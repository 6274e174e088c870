"""What the random strategies promise: uniformity, published bounds, fairness, determinism."""

from __future__ import annotations

import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.strategies.pct import FAIR_TURNS, Pct, hit_bound
from harness.strategies.random_walk import EARLY_SHARE, RandomWalk
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    RunAll = Callable[..., list[tuple[int, ...]]]


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def steps_of(tasks: int, steps: int, log: list[Any]) -> Callable[[], None]:
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

        in_tasks(*[lambda number=number: work(number) for number in range(tasks)])
        log.append(tuple(order))

    return body


# -- random ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_random_chooses_each_task_with_the_same_chance(seed: int, run_all: RunAll) -> None:
    chosen: Counter[int] = Counter()

    class Watched(RandomWalk):
        def pick(self, ready: Any, current: Any) -> Any:
            task = super().pick(ready, current)
            if len(ready) == 3:
                chosen[list(ready).index(task)] += 1
            return task

    run_all(steps_of(3, 3, []), Watched(seed), most=1_000)
    total = sum(chosen.values())
    assert total > 3_000
    expected = total / 3
    chi_square = sum((chosen[index] - expected) ** 2 / expected for index in range(3))
    # A fair walk is above 18.4 with a chance of 1e-4 (2 degrees of freedom): 3e-4 for three seeds,
    # which are fixed. One that prefers a task by 3 in 100 of 10 000 draws is mostly above.
    assert chi_square < 18.4


def test_random_lets_timeouts_fire_early_in_its_share_of_executions() -> None:
    strategy = RandomWalk(5)
    early = 0
    for number in range(10_000):
        assert strategy.begin(number)
        early += strategy.early_timeouts
    # Five standard deviations, sqrt(10 000 * 0.25 * 0.75) = 43, are missed with less than 1e-6.
    assert abs(early - 10_000 * EARLY_SHARE) < 5 * 43.4


@pytest.mark.parametrize("strategy", [RandomWalk, Pct])
def test_the_first_execution_takes_timeouts_as_they_come(strategy: Any) -> None:
    for seed in range(50):
        made = strategy(seed)
        made.begin(0)
        assert made.early_timeouts is False


@pytest.mark.parametrize("make", [RandomWalk, Pct], ids=["random", "pct"])
def test_a_strategy_that_begins_at_0_again_does_the_same_again(make: Any, run_all: RunAll) -> None:
    strategy = make(3)
    body = steps_of(2, 3, [])
    assert run_all(body, strategy, most=50) == run_all(body, strategy, most=50)


@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
def test_a_seed_gives_the_same_executions(strategy: str) -> None:
    runs = []
    for seed in (3, 3, 4):
        orders: list[Any] = []
        harness.explore(steps_of(3, 3, orders), strategy, executions=60, seed=seed)
        runs.append(orders[:60])  # walks for the estimate follow as long as there is time
    assert runs[0] == runs[1]
    assert (runs[0] == runs[2]) == (strategy == "dfs")


# -- pct ------------------------------------------------------------------------------------------


def _first_is_last(order: tuple[int, ...]) -> bool:
    """Depth 1: the task that was started last ends its only constraint first."""
    return order[0] == max(order)


def _one_preempted_at(place: int) -> Callable[[tuple[int, ...]], bool]:
    """Depth 2: task 0 makes exactly `place` steps, then all others make all of theirs."""

    def hit(order: tuple[int, ...]) -> bool:
        head, tail = order[:place], order[place:]
        others = sum(number != 0 for number in order)
        return set(head) == {0} and 0 not in tail[:others]

    return hit


def _two_preempted(order: tuple[int, ...]) -> bool:
    """Depth 3: task 0 stops after 2 steps, task 1 after 2, task 2 runs, then task 1 before 0.

    Who fell first comes back last. If the later fallen always stood below the earlier, no
    execution would ever do this.
    """
    return order[:4] == (0, 0, 1, 1) and order[-2:] == (0, 0) and order[-4:-2] == (1, 1)


def _two_preempted_other_way(order: tuple[int, ...]) -> bool:
    """Depth 3, the mirror: the one that fell first comes back first."""
    return order[:4] == (0, 0, 1, 1) and order[-2:] == (1, 1) and order[-4:-2] == (0, 0)


@pytest.mark.parametrize(
    ("depth", "tasks", "steps", "hit"),
    [
        pytest.param(1, 2, 3, _first_is_last, id="depth 1"),
        pytest.param(2, 2, 4, _one_preempted_at(1), id="depth 2, early"),
        pytest.param(2, 2, 4, _one_preempted_at(3), id="depth 2, late"),
        pytest.param(3, 3, 4, _two_preempted, id="depth 3, first fallen is last"),
        pytest.param(3, 3, 4, _two_preempted_other_way, id="depth 3, first fallen is first"),
    ],
)
def test_pct_meets_a_bug_of_its_depth_at_least_as_often_as_published(
    depth: int, tasks: int, steps: int, hit: Callable[[tuple[int, ...]], bool], run_all: RunAll
) -> None:
    orders: list[tuple[int, ...]] = []
    runs = 6_000
    schedules = run_all(steps_of(tasks, steps, orders), Pct(11, depth), most=runs)
    hits = sum(map(hit, orders))
    longest = max(map(len, schedules))
    bound = hit_bound(tasks + 1, longest, depth)  # the body is a task, too
    # If the bound holds, fewer hits than five standard deviations below it come with a chance of
    # less than 1e-6; where that is below 1 hit, none at all comes with (1 - bound)**runs.
    least = runs * bound - 5 * (runs * bound * (1 - bound)) ** 0.5
    assert hits >= max(least, 1)
    assert (1 - bound) ** runs < 0.15 or depth < 3


class ById(Pct):
    """Priorities that are not drawn: the body's first, then the first thread's."""

    def begin(self, execution: int) -> bool:
        again = super().begin(execution)
        self._priority.extend(1 / (number + 1) for number in range(10))
        return again


class Unchanging(Pct):
    """No change points."""

    def begin(self, execution: int) -> bool:
        again = super().begin(execution)
        self._changes = {}
        return again


class LaterIsLower(Pct):
    """Change points in one order: who falls later stands below who fell earlier."""

    def begin(self, execution: int) -> bool:
        again = super().begin(execution)
        self._changes = {step: -1.0 - place for place, step in enumerate(sorted(self._changes))}
        return again


@pytest.mark.parametrize(
    ("broken", "depth", "size", "hit"),
    [
        pytest.param(ById, 1, (2, 3), _first_is_last, id="depth 1, fixed priorities"),
        pytest.param(Unchanging, 2, (2, 4), _one_preempted_at(1), id="depth 2, no change points"),
        pytest.param(
            LaterIsLower, 3, (3, 4), _two_preempted, id="depth 3, one order of the fallen"
        ),
    ],
)
def test_a_pct_that_lacks_a_part_never_meets_it(
    broken: Any,
    depth: int,
    size: tuple[int, int],
    hit: Callable[[tuple[int, ...]], bool],
    run_all: RunAll,
) -> None:
    for strategy, expected in ((broken(11, depth), False), (Pct(11, depth), True)):
        orders: list[tuple[int, ...]] = []
        run_all(steps_of(*size, orders), strategy, most=4_000)
        assert any(map(hit, orders)) is expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((1, 1, 1), 1.0),
        ((2, 10, 1), 1 / 2),
        ((2, 10, 2), 1 / 20),
        ((4, 1000, 3), 1 / 4_000_000),
        ((2, 10**6, 200), 0.0),  # below the least float
    ],
)
def test_the_bound_is_that_of_the_paper(arguments: tuple[int, int, int], expected: float) -> None:
    assert hit_bound(*arguments) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((0, 1, 1), "tasks"), ((1, 0, 1), "steps"), ((1, 1, 0), "depth"), ((1, 2.5, 1), "steps"),
     ((True, 1, 1), "tasks"), ((1, 1, "2"), "depth")],
)  # fmt: skip
def test_the_bound_refuses_what_is_below_1(arguments: Any, name: str) -> None:
    with pytest.raises(harness.ArgumentError, match=f"^{name} is .*start at 1"):
        hit_bound(*arguments)


@pytest.mark.parametrize(
    ("strategy", "settings", "name"),
    [
        (Pct, {"seed": 0, "depth": 0}, "depth"),
        (Pct, {"seed": 0, "depth": 1.5}, "depth"),
        (Pct, {"seed": "x"}, "seed"),
        (RandomWalk, {"seed": "x"}, "seed"),
        (RandomWalk, {"seed": True}, "seed"),
    ],
)
def test_a_strategy_refuses_wrong_settings(
    strategy: Any, settings: dict[str, Any], name: str
) -> None:
    with pytest.raises(harness.ArgumentError, match=f"^{name} is "):
        strategy(**settings)


def test_a_loop_that_polls_ends_under_pct_because_it_loses_its_turn() -> None:
    longest = [0]

    class Watched(Pct):
        def pick(self, ready: Any, current: Any) -> Any:
            chosen = super().pick(ready, current)
            longest[0] = max(longest[0], self._turns)
            return chosen

    def body() -> None:
        lock = threading.Lock()
        done: list[int] = []

        def poll() -> None:
            while not done:
                with lock:
                    pass

        in_tasks(poll, lambda: done.append(1))

    result = harness.explore(body, Watched(1), executions=60)
    assert result.verdict is harness.Verdict.PASSED, result.evidence
    # Without the rule, every execution in which the poller has the higher priority is endless.
    assert FAIR_TURNS <= longest[0] <= FAIR_TURNS + 2


# -- strategies of the user's ----------------------------------------------------------------------


class Fixed:
    """A user's strategy: whoever has the greatest id; nothing more after `most` executions."""

    def __init__(self, most: int = 10**9) -> None:
        self.most = most
        self.asked: list[int] = []

    def begin(self, execution: int) -> bool:
        self.asked.append(execution)
        return execution < self.most

    def pick(self, ready: Any, current: Any) -> Any:
        assert ready
        assert [task.id for task in ready] == sorted(task.id for task in ready)
        assert current is None or any(current is task for task in ready)
        return ready[-1]


def test_an_object_of_the_users_chooses() -> None:
    orders: list[Any] = []
    result = harness.explore(steps_of(2, 2, orders), Fixed(), executions=3)
    assert orders[2:] == [(0, 0, 1, 1)] * 3  # two runs come first, which check the body
    assert result.strategy == "Fixed"
    assert result.evidence == "3 executions, none failed (Fixed)"


def test_a_strategy_that_ends_early_is_not_exhausted_unless_it_says_so() -> None:
    result = harness.explore(steps_of(2, 2, []), Fixed(most=4), executions=100)
    assert (result.executions, result.exhausted) == (4, False)
    assert result.evidence == "4 executions, none failed (Fixed, nothing left to try)"
    whole = Fixed(most=4)
    whole.exhaustive = True  # type: ignore[attr-defined]  # optional
    result = harness.explore(steps_of(2, 2, []), whole, executions=100)
    assert result.exhausted
    assert result.evidence == "exhausted: 4 executions, Fixed"


def test_a_strategy_with_nothing_to_try_decides_nothing() -> None:
    result = harness.explore(steps_of(2, 2, []), Fixed(most=0), executions=100)
    assert (result.verdict, result.executions) == (harness.Verdict.UNDECIDED, 0)
    assert result.evidence == "undecided: nothing was run, Fixed had nothing to try"


@pytest.mark.parametrize("foreign", ["somebody else", None], ids=str)
def test_a_strategy_may_only_pick_what_it_was_offered(foreign: Any) -> None:
    class Cheat(Fixed):
        def pick(self, ready: Any, current: Any) -> Any:
            return foreign

    with pytest.raises(ValueError, match=rf"picked {foreign!r}; it was offered <Task 0 main>"):
        harness.explore(steps_of(2, 1, []), Cheat(), executions=1)


def test_a_strategy_may_not_pick_a_task_that_waits() -> None:
    class Late(Fixed):
        kept: Any = None

        def pick(self, ready: Any, current: Any) -> Any:
            self.kept = self.kept or ready[0]  # main, which joins later on
            return self.kept

    with pytest.raises(ValueError, match=r"picked <Task 0 main>; it was offered <Task 1"):
        harness.explore(steps_of(3, 1, []), Late(), executions=1)


@pytest.mark.parametrize("where", ["begin", "pick"])
def test_an_error_of_a_strategy_is_raised_and_the_next_exploration_works(where: str) -> None:
    class Broken(Fixed):
        def _break(self, *_: Any) -> Any:
            raise ZeroDivisionError("in the strategy")

    setattr(Broken, where, Broken._break)
    with pytest.raises(ZeroDivisionError, match="in the strategy"):
        harness.explore(steps_of(2, 1, []), Broken(), executions=1)
    assert harness.explore(steps_of(2, 1, []), executions=5).executions == 5


def test_strategies_are_found_by_name_and_path() -> None:
    assert make_strategy(None, 0)[0] == "portfolio"
    assert isinstance(make_strategy("pct", 0)[1], Pct)
    path = "harness.strategies.random_walk:RandomWalk"
    name, made = make_strategy(path, 7)
    assert name == path
    assert isinstance(made, RandomWalk)
    assert made.seed == 7
    result = harness.explore(steps_of(2, 1, []), path, executions=3, seed=7)
    assert result.evidence == f"3 executions, none failed ({path}, seed 7)"


@pytest.mark.parametrize(
    "wrong",
    ["nonsense", "", ":", "no.such:Thing", "harness:nothing", "harness:explore", "threading:Lock",
     "harness.strategies:BoundedDfs.scope", "this is:no module", 5, object(), RandomWalk, [],
     b"pct"],
    ids=lambda wrong: repr(wrong).split(" at ")[0],
)  # fmt: skip
def test_what_is_no_strategy_is_refused(wrong: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^strategy is .*; it takes "):
        harness.explore(steps_of(1, 1, []), wrong)


def test_an_object_with_a_seed_is_told_by_its_own() -> None:
    result = harness.explore(steps_of(2, 1, []), RandomWalk(9), executions=3, seed=4)
    assert (result.seed, result.evidence) == (9, "3 executions, none failed (RandomWalk, seed 9)")

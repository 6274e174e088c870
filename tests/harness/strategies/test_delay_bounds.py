"""Delay bounding: the undelayed schedule, all schedules of a bound, random ones often enough."""

from __future__ import annotations

import threading
from collections import Counter
from math import comb, factorial
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.engine.task import Task
from harness.strategies.delay import FAIR_TURNS, Delay, RoundRobin, delay_bound
from harness.strategies.delay_search import DelaySearch
from harness.strategies.divergence import DivergedError

if TYPE_CHECKING:
    from collections.abc import Callable

    RunAll = Callable[..., list[tuple[int, ...]]]


def in_threads(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def steps_of(tasks: int, steps: int, log: list[Any]) -> Callable[[], None]:
    """Tasks that each take some steps; `log` gets the order of every execution."""

    def body() -> None:
        order: list[int] = []

        def work(number: int) -> None:
            lock = threading.Lock()
            for _ in range(steps):
                lock.acquire(blocking=False)
                order.append(number)

        in_threads(*[lambda number=number: work(number) for number in range(tasks)])
        log.append(tuple(order))

    return body


def tasks(count: int) -> list[Task]:
    return [Task(number, f"task {number}", lambda: None, None) for number in range(count)]  # type: ignore[arg-type]  # no worker runs


# -- whose turn it is -----------------------------------------------------------------------------


def test_a_task_keeps_its_turn_until_it_cannot_go_on_and_the_next_by_id_follows() -> None:
    everybody = tasks(4)
    turns = RoundRobin()
    turns.take(everybody[2])
    assert turns.order(everybody, everybody[2]) == [everybody[n] for n in (2, 3, 0, 1)]
    without = [everybody[n] for n in (0, 1, 3)]
    assert turns.order(without, None) == [everybody[n] for n in (3, 0, 1)]


def test_a_timeout_comes_after_all_that_can_go_on() -> None:
    everybody = tasks(3)
    everybody[1].parked = True
    turns = RoundRobin()
    assert turns.order(everybody, None) == [everybody[n] for n in (2, 0, 1)]


def test_a_task_that_keeps_the_processor_too_long_is_skipped() -> None:
    everybody = tasks(2)
    turns = RoundRobin()
    for _ in range(FAIR_TURNS):
        assert turns.order(everybody, everybody[0])[0] is everybody[0]
        turns.take(everybody[0])
    assert turns.order(everybody, everybody[0])[0] is everybody[1]


def test_a_drawn_round_goes_through_all_tasks_in_one_order() -> None:
    everybody = tasks(4)
    turns = RoundRobin()
    places = iter((0.5, 0.9, 0.1, 0.7))
    turns.reset(lambda: next(places))
    assert turns.order(everybody, everybody[0]) == [everybody[n] for n in (0, 3, 1, 2)]
    turns.take(everybody[3])
    assert turns.order([everybody[0], everybody[1], everybody[2]], None) == [
        everybody[n] for n in (1, 2, 0)
    ]


# -- all of them ----------------------------------------------------------------------------------


def test_without_delays_there_is_one_schedule_one_task_after_the_other(run_all: RunAll) -> None:
    log: list[Any] = []
    search = DelaySearch(0)
    assert len(run_all(steps_of(3, 2, log), search)) == 1
    assert log == [(0, 0, 1, 1, 2, 2)]
    assert search.scope() == "within 0 delays"
    assert Delay(5).begin(0)
    first: list[Any] = []
    run_all(steps_of(3, 2, first), Delay(5), most=1)
    assert first == log


@pytest.mark.parametrize("delays", [0, 1, 2])
def test_the_search_leaves_out_no_placement_of_its_delays(delays: int, run_all: RunAll) -> None:
    placements: list[tuple[int, ...]] = []  # by execution: the delays at each choice
    offers: list[tuple[int, ...]] = []  # likewise: how many tasks were offered

    class Kept(DelaySearch):
        def begin(self, execution: int) -> bool:
            if execution:
                placements.append(tuple(self.spent))
                offers.append(tuple(self.offered))
            self.spent: list[int] = []
            self.offered: list[int] = []
            return super().begin(execution)

        def pick(self, ready: Any, current: Any) -> Task:
            order = self._turns.order(ready, current)
            chosen = super().pick(ready, current)
            self.spent.append(order.index(chosen))
            self.offered.append(len(order))
            return chosen

    run_all(steps_of(2, 2, []), Kept(delays))
    assert len(placements) == len(set(placements)) > delays
    begun = {spent[:depth] for spent in placements for depth in range(len(spent) + 1)}
    for spent, offered in zip(placements, offers, strict=True):
        assert sum(spent) <= delays
        for depth, others in enumerate(offered):
            left = delays - sum(spent[:depth])
            assert {(*spent[:depth], more) for more in range(min(others - 1, left) + 1)} <= begun


def test_enough_delays_find_every_order(run_all: RunAll) -> None:
    log: list[Any] = []
    search = DelaySearch(20)
    run_all(steps_of(2, 2, log), search)
    assert len(set(log)) == comb(4, 2)
    assert search.scope() == "no bound"


def test_a_search_says_within_how_many_delays_it_looked() -> None:
    def body() -> None:
        in_threads(threading.Lock().acquire, threading.Lock().acquire)

    result = harness.explore(body, DelaySearch(1), executions=10_000)
    assert result.verdict is harness.Verdict.PASSED
    assert result.evidence.startswith("exhausted: ")
    assert "within 1 delay" in result.evidence


def test_a_body_that_changes_under_the_same_choices_diverges(run_all: RunAll) -> None:
    runs = [0]

    def body() -> None:
        runs[0] += 1
        work = threading.Lock().acquire
        in_threads(*[work] * (2 if runs[0] < 3 else 3))

    with pytest.raises(DivergedError, match="in an earlier execution that began with the same"):
        run_all(body, DelaySearch(2))


# -- some of them ---------------------------------------------------------------------------------


class AtTheBeginning(Delay):
    """Puts its delays in the first half only."""

    def begin(self, execution: int) -> bool:
        again = super().begin(execution)
        half = max(self._length.greatest // 2, 1)
        self._delays = {(step - 1) % half + 1: count for step, count in self._delays.items()}
        return again


def rarest(strategy: Any, wanted: set[tuple[int, ...]], run_all: RunAll, runs: int) -> int:
    """Return how often the rarest of some schedules came."""
    came = Counter(run_all(steps_of(2, 4, []), strategy, most=runs))
    return min(came[schedule] for schedule in wanted)


@pytest.mark.parametrize("delays", [1, 2])
def test_every_schedule_of_the_bound_has_at_least_its_chance(delays: int, run_all: RunAll) -> None:
    everything = set(run_all(steps_of(2, 4, []), DelaySearch(delays)))
    undelayed = set(run_all(steps_of(2, 4, []), DelaySearch(0)))
    runs = 12_000
    steps = max(map(len, everything))
    bound = delay_bound(delays, delays, steps)
    least = runs * bound - 5 * (runs * bound * (1 - bound)) ** 0.5  # missed with less than 1e-6
    wanted = everything - undelayed
    assert rarest(Delay(3, delays), wanted, run_all, runs) >= max(least, 1)
    assert rarest(AtTheBeginning(3, delays), wanted, run_all, runs) == 0


def test_tasks_that_need_no_delay_come_in_every_order(run_all: RunAll) -> None:
    log: list[Any] = []
    run_all(steps_of(4, 1, log), Delay(2), most=2_000)
    assert len(set(log)) == factorial(4)  # each of 24 is missed with less than 1e-6


def test_a_loop_that_polls_ends_because_it_is_skipped() -> None:
    def body() -> None:
        lock = threading.Lock()
        done: list[int] = []

        def poll() -> None:
            while not done:
                with lock:
                    pass

        in_threads(poll, lambda: done.append(1))

    for strategy in (Delay(1), DelaySearch(1)):
        result = harness.explore(body, strategy, executions=60)
        assert (result.finding, result.executions, result.overruns) == (None, 60, 0)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [((1, 1, 10), 1 / 20), ((2, 2, 10), 1 / 400), ((1, 2, 10), 1 / 40), ((200, 200, 10**9), 0.0)],
)
def test_the_bound_counts_the_order_the_number_and_the_places(
    arguments: tuple[int, int, int], expected: float
) -> None:
    assert delay_bound(*arguments) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((0, 1, 1), "delays"), ((3, 2, 1), "delays"), ((1, 0, 1), "most"), ((1, 1, 0), "steps"),
     ((1, True, 1), "most"), ((1, 1, 2.5), "steps")],
)  # fmt: skip
def test_the_bound_refuses_what_is_out_of_range(arguments: Any, name: str) -> None:
    with pytest.raises(harness.ArgumentError, match=f"^{name} is "):
        delay_bound(*arguments)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Delay("x"), "seed"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: Delay(0, 0), "delays"),
        (lambda: Delay(0, 1.5), "delays"),  # type: ignore[arg-type]  # wrong on purpose
        (lambda: DelaySearch(-1), "delays"),
        (lambda: DelaySearch("1"), "delays"),  # type: ignore[arg-type]  # wrong on purpose
    ],
)
def test_a_strategy_refuses_wrong_settings(make: Callable[[], object], name: str) -> None:
    with pytest.raises(harness.ArgumentError, match=f"^{name} is "):
        make()

"""How the portfolio spreads executions: trivial bugs at once, small programs to their end."""

from __future__ import annotations

import random
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.campaign import Campaign
from harness.exploring import visible_body
from harness.finding import kind_of
from harness.strategies.payoff import Payoff
from harness.strategies.portfolio import (
    COSTS,
    FIRST_TRACES,
    ROUND,
    SAMPLERS,
    SMALL_OPERATIONS,
    Portfolio,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Body = Callable[[], None]


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class State:
    """A few shared variables."""

    def __init__(self) -> None:
        self.a = self.b = 0
        self.lock, self.other = threading.Lock(), threading.Lock()


def counter(tasks: int, rounds: int = 1) -> Body:
    """Right, and too large to exhaust with many tasks: nothing is asserted."""

    def body() -> None:
        state = State()

        def add() -> None:
            for _ in range(rounds):
                state.a += 1

        in_tasks(*[add] * tasks)

    return body


def lost_update() -> None:
    state = State()

    def add() -> None:
        seen = state.a
        state.a = seen + 1

    in_tasks(add, add)
    assert state.a == 2


def abba() -> None:
    state = State()

    def forth() -> None:
        with state.lock, state.other:
            pass

    def back() -> None:
        with state.other, state.lock:
            pass

    in_tasks(forth, back)


def last_of_many() -> None:
    """Fails only if the first task's one store comes after all of the other's."""
    state = State()

    def once() -> None:
        state.a = 1

    def often() -> None:
        for _ in range(25):
            state.a = 2

    in_tasks(once, often)
    assert state.a != 1


def nested_resets() -> None:
    """Two preemptions: redis-py's pool, reset after another thread has taken from it."""
    state = State()
    used: set[object] = set()

    def use() -> None:
        if state.a == 0:
            used.clear()
            state.a = 1
        mine = object()
        used.add(mine)
        used.remove(mine)

    in_tasks(use, use)


class Run:
    """Some executions of one body, and who had which turn."""

    def __init__(self, body: Body, strategy: Any, most: int, *, max_steps: int = 20_000) -> None:
        self.failed = self.ended = 0
        self.turns: list[str] = []
        self.schedules: list[tuple[int, ...]] = []
        self.observed = 0
        with (
            visible_body(body) as (runnable, _),
            Campaign(model="free-threaded", max_steps=max_steps, body=runnable) as campaign,
        ):
            for number in range(most):
                if not strategy.begin(number):
                    self.ended = number
                    return
                self.turns.append("dpor" if strategy.exhaustive else strategy._name)
                self.observed += strategy.operations
                ending, schedule = campaign.run(runnable, strategy)
                self.schedules.append(tuple(schedule))
                if kind_of(ending) is not None:
                    self.failed = number + 1
                    return


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "most"),
    [
        pytest.param(lost_update, 20, id="lost update"),
        pytest.param(abba, 20, id="ABBA"),
        pytest.param(last_of_many, 40, id="last of many"),
        pytest.param(nested_resets, 150, id="nested resets"),
    ],
)
def test_bugs_show_within_a_few_executions(body: Body, most: int) -> None:
    # The seeds are fixed; the most that one of them needs is below two thirds of `most`.
    found = [Run(body, Portfolio(seed), 2_000).failed for seed in range(20)]
    assert all(0 < number <= most for number in found), found


def test_a_bug_that_always_shows_shows_at_once() -> None:
    def body() -> None:
        state = State()
        in_tasks(state.lock.acquire, state.lock.acquire)

    assert [Run(body, Portfolio(seed), 5).failed for seed in range(20)] == [1] * 20


# -- the complete search ---------------------------------------------------------------------------


def test_a_small_program_is_exhausted() -> None:
    result = harness.explore(counter(2), "portfolio", executions=1_000)
    assert result.exhausted, result.evidence
    assert result.verdict is harness.Verdict.PASSED
    assert len(ROUND) + 4 <= result.executions < 100
    assert result.evidence.endswith("all 4 traces, no bound"), result.evidence


def test_a_search_that_did_not_end_claims_nothing() -> None:
    result = harness.explore(counter(4, 3), "portfolio", executions=300)
    assert (result.exhausted, result.executions) == (False, 300)
    assert "exhausted" not in result.evidence
    assert result.evidence.startswith("300 executions, none failed (portfolio, seed 0); estimated ")
    assert " % of the schedules" in result.evidence
    assert result.verdict is harness.Verdict.PASSED


def test_a_large_program_is_measured_by_its_random_walks() -> None:
    result = harness.explore(counter(12), "portfolio", executions=300)
    assert result.estimate is not None
    assert result.estimate.of == "the schedules"
    assert result.estimate.high < 1e-6


def test_a_large_program_gets_no_turns_of_the_complete_search() -> None:
    assert "dpor" not in Run(counter(3, SMALL_OPERATIONS), Portfolio(0), 60).turns
    assert "dpor" not in Run(counter(12), Portfolio(0), 60).turns
    assert "dpor" in Run(counter(4, 2), Portfolio(0), 60).turns


def test_the_complete_search_gets_a_bounded_share_and_then_a_smaller_one() -> None:
    turns = Run(counter(4, 3), Portfolio(1), 600).turns
    assert turns[: len(ROUND)] == list(ROUND)
    first = [number for number, name in enumerate(turns) if name == "dpor"]
    assert first[FIRST_TRACES - 1] <= len(ROUND) + 1.5 * FIRST_TRACES + 2
    later = turns[first[FIRST_TRACES - 1] + 1 :]
    assert 0.1 < later.count("dpor") / len(later) < 0.15


def test_a_body_that_changes_is_sampled_and_never_called_exhausted() -> None:
    calls = [0]

    def body() -> None:
        calls[0] += 1
        state = State()

        def work() -> None:
            for _ in range(1 + calls[0] % 5):
                with state.lock:
                    state.a += 1

        in_tasks(work, work)

    run = Run(body, Portfolio(2), 200)
    assert (run.ended, run.failed) == (0, 0)
    assert 0 < run.turns.count("dpor") < FIRST_TRACES


def test_under_the_model_of_the_gil_nothing_is_exhausted() -> None:
    result = harness.explore(counter(2), "portfolio", executions=100, model="gil")
    assert (result.exhausted, result.executions) == (False, 100)
    assert result.verdict is harness.Verdict.PASSED


# -- shares ----------------------------------------------------------------------------------------


def test_every_member_has_turns_and_most_executions_are_not_watched() -> None:
    run = Run(counter(12, 2), Portfolio(3), 600)
    turns = Counter(run.turns)
    assert set(turns) == {"rff", *SAMPLERS}
    # Each member stands in the round, which is every fourth execution.
    assert all(turns[name] >= 600 // 4 // len(ROUND) for name in turns), turns
    assert run.observed < 0.75 * 600


def test_a_huge_program_gets_only_members_that_choose_fast() -> None:
    """A thousand tasks that are there at once, by numbers alone: to run them takes seconds."""
    strategy = Portfolio(1)
    run = Run(counter(12), strategy, 20)
    assert "rff" in run.turns
    strategy._tasks, strategy._longest = 1_000, 100_000
    names = set()
    for number in range(20, 60):
        strategy.begin(number)
        names.add(strategy._name)
    assert names == {"random", "pct", "delay"}


def test_what_pays_is_played_and_what_costs_is_not() -> None:
    """Three arms: one pays often, one pays as often and costs four times as much, one never."""
    chance = {"pays": 0.5, "costs": 0.5, "never": 0.0}

    def played(chance: dict[str, float]) -> Counter[str]:
        payoff = Payoff({"pays": 1.0, "costs": 4.0, "never": 1.0}, random.Random(1))
        world = random.Random(2)
        names: Counter[str] = Counter()
        for _ in range(2_000):
            name = payoff.draw()
            names[name] += 1
            payoff.note(name, paid=world.random() < chance[name])
        return names

    learned = played(chance)
    assert learned["pays"] > 0.9 * 2_000
    assert learned["costs"] > 0
    assert learned["never"] > 0
    # If nothing pays, nothing but the cost tells them apart.
    blind = played(dict.fromkeys(chance, 0.0))
    assert abs(blind["pays"] - blind["never"]) < 0.3 * 2_000
    assert blind["pays"] > blind["costs"]


def test_a_member_that_stops_paying_is_left_for_one_that_starts() -> None:
    payoff = Payoff({"old": 1.0, "new": 1.0}, random.Random(1))
    world = random.Random(2)
    names: list[str] = []
    for number in range(2_000):
        name = payoff.draw()
        names.append(name)
        pays = "old" if number < 1_000 else "new"
        payoff.note(name, paid=name == pays and world.random() < 0.8)
    assert names[:1_000].count("old") > 800
    assert names[-500:].count("new") > 400


def test_every_member_has_a_cost_and_a_place_in_the_round() -> None:
    assert set(COSTS) == {"rff", *SAMPLERS} == set(ROUND)


# -- as any strategy -------------------------------------------------------------------------------


def test_a_seed_gives_the_same_executions_and_another_gives_others() -> None:
    strategy = Portfolio(5)
    first = Run(counter(4, 2), strategy, 150)
    again = Run(counter(4, 2), strategy, 150)  # execution 0 begins anew
    assert (first.schedules, first.turns) == (again.schedules, again.turns)
    assert Run(counter(4, 2), Portfolio(5), 150).schedules == first.schedules
    assert Run(counter(4, 2), Portfolio(6), 150).schedules != first.schedules


def test_the_first_execution_takes_timeouts_as_they_come() -> None:
    for seed in range(20):
        strategy = Portfolio(seed)
        strategy.begin(0)
        assert strategy.early_timeouts is False


@pytest.mark.parametrize("wrong", ["x", True, 1.5, None])
def test_a_seed_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^seed is "):
        Portfolio(wrong)


def test_what_fails_replays() -> None:
    for body in (lost_update, abba, last_of_many):
        result = harness.explore(body, "portfolio", executions=200, seed=4)
        assert result.finding is not None, result.evidence
        again = harness.replay(body, result.finding.token)
        assert again is not None
        assert again.kind is result.finding.kind

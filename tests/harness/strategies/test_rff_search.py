"""What reads-from fuzzing promises: published counts, steering, learning, an end of every loop."""

from __future__ import annotations

import threading
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.campaign import Campaign
from harness.exploring import visible_body
from harness.finding import kind_of
from harness.strategies.abstract_schedules import EMPTY
from harness.strategies.constraints import Constraint, Pursuit
from harness.strategies.rff import EARLY_SHARE, PLAIN_SHARE, Rff

if TYPE_CHECKING:
    from collections.abc import Callable

    Body = Callable[[], None]

SEEDS = range(20)


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class State:
    """A few shared variables."""

    def __init__(self) -> None:
        self.a = self.b = self.c = self.d = 0
        self.lock, self.other = threading.Lock(), threading.Lock()


def reorder(setters: int, checkers: int) -> Body:
    """SCTBench's reorder: both variables were set, and a checker sees one of them alone."""

    def body() -> None:
        state = State()

        def put() -> None:
            state.a = 1
            state.b = -1

        def check() -> None:
            a = state.a
            if a == 0:
                b = state.b
                if b == 0:
                    return
            a = state.a
            b = state.b
            assert (a, b) == (1, -1)

        in_tasks(*[put] * setters, *[check] * checkers)

    return body


def twostage(writers: int) -> Body:
    """SCTBench's twostage: two values that belong together, each under a lock of its own."""

    def body() -> None:
        state = State()

        def put() -> None:
            with state.lock:
                state.a = 1
            with state.other:
                a = state.a
                state.b = a + 1

        def check() -> None:
            with state.lock:
                a = state.a
                if a == 0:
                    return
            with state.other:
                b = state.b
                assert b == a + 1

        in_tasks(*[put] * writers, check)

    return body


def staircase() -> None:
    """Four steps, each of which only opens the next: what was learned has to be kept."""
    state = State()

    def climb() -> None:
        for _ in range(5):
            state.a = 1
            state.a = 2
        for _ in range(5):
            state.b = 1
            state.b = 2
        for _ in range(5):
            state.c = 1
            state.c = 2
        for _ in range(5):
            state.d = 1
            state.d = 2

    def look() -> None:
        if state.a == 1 and state.b == 1 and state.c == 1:
            assert state.d != 1

    in_tasks(climb, look)


def first_failure(body: Body, strategy: Any, most: int) -> int:
    """Return the number of the first execution that fails; above `most` if none did."""
    with (
        visible_body(body) as (runnable, _),
        Campaign(model="free-threaded", max_steps=20_000, body=runnable) as campaign,
    ):
        for number in range(most):
            strategy.begin(number)
            ending, _schedule = campaign.run(runnable, strategy)
            if kind_of(ending) is not None:
                return number + 1
    return most + 1


slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("body", "published"),
    [
        pytest.param(reorder(2, 1), 7, id="reorder_3"),
        pytest.param(reorder(4, 1), 6, id="reorder_5"),
        pytest.param(reorder(9, 1), 6, id="reorder_10"),
        pytest.param(reorder(10, 10), 6, id="reorder_20"),
        pytest.param(reorder(99, 1), 6, id="reorder_100", marks=slow),
        pytest.param(twostage(1), 8, id="twostage"),
        pytest.param(twostage(19), 22, id="twostage_20", marks=slow),
        pytest.param(twostage(49), 35, id="twostage_50", marks=slow),
        pytest.param(twostage(99), 56, id="twostage_100", marks=slow),
    ],
)
def test_it_needs_no_more_schedules_than_published(body: Body, published: int) -> None:
    # The means over 20 trials of the artifact's full-data.csv. Our medians are 3 to 6, and the
    # most of all 20 seeds is 53; the seeds are fixed, so this does not flicker.
    found = [first_failure(body, Rff(seed), 20 * published) for seed in SEEDS]
    assert median(found) <= published
    assert max(found) <= 10 * published


@slow
def test_without_feedback_it_needs_far_more() -> None:
    learned = [first_failure(staircase, Rff(seed), 600) for seed in range(9)]
    blind = [first_failure(staircase, Rff(seed, feedback=False), 600) for seed in range(9)]
    # Medians of 11 seeds: 51 with feedback, more than 1 500 without.
    assert 4 * median(learned) <= median(blind), (learned, blind)


# -- steering --------------------------------------------------------------------------------------


class Wishing(Rff):
    """Runs every execution under one abstract schedule; without one, samples partial orders."""

    wish: Any = EMPTY

    def begin(self, execution: int) -> bool:
        super().begin(execution)
        self.early_timeouts = False
        self._schedule = self.wish
        self._pursuit = Pursuit(self.wish, self.relation, once=True)
        return True


def shares(body: Body, strategy: Any, runs: int = 100) -> dict[tuple[int, int], float]:
    """Return how often each pair happens."""
    counts: dict[tuple[int, int], int] = {}
    with (
        visible_body(body) as (runnable, _),
        Campaign(model="free-threaded", max_steps=20_000, body=runnable) as campaign,
    ):
        for number in range(1, runs + 1):
            strategy.begin(number)
            campaign.run(runnable, strategy)
            for pair in strategy.relation.pairs:
                counts[pair] = counts.get(pair, 0) + 1
    return {pair: count / runs for pair, count in counts.items()}


def many_writers() -> None:
    """A read that takes its value from a given one of many writes only with luck."""
    state = State()

    def write() -> None:
        state.a = 1
        for _ in range(10):
            state.a = 2

    in_tasks(write, write, lambda: state.a)


def test_a_wish_is_met_ahead_of_time_and_its_opposite_is_avoided() -> None:
    strategy = Wishing(1)
    plain = shares(many_writers, strategy)
    events = strategy.relation.events
    pairs = [pair for pair in strategy.relation.candidates if events.kind(pair[1]) == 0
             and events.owner(pair[1]) == "State"]  # fmt: skip
    rare = min(pairs, key=lambda pair: plain.get(pair, 0))
    often = max(pairs, key=lambda pair: plain.get(pair, 0))
    assert plain.get(rare, 0) < 0.3 < plain[often]
    strategy.wish = frozenset({Constraint(*rare)})
    assert shares(many_writers, strategy)[rare] == 1.0
    strategy.wish = frozenset({Constraint(*often, positive=False)})
    assert shares(many_writers, strategy).get(often, 0) == 0.0


def test_an_impossible_wish_lets_the_execution_end() -> None:
    strategy = Wishing(2)
    shares(many_writers, strategy)
    (read,) = {pair[1] for pair in strategy.relation.candidates
               if strategy.relation.events.owner(pair[1]) == "State"}  # fmt: skip
    strategy.wish = frozenset({Constraint(10_000, read)})
    assert shares(many_writers, strategy, runs=20)


def test_a_loop_that_polls_what_is_held_back_ends() -> None:
    def body() -> None:
        state = State()

        def poll() -> None:
            while not state.a:
                state.b = 1

        def write() -> None:
            state.a = 1

        in_tasks(poll, write)

    result = harness.explore(body, "rff", executions=200, max_steps=5_000)
    assert result.verdict is harness.Verdict.PASSED, result.evidence
    assert result.overruns == 0


# -- as any strategy -------------------------------------------------------------------------------


def test_a_seed_gives_the_same_executions_and_another_gives_others() -> None:
    def schedules(strategy: Rff, executions: int = 40) -> list[list[int]]:
        made = []
        with (
            visible_body(many_writers) as (body, _),
            Campaign(model="free-threaded", max_steps=20_000, body=body) as campaign,
        ):
            for number in range(executions):
                strategy.begin(number)
                made.append(campaign.run(body, strategy)[1])
        return made

    strategy = Rff(5)
    first = schedules(strategy)
    assert schedules(strategy) == first  # execution 0 begins anew
    assert schedules(Rff(5)) == first
    assert schedules(Rff(6)) != first


def test_timeouts_come_early_in_their_share_of_executions_and_never_in_the_first() -> None:
    strategy = Rff(3)
    early = [strategy.begin(number) and strategy.early_timeouts for number in range(4_000)]
    assert not early[0]
    # Five standard deviations, sqrt(4 000 * 0.25 * 0.75) = 27, are missed with less than 1e-6.
    assert abs(sum(early) - 4_000 * EARLY_SHARE) < 5 * 27.4


def test_some_executions_are_without_a_wish() -> None:
    strategy = Rff(4)
    shares(many_writers, strategy, runs=30)
    plain = 0
    for number in range(1, 2_001):
        strategy.begin(number)
        plain += not strategy._schedule
    # Mutations that delete the last constraint add to the share. Five deviations are 49.
    assert 2_000 * PLAIN_SHARE - 49 < plain < 1_000


@pytest.mark.parametrize("wrong", ["x", True, 1.5, None])
def test_a_seed_is_a_whole_number(wrong: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^seed is "):
        Rff(wrong)


@pytest.mark.parametrize("model", ["free-threaded", "gil"])
def test_correct_programs_pass_under_both_models(model: str) -> None:
    def body() -> None:
        state = State()

        def put() -> None:
            with state.lock:
                state.a = 1
                state.b = state.a + 1

        def check() -> None:
            with state.lock:
                assert (state.a, state.b) in ((0, 0), (1, 2))

        in_tasks(put, put, check)

    result = harness.explore(body, "rff", executions=500, seed=1, model=model)
    assert result.verdict is harness.Verdict.PASSED, result.evidence

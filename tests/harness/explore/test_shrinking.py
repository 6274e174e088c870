"""A long failing schedule comes down to the switches that matter, and never to another failure."""

from __future__ import annotations

import itertools
import random
import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import shrink
from harness.campaign import Campaign
from harness.finding import FindingKind, signature_of
from harness.replay_token import decode_token
from harness.strategies.random_walk import RandomWalk
from harness.strategies.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Callable

    Plain = Callable[..., Any]

LONG = """
    import threading
    class Box: n = m = x = y = 0
    def in_tasks(*works):
        threads = [threading.Thread(target=work) for work in works]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
    def idle(box, turns):
        for _ in range(turns):
            box.m = box.m
    def lost_update():
        box = Box()
        def add():
            idle(box, 300)
            value = box.n
            idle(box, 100)
            box.n = value + 1
            idle(box, 100)
        in_tasks(add, add)
        assert box.n == 2
    def abba():
        box, one, two = Box(), threading.Lock(), threading.Lock()
        def take(first, second):
            idle(box, 480)
            with first, second:
                pass
        in_tasks(lambda: take(one, two), lambda: take(two, one))
    def twice():
        box = Box()
        def flip():
            idle(box, 250)
            box.x = 1
            idle(box, 250)
            box.x = 0
        def look():
            idle(box, 250)
            first = box.x
            idle(box, 250)
            assert not (first == 1 and box.x == 0)
        in_tasks(flip, look)
"""


@pytest.mark.parametrize("strategy", ["random", "pct"])
@pytest.mark.parametrize(("name", "most"), [("lost_update", 4), ("abba", 3), ("twice", 5)])
def test_two_thousand_choices_come_down_to_a_handful_of_switches(
    name: str, most: int, strategy: str, plain: Plain
) -> None:
    body = getattr(plain(LONG), name)
    finding = harness.explore(body, strategy, executions=3_000, seed=1).finding
    assert finding is not None
    choices = decode_token(finding.token).choices
    assert len(choices) > 900  # the turns of the loops are still there
    assert sum(one != two for one, two in pairwise(choices)) <= most
    assert len(finding.token) < 600
    assert harness.replay(body, finding.token) is not None


def test_shrinking_keeps_the_failure_that_was_found(plain: Plain) -> None:
    """The body can fail in two ways, and the other way is reached with fewer switches."""
    body = plain("""
        import threading
        class Box: a = b = 0
        def body():
            box = Box()
            def one():
                box.a = 1
                box.b = 1
                box.a = 2
                box.b = 2
            def two():
                first, second = box.a, box.b
                if first == 1 and second == 2:
                    raise KeyError("rare")
                if first == 1:
                    raise ValueError("easy")
            threads = [threading.Thread(target=one), threading.Thread(target=two)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
    """).body
    kinds = set()
    for seed in range(30):
        result = harness.explore(body, executions=200, seed=seed)
        assert result.finding is not None
        error = type(result.finding.error)
        again = harness.replay(body, result.finding.token)
        assert again is not None
        assert type(again.error) is error
        kinds.add(error)
    assert kinds == {KeyError, ValueError}


def failing_schedule(campaign: Campaign, body: Any) -> tuple[Any, list[int]]:
    strategy = RandomWalk(0)
    for number in itertools.count():
        strategy.begin(number)
        ending, schedule = campaign.run(body, strategy)
        if ending.error is not None or ending.cycle:
            return ending, schedule
    raise AssertionError


def _deadlocking() -> None:
    one, two = threading.Lock(), threading.Lock()

    def take(first: Any, second: Any) -> None:
        for _ in range(50):
            with first, second:
                pass

    threads = [
        threading.Thread(target=take, args=pair) for pair in ((one, two), (two, one), (one, two))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_preemptions_go_first_and_no_candidate_costs_more() -> None:
    with Campaign(model="free-threaded", max_steps=20_000, body=_deadlocking) as campaign:
        ending, schedule = failing_schedule(campaign, _deadlocking)
        costs: list[Any] = []

        class Watched(shrink.Shrinker):
            def _try(self, candidate: list[int]) -> Any:
                cost = super()._try(candidate)
                costs.append(self._best.cost)
                return cost

        shrinker = Watched(campaign, _deadlocking, early=False, signature=signature_of(ending))
        small = shrinker.shrink(schedule)
        assert costs == sorted(costs, reverse=True)  # lexicographic: preemptions, switches, steps
        assert costs[-1] < costs[0]
        again, _ = campaign.run(_deadlocking, Replay(small, early_timeouts=False))
        assert signature_of(again) == signature_of(ending)


@pytest.mark.parametrize(("name", "value"), [("MAX_RUNS", 5), ("MAX_S", 0.0)])
def test_the_budgets_of_shrinking_are_kept(
    name: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shrink, name, value)
    with Campaign(model="free-threaded", max_steps=20_000, body=_deadlocking) as campaign:
        ending, schedule = failing_schedule(campaign, _deadlocking)
        shrinker = shrink.Shrinker(
            campaign, _deadlocking, early=False, signature=signature_of(ending)
        )
        small = shrinker.shrink(schedule)
        assert shrinker.runs <= 5
        again, _ = campaign.run(_deadlocking, Replay(small, early_timeouts=False))
        assert signature_of(again) == signature_of(ending)


@pytest.mark.parametrize("after", [2, 3, 4, 6, 10, 30])
def test_a_failure_that_goes_away_while_it_shrinks_is_nondeterminism_or_stays(after: int) -> None:
    runs = itertools.count()
    failing = range(5, 5 + after)

    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            for _ in range(20):
                with lock:
                    pass

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert next(runs) not in failing

    finding = harness.explore(body, executions=50).finding
    assert finding is not None
    assert finding.kind in (FindingKind.NONDETERMINISM, FindingKind.ASSERTION)


def test_a_body_that_fails_at_random_ends_in_time() -> None:
    draw = random.Random(0)

    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            for _ in range(draw.randrange(5, 60)):
                with lock:
                    pass

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert draw.random() < 0.5

    began_s = time.perf_counter()
    for seed in range(5):
        assert harness.explore(body, executions=50, seed=seed).finding is not None
    assert time.perf_counter() - began_s < 5 * (shrink.MAX_S + 6)

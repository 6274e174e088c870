"""A long failing schedule comes down to the switches that matter, and never to another failure."""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import shrink
from harness.campaign import Campaign
from harness.engine.ending import Ending, EndingKind
from harness.exploring import visible_body
from harness.finding import FindingKind, kind_of, signature_of
from harness.strategies.random_walk import RandomWalk
from harness.strategies.registry import make_strategy
from harness.strategies.replay import Replay
from harness.strategies.wish import TO_THE_END

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
    def lost_wakeup():
        box, condition = Box(), threading.Condition()
        def wait():
            idle(box, 480)
            with condition:
                condition.wait()
        def wake():
            idle(box, 480)
            with condition:
                condition.notify()
        in_tasks(wait, wake)
    def crowd():
        box = Box()
        def bystander():
            idle(box, 90)
        def one():
            box.x = 1
            box.x = 0
        def other():
            assert not box.x
        in_tasks(*[bystander] * 5, one, *[bystander] * 5, other)
"""


@pytest.mark.parametrize("strategy", ["random", "pct"])
@pytest.mark.parametrize(
    ("name", "preemptions", "switches"),
    [("lost_update", 1, 2), ("abba", 1, 2), ("twice", 2, 4), ("lost_wakeup", 0, 1)],
)
def test_two_thousand_choices_come_down_to_the_switches_that_matter(
    name: str, preemptions: int, switches: int, strategy: str, plain: Plain
) -> None:
    body = getattr(plain(LONG), name)
    shrinker, before, after = shrunk(body, strategy)
    assert before[4] > 1_000
    assert after[:2] == (preemptions, switches)  # no schedule with fewer of them fails
    assert shrinker.shrunk is not None
    assert shrinker.shrunk.complete
    if strategy == "random":
        assert before[1] > 300
        assert str(shrinker.shrunk).startswith(f"{before[1]} switches in {before[4]} choices made ")


def shrunk(body: Any, strategy: str) -> tuple[shrink.Shrinker, Any, Any]:
    """Return a shrinker that has done its work, and what the schedule cost before and after."""
    campaign = Campaign(model="free-threaded", max_steps=20_000, body=body)
    with visible_body(body) as (seen, _), campaign:
        made = make_strategy(strategy, 1)[1]
        ending, schedule = failing_schedule(campaign, seen, made)
        early = bool(getattr(made, "early_timeouts", False))
        shrinker = shrink.Shrinker(campaign, seen, early=early, signature=signature_of(ending))
        small = shrinker.shrink(schedule)
        assert shrinker.shrunk is not None
        again, ran = campaign.run(seen, Replay(small, early_timeouts=shrinker.early))
        assert (signature_of(again), ran) == (signature_of(ending), small)
    return shrinker, shrinker.shrunk.before, shrinker.shrunk.after


def test_tasks_that_the_failure_does_not_need_never_run(plain: Plain) -> None:
    """Ten bystanders start before and after the two tasks that matter."""
    _, before, after = shrunk(plain(LONG).crowd, "random")
    assert before[2] > 8
    assert after[2] == 3  # the main task, and the two
    assert before[4] > 80
    assert after[4] < 20


@pytest.mark.parametrize(
    ("without", "name", "strategy"),
    [("_rearrange", "crowd", "random"), ("_rearrange", "twice", "pct")],
)
def test_each_pass_is_needed(
    without: str, name: str, strategy: str, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = getattr(plain(LONG), name)
    _, _, full = shrunk(body, strategy)
    monkeypatch.setattr(shrink.Shrinker, without, lambda _self: None)
    _, _, less = shrunk(body, strategy)
    assert full[:2] < less[:2]


def test_delta_debugging_saves_most_of_the_runs(
    plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shrink, "MAX_S", 600.0)  # runs are compared: no clock may end them
    body = plain(LONG).lost_update
    with_it, _, _ = shrunk(body, "random")
    monkeypatch.setattr(shrink.Shrinker, "_minimize", lambda _self: None)
    without, _, _ = shrunk(body, "random")
    assert with_it.runs * 2 < without.runs


def test_a_switch_comes_to_stand_before_the_operation_that_matters(plain: Plain) -> None:
    """A hundred turns of a loop lie between the read and the write; any of them would fail."""
    shrinker, _, _ = shrunk(plain(LONG).lost_update, "random")
    ((_, stop),) = [part for part in shrinker._best.wish if part[1] != TO_THE_END]
    assert stop == 801  # two accesses a turn, 400 turns, and the read: then comes the write


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


def deadlock(*waits: str, others: tuple[str, ...] = ()) -> Ending:
    return Ending(
        EndingKind.DEADLOCK,
        cycle=tuple(wait.partition(" at ")[0] for wait in waits),
        places=(*waits, *others),
    )


def test_deadlocks_at_other_lines_are_other_failures() -> None:
    one = deadlock("A waits for Lock, held by B at a.py:1 in f", "B waits for Lock at a.py:2 in g")
    swapped = deadlock("B waits for Lock at a.py:1 in f", "A waits for Lock at a.py:2 in g")
    crowded = deadlock(
        "A waits for Lock, held by B at a.py:1 in f", "B waits for Lock at a.py:2 in g",
        others=("main waits for the end of A at a.py:9 in body",),
    )  # fmt: skip
    later = deadlock("A waits for Lock at a.py:1 in f", "B waits for Lock at a.py:3 in g")
    assert signature_of(one) == signature_of(swapped) == signature_of(crowded)
    assert signature_of(one) != signature_of(later)


def failing_schedule(campaign: Campaign, body: Any, strategy: Any = None) -> tuple[Any, list[int]]:
    strategy = strategy or RandomWalk(0)
    for number in itertools.count():
        strategy.begin(number)
        ending, schedule = campaign.run(body, strategy)
        if kind_of(ending) is not None:
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
            def _accept(self, *arguments: Any) -> bool:
                better = super()._accept(*arguments)
                costs.append(self._best.cost)
                return better

        shrinker = Watched(campaign, _deadlocking, early=False, signature=signature_of(ending))
        small = shrinker.shrink(schedule)
        assert costs == sorted(costs, reverse=True)  # preemptions, switches, tasks, choices
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

"""An exploration that was cut short says where it stood, and a later one goes on from there."""

from __future__ import annotations

import dataclasses
import itertools
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import BoundedDfs, Verdict
from harness.place import Place, read_place, stream_seed
from harness.strategies.dpor import Dpor
from harness.strategies.subtree import Subtree

if TYPE_CHECKING:
    from collections.abc import Callable


def _runs_before_a_search() -> int:
    """Return how often a body is run to see whether it does the same thing twice."""
    calls: list[int] = []
    harness.explore(lambda: calls.append(1), executions=2)
    return len(calls) - 2


FIRST_RUNS = _runs_before_a_search()


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def noting(orders: list[tuple[int, ...]], *, tasks: int = 2, steps: int = 3) -> Callable[[], None]:
    """Return a body that notes in which order its tasks made their steps."""

    def body() -> None:
        order: list[int] = []

        def work(number: int) -> None:
            lock = threading.Lock()
            for _ in range(steps):
                lock.acquire(blocking=False)
                order.append(number)

        in_tasks(*[lambda n=n: work(n) for n in range(tasks)])
        orders.append(tuple(order))

    return body


def searched(orders: list[tuple[int, ...]], executions: int, wanted: int) -> list[tuple[int, ...]]:
    """Return the orders of the executions: there are checking runs before and walks after them."""
    before = FIRST_RUNS if wanted > 1 else 0
    return orders[before : before + executions]


def ignored() -> None:
    noting([])()


@pytest.mark.parametrize(("bound", "pieces"), [(1, 1), (1, 7), (2, 9), (None, 40)])
def test_a_search_in_pieces_runs_what_a_whole_one_runs(bound: int | None, pieces: int) -> None:
    whole: list[tuple[int, ...]] = []
    result = harness.explore(noting(whole, steps=1), BoundedDfs(bound), executions=10**6)
    assert result.exhausted
    assert result.resume == ""
    whole = searched(whole, result.executions, 10**6)

    total, resume, scope = 0, None, ""
    for _ in range(result.executions):
        part: list[tuple[int, ...]] = []
        piece = harness.explore(
            noting(part, steps=1), BoundedDfs(bound), executions=pieces, resume=resume
        )
        ran = searched(part, piece.executions, pieces)
        assert ran == whole[total : total + piece.executions]
        total += piece.executions
        resume, scope = piece.resume, piece.evidence
        if piece.exhausted:
            break
        assert piece.verdict is Verdict.UNDECIDED
        assert resume
    assert total == result.executions
    assert scope.endswith(result.evidence.rpartition(", ")[2])
    assert not resume


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("at", [1, 10, 77])
def test_ctrl_c_in_a_search_loses_no_schedule(at: int) -> None:
    whole: list[tuple[int, ...]] = []
    size = harness.explore(noting(whole), "dfs", executions=10**6).executions
    before: list[tuple[int, ...]] = []
    calls = itertools.count(1)

    def body() -> None:
        if next(calls) == at + FIRST_RUNS:
            os.kill(os.getpid(), signal.SIGINT)
        noting(before)()

    with pytest.raises(harness.ExplorationInterrupted) as caught:
        harness.explore(body, "dfs", executions=10**6)
    partial: Any = caught.value.partial
    assert (partial.verdict, partial.executions) == (Verdict.UNDECIDED, at - 1)
    after: list[tuple[int, ...]] = []
    rest = harness.explore(noting(after), "dfs", executions=10**6, resume=partial.resume)
    after = searched(after, rest.executions, 10**6)
    assert [*before[FIRST_RUNS:], *after] == searched(whole, size, 10**6)
    assert rest.exhausted
    assert f"(and {at - 1} before)" in rest.evidence or at == 1


@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_what_is_drawn_after_a_place_is_new_and_reproducible(strategy: str) -> None:
    def schedules(**more: Any) -> list[tuple[int, ...]]:
        orders: list[tuple[int, ...]] = []
        result = harness.explore(
            noting(orders, tasks=3, steps=4), strategy, executions=50, seed=3, **more
        )
        assert result.resume == str(50 + int(more.get("resume", 0)))
        return orders

    first, second, again = schedules(), schedules(resume="50"), schedules(resume="50")
    assert second == again
    assert first != second
    assert schedules(resume="100") != second


def test_the_evidence_counts_what_was_run_before() -> None:
    evidence = harness.explore(ignored, "random", executions=10, resume="30").evidence
    assert evidence == "10 executions (and 30 before), none failed (random, seed 0)"


def test_another_body_cannot_go_on_there() -> None:
    result = harness.explore(ignored, "dfs", executions=200)
    assert result.resume

    def other() -> None:
        in_tasks(*[lambda: None] * 1)

    result = dataclasses.replace(result, resume=str(Place(200, (Subtree(2, (7, 7, 0)),))))

    with pytest.raises(harness.PlaceLeftError, match=r"Begin anew, without resume\.$"):
        harness.explore(other, "dfs", resume=result.resume)


@pytest.mark.parametrize(
    ("strategy", "place"),
    [
        ("random", "x"), ("random", ""), ("random", "-5"), ("random", "1" * 20), ("random", "1.AA"),
        ("random", 5), ("dfs", "10"), ("dfs", "10.!!"), ("dfs", "10."), ("dfs", "10.eJw"),
        ("random", str(Place(5, (Subtree(0, ()),)))), (harness.RandomWalk(3), "10"),
    ],
    ids=lambda value: str(value)[:20].partition(" object at")[0],
)  # fmt: skip
def test_a_place_that_is_none_is_refused(strategy: Any, place: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^resume is .*; it takes "):
        harness.explore(ignored, strategy, resume=place)


@pytest.mark.parametrize(
    "place",
    [
        Place(0), Place(10**9), Place(3, (Subtree(0, ()),)),
        Place(7, (Subtree(2, (1, 0, 2, 2)), Subtree(1, (1,))), cut=True),
        Place(7, tuple(Subtree(n, tuple(range(n))) for n in range(200))),
    ],
)  # fmt: skip
def test_a_place_survives_as_a_text(place: Place) -> None:
    assert read_place(str(place)) == place
    assert not set(str(place)) - set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    )


def test_streams_of_one_seed_are_apart() -> None:
    assert stream_seed(5) == 5
    seeds = {
        stream_seed(seed, earlier=earlier, worker=worker, workers=workers)
        for seed in range(5)
        for earlier in (0, 100)
        for workers in (2, 3)
        for worker in range(workers)
    }
    assert len(seeds) == 5 * 2 * 5


# -- how much that is -----------------------------------------------------------------------------


@pytest.mark.parametrize("executions", [60, 400, 2_000])
def test_a_bounded_search_estimates_the_part_it_has_run(executions: int) -> None:
    body = noting([], tasks=3, steps=3)
    whole = harness.explore(body, "dfs", executions=10**6)
    result = harness.explore(body, "dfs", executions=executions)
    estimate = result.estimate
    assert estimate is not None
    # The walks are always the same ones: this holds or it does not.
    assert estimate.low <= executions / whole.executions <= estimate.high
    assert estimate.high < 4 * estimate.low
    assert str(estimate) in result.evidence
    assert whole.estimate is None


def test_walks_that_are_weighed_wrong_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.strategies.dfs_probe import DfsProbe  # noqa: PLC0415  # to be broken here

    body = noting([], tasks=3, steps=3)
    whole = harness.explore(body, "dfs", executions=10**6)
    monkeypatch.setattr(DfsProbe, "longest", property(lambda _: 2, lambda *_: None))
    narrow = harness.explore(body, "dfs", executions=400).estimate
    right = 400 / whole.executions
    # A bad guess of where preemptions come widens the interval; it does not move it away.
    assert narrow is None or narrow.low <= right <= narrow.high
    monkeypatch.setattr(DfsProbe, "_ratio", lambda *_: 1e-3)
    wrong = harness.explore(body, "dfs", executions=400).estimate
    assert wrong is None or wrong.low <= right


def test_the_random_walk_estimates_the_part_it_has_met() -> None:
    orders: set[tuple[int, ...]] = set()
    whole: list[tuple[int, ...]] = []
    harness.explore(noting(whole, steps=1), BoundedDfs(None), executions=10**6)
    result = harness.explore(noting([], steps=1), "random", executions=100, seed=2)
    met = _Met(2)
    harness.explore(noting([], steps=1), met, executions=100)
    orders.update(met.schedules)
    assert result.estimate is not None
    assert result.estimate.low <= len(orders) / len(whole) <= result.estimate.high
    assert result.verdict is Verdict.PASSED
    assert result.evidence.startswith("100 executions, none failed (random, seed 2); estimated ")


class _Met:
    """The walk of `random`, which notes its schedules."""

    def __init__(self, seed: int) -> None:
        self._walk = harness.RandomWalk(seed)
        self.schedules: list[tuple[int, ...]] = []
        self._now: list[int] = []

    def begin(self, execution: int) -> bool:
        if self._now:
            self.schedules.append(tuple(self._now))
        self._now = []
        return self._walk.begin(execution)

    def pick(self, ready: Any, current: Any) -> Any:
        chosen = self._walk.pick(ready, current)
        self._now.append(chosen.id)
        return chosen


class _Told:
    """A search that is asked after every execution how much it has done."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.told: list[harness.Estimate | None] = []
        self.exhaustive = self.early_timeouts = self.operations = True
        self.pick, self.perform, self.finish = inner.pick, inner.perform, inner.finish

    def begin(self, execution: int) -> bool:
        if execution:
            self.told.append(self.inner.estimate())
        return bool(self.inner.begin(execution))


class _Shared:
    value = 0


@pytest.mark.parametrize(("tasks", "steps"), [(2, 3), (4, 1), (2, 4)])
def test_dpor_estimates_the_part_of_its_traces_that_it_has_run(tasks: int, steps: int) -> None:
    def body() -> None:
        shared = _Shared()

        def work() -> None:
            for _ in range(steps):
                shared.value += 1

        in_tasks(*[work] * tasks)

    told = _Told(Dpor())
    harness.explore(body, told, executions=10**5)
    total = len(told.told)
    assert total == {(2, 3): 328, (4, 1): 576, (2, 4): 3_334}[tasks, steps]
    held = most = late = late_held = 0
    for done, estimate in enumerate(told.told, start=1):
        true = done / total
        if estimate is None:  # nothing worth saying
            most, held = most + 1, held + 1
            continue
        most += true <= estimate.high + 1e-9
        held += estimate.low <= true <= estimate.high + 1e-9
        if done > total / 2:
            late += 1
            late_held += 0 < estimate.low <= true
    # While the branches of the root are still being found, only the upper end says something.
    assert most == total
    assert held >= 0.9 * total
    assert late_held >= 0.3 * late
    assert sum(estimate is None for estimate in told.told) < 0.6 * total


def test_dpor_says_how_much_it_has_run_when_its_budget_ends() -> None:
    result = harness.explore(noting([], tasks=3, steps=3), "dpor", executions=50)
    assert result.verdict is Verdict.UNDECIDED
    assert result.evidence.startswith("undecided: the budget ended after 50 traces, none failed")


def test_a_failure_that_only_a_walk_meets_is_a_finding() -> None:
    def body() -> None:
        order: list[int] = []

        def work(number: int) -> None:
            lock = threading.Lock()
            for _ in range(4):
                lock.acquire(blocking=False)
                order.append(number)

        in_tasks(lambda: work(0), lambda: work(1))
        assert order[0] == 0 or order[-1] == 1, "late in the search"

    result = harness.explore(body, "dfs", executions=2)
    assert result.verdict is Verdict.FAILED
    assert result.executions == 3
    assert result.finding is not None
    assert harness.replay(body, result.finding.token) is not None


def test_headway_knows_when_it_ends() -> None:
    now = harness.Headway(executions=100, elapsed_s=10.0, wanted=400)
    assert now.eta_s == pytest.approx(30.0)
    assert str(now) == "100 of 400, 10/s, 30 s left"
    part = harness.Estimate(fraction=0.1, low=0.05, high=0.2)
    search = harness.Headway(
        executions=100, elapsed_s=10.0, wanted=10**6, estimate=part, exhaustive=True
    )
    assert search.eta_s == pytest.approx(90.0)
    assert str(search).endswith(", estimated 10 % of the tree (95 %: 5 to 20), 2 min left")
    open_end = harness.Estimate(fraction=0.1, low=0.0, high=0.2)
    unknown = harness.Headway(executions=100, elapsed_s=10.0, estimate=open_end, exhaustive=True)
    assert unknown.eta_s is None
    assert str(unknown).endswith(", time left unknown")
    assert harness.Headway(executions=5, elapsed_s=2.0, budget_s=10.0).eta_s == pytest.approx(8.0)


def test_progress_of_a_search_says_how_much_is_left() -> None:
    told: list[harness.Headway] = []
    harness.explore(
        noting([], tasks=4, steps=3), "dfs", executions=10**8, budget_s=1.2, progress=told.append
    )
    assert told
    assert told[-1].exhaustive
    assert told[-1].estimate is not None
    assert told[-1].eta_s is not None

"""The depth-first search runs every schedule within its bound, once, and says so truly."""

from __future__ import annotations

import threading
from math import comb
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import BoundedDfs, FindingKind, Verdict
from harness.strategies.divergence import DivergedError

if TYPE_CHECKING:
    from collections.abc import Callable

    RunAll = Callable[..., list[tuple[int, ...]]]

# -- a brute-force enumeration of the same little world, written from the documentation alone -----
#
# Main starts tasks 1, 2, ... one after the other, then joins them in that order. A task makes
# `steps` operations. Each of these is a switching point: the start of a task (after it can run), an
# operation, the end of a task. Joining blocks; joining one that has ended is a point as any other.


def enumerate_schedules(  # noqa: C901  # the whole little world in one place
    tasks: int, steps: int, bound: int | None
) -> tuple[list[tuple[int, ...]], bool]:
    """Return every schedule, and whether the bound left one out."""
    found: list[tuple[int, ...]] = []
    cut = [False]

    def walk(  # noqa: PLR0913, PLR0917  # a state
        left: tuple[int, ...],
        joined: int,
        ready: frozenset[int],
        current: int | None,
        spent: int,
        path: tuple[int, ...],
    ) -> None:
        if not ready:
            found.append(path)
            return
        if len(ready) == 1:
            (only,) = ready
            step(left, joined, ready, only, spent, path)
            return
        for who in sorted(ready):
            cost = int(current is not None and who != current)
            if bound is not None and spent + cost > bound:
                cut[0] = True
                continue
            step(left, joined, ready, who, spent + cost, (*path, who))

    def step(  # noqa: PLR0913, PLR0917  # a state
        left: tuple[int, ...],
        joined: int,
        ready: frozenset[int],
        who: int,
        spent: int,
        path: tuple[int, ...],
    ) -> None:
        """Run `who` to its next switching point, or until it blocks or ends."""
        points = list(left)
        if who:
            points[who] -= 1  # the point it waited at, or its beginning
            if points[who]:
                walk(tuple(points), joined, ready, who, spent, path)
                return
            ready -= {who}
            if joined == who and 0 not in ready:
                ready |= {0}  # main waited for this one
            walk(tuple(points), joined, ready, None, spent, path)
            return
        started = points[0]
        if started < tasks:
            points[0] += 1
            walk(tuple(points), joined, ready | {started + 1}, 0, spent, path)
            return
        following = joined + 1  # of main's joins; the last one is its own end
        if following > tasks + 1:
            walk(tuple(points), joined, ready - {0}, None, spent, path)
        elif following <= tasks and points[following]:
            walk(tuple(points), following, ready - {0}, None, spent, path)
        else:
            walk(tuple(points), following, ready, 0, spent, path)

    first = (0, *[steps + 2] * tasks)  # beginning, operations, end
    step(first, 0, frozenset({0}), 0, 0, ())
    return found, cut[0]


def operations_of(tasks: int, steps: int) -> Callable[[], None]:
    def body() -> None:
        def work() -> None:
            lock = threading.Lock()
            for _ in range(steps):
                lock.acquire(blocking=False)

        threads = [threading.Thread(target=work) for _ in range(tasks)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return body


@pytest.mark.parametrize("bound", [0, 1, 2, None])
@pytest.mark.parametrize(("tasks", "steps"), [(1, 2), (2, 1), (2, 2), (3, 0)])
def test_dfs_runs_exactly_the_schedules_of_an_independent_enumeration(
    tasks: int, steps: int, bound: int | None, run_all: RunAll
) -> None:
    strategy = BoundedDfs(bound)
    schedules = run_all(operations_of(tasks, steps), strategy)
    wanted, cut = enumerate_schedules(tasks, steps, bound)
    assert len(schedules) == len(set(schedules)), "a schedule was run twice"
    assert set(schedules) == set(wanted)
    assert len(wanted) == len(set(wanted))
    assert strategy.cut == cut
    assert strategy.scope() == (
        f"within {bound} preemption{'s' * (bound != 1)}" if cut else "no bound"
    )


@pytest.mark.parametrize(("tasks", "steps"), [(2, 1), (2, 2), (2, 3), (3, 1)])
def test_dfs_without_a_bound_meets_every_order(tasks: int, steps: int, run_all: RunAll) -> None:
    orders = set()

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
        orders.add(tuple(order))

    run_all(body, BoundedDfs(None))
    count = 1
    for number in range(1, tasks + 1):
        count *= comb(number * steps, steps)
    assert len(orders) == count


def test_more_preemptions_reach_more(run_all: RunAll) -> None:
    counts = [len(run_all(operations_of(2, 3), BoundedDfs(bound))) for bound in (0, 1, 2, None)]
    assert counts == sorted(set(counts))


def test_a_search_can_be_used_for_a_second_exploration(run_all: RunAll) -> None:
    strategy = BoundedDfs(1)
    first = run_all(operations_of(2, 2), strategy, most=7)  # ends in the middle of its space
    assert run_all(operations_of(2, 2), strategy, most=7) == first
    assert len(run_all(operations_of(1, 1), strategy)) == len(enumerate_schedules(1, 1, 1)[0])


@pytest.mark.parametrize("bound", [0, 1, 2, None])
def test_a_timed_wait_is_taken_both_ways_wherever_the_bound_allows(bound: int | None) -> None:
    seen = set()

    def body() -> None:
        event = threading.Event()
        other = threading.Thread(target=event.set)
        other.start()
        seen.add(event.wait(30))
        other.join()

    assert harness.explore(body, BoundedDfs(bound), executions=10_000).exhausted
    assert seen == ({True} if bound == 0 else {True, False})


def test_a_loop_around_a_timed_wait_has_a_last_schedule() -> None:
    def body() -> None:
        event = threading.Event()

        def work() -> None:
            while not event.wait(1):
                pass

        thread = threading.Thread(target=work)
        thread.start()
        event.set()
        thread.join()

    result = harness.explore(body, "dfs", executions=10_000)
    assert result.exhausted, result.evidence


def test_a_budget_that_ends_before_the_space_is_not_exhausted() -> None:
    result = harness.explore(operations_of(2, 3), "dfs", executions=10)
    assert (result.verdict, result.exhausted) == (Verdict.UNDECIDED, False)
    assert result.evidence.startswith(
        "undecided: the budget ended after 10 executions, none failed; estimated "
    )


def test_a_budget_that_ends_exactly_with_the_space_is_exhausted() -> None:
    whole = harness.explore(operations_of(2, 2), "dfs", executions=100_000)
    assert whole.exhausted
    for executions, exhausted in ((whole.executions, True), (whole.executions - 1, False)):
        again = harness.explore(operations_of(2, 2), "dfs", executions=executions)
        assert again.exhausted is exhausted
        assert again.executions == executions


def _bodies_that_keep_state() -> list[Any]:
    def changing(before: tuple[int, int], after: tuple[int, int]) -> Callable[[], None]:
        runs: list[int] = []

        def body() -> None:
            runs.append(1)
            operations_of(*(before if len(runs) < 4 else after))()

        return body

    return [changing((2, 1), (3, 1)), changing((2, 1), (1, 1)), changing((2, 3), (2, 1))]


@pytest.mark.parametrize("body", _bodies_that_keep_state(), ids=["more", "less", "shorter"])
def test_a_body_that_does_something_else_in_the_same_place_is_nondeterminism(body: Any) -> None:
    result = harness.explore(body, "dfs", executions=10_000)
    assert result.verdict is Verdict.FAILED, result.evidence
    assert not result.exhausted
    assert result.finding is not None
    assert result.finding.kind is FindingKind.NONDETERMINISM
    assert "state kept between executions, random numbers" in result.finding.message


def test_a_divergence_names_what_differs(run_all: RunAll) -> None:
    runs = [0]

    def body() -> None:
        runs[0] += 1
        operations_of(2 if runs[0] < 4 else 3, 1)()

    with pytest.raises(DivergedError, match=r"at choice \d+ tasks .* could run, and in an earlier"):
        run_all(body, BoundedDfs(2))


@pytest.mark.parametrize("preemptions", [-1, 1.5, "2", True], ids=repr)
def test_a_wrong_bound_is_refused(preemptions: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^preemptions is .*they start at 0$"):
        BoundedDfs(preemptions)

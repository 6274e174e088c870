"""Several processes explore: nothing is run twice, nothing depends on who is faster."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import BoundedDfs, FindingKind, Verdict
from harness.engine import board
from harness.exploring import target_of
from harness.stint import Board, SearchStint
from harness.strategies.portfolio import Portfolio
from harness.strategies.subtree import Subtree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="closures are forked"),
    pytest.mark.slow,
]


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def steps(order: list[int], *, tasks: int, each: int) -> None:
    def work(number: int) -> None:
        lock = threading.Lock()
        for _ in range(each):
            lock.acquire(blocking=False)
            order.append(number)

    in_tasks(*[lambda n=n: work(n) for n in range(tasks)])


class Log:
    """Schedules that any process has run, a line each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY)

    def body(self, *, tasks: int = 2, each: int = 2) -> Callable[[], None]:
        def body() -> None:
            steps([], tasks=tasks, each=each)
            running = board.current()
            assert running is not None
            os.write(self._file, json.dumps(running.schedule).encode() + b"\n")

        return body

    def interrupt_after(self, executions: int, over: threading.Event) -> None:
        """Send this process what Ctrl-C sends, once all processes have run so many together."""
        while self._path.read_bytes().count(b"\n") < executions:
            if over.wait(0.05):
                return
        os.kill(os.getpid(), signal.SIGINT)

    def take(self) -> Counter[str]:
        lines = self._path.read_text().splitlines()
        os.truncate(self._path, 0)
        return Counter(lines)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "schedules")


@pytest.mark.parametrize("workers", [2, 3, 5])
@pytest.mark.parametrize("bound", [1, 2, None])
def test_workers_run_every_schedule_of_a_search_once(
    bound: int | None, workers: int, log: Log
) -> None:
    body = log.body(each=1)
    alone = harness.explore(body, BoundedDfs(bound), executions=10**6)
    whole = log.take()
    before = whole.total() - alone.executions  # runs of every process before it searches
    together = harness.explore(body, BoundedDfs(bound), executions=10**6, workers=workers)
    ran = log.take()
    assert together.exhausted
    assert together.evidence == alone.evidence
    assert together.executions == alone.executions
    # The log is written before the last choices, so a line may come more than once in either.
    assert not whole - ran
    more = ran - whole
    assert len(more) <= 1, "only what every process runs before it searches comes again"
    assert more.total() in (before * workers, 0)


def test_a_part_that_two_workers_had_would_be_seen(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = Board.next_part

    def twice(self: Board, parts: int) -> int | None:
        number = taken(self, parts)
        return None if number is None else number // 2

    monkeypatch.setattr(Board, "next_part", twice)
    harness.explore(log.body(tasks=3, each=1), "dfs", executions=10**6, workers=2)
    ran = log.take()
    monkeypatch.undo()
    harness.explore(log.body(tasks=3, each=1), "dfs", executions=10**6)
    assert len(ran - log.take()) > 10


@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_workers_draw_from_streams_of_their_own_and_the_same_again(strategy: str, log: Log) -> None:
    body = log.body(tasks=3, each=4)
    runs = []
    for seed, workers in ((1, 3), (1, 3), (1, 2), (2, 3)):
        result = harness.explore(body, strategy, executions=100, seed=seed, workers=workers)
        assert (result.executions, result.verdict) == (100, Verdict.PASSED)
        assert result.workers == workers
        assert result.evidence.startswith(
            f"100 executions, none failed ({strategy}, seed {seed}, {workers} workers)"
        )
        runs.append(log.take())
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert runs[0] != runs[3]
    # Two workers of one stream would run everything twice.
    assert sum(times == 1 for times in runs[0].values()) > 60


def rare() -> None:
    order: list[int] = []
    steps(order, tasks=3, each=2)
    assert order != [2, 0, 1, 1, 0, 2], "one order of 90"


@pytest.mark.parametrize(("strategy", "executions"), [("random", 20_000), ("dfs", 10**6)])
def test_which_failure_is_told_does_not_depend_on_who_is_faster(
    strategy: str, executions: int
) -> None:
    def body() -> None:
        order: list[int] = []
        steps(order, tasks=3, each=1)
        assert order not in ([2, 0, 1], [1, 2, 0]), "two orders of six"

    told = set()
    for _ in range(3):
        result = harness.explore(body, strategy, executions=executions, workers=3, seed=4)
        assert result.verdict is Verdict.FAILED
        assert result.finding is not None
        told.add((result.finding.token, result.evidence if strategy == "random" else ""))
        assert harness.replay(body, result.finding.token) is not None
    assert len(told) == 1


def test_the_first_failure_stops_all_workers(log: Log) -> None:
    inner = log.body(tasks=2, each=1)

    def body() -> None:
        inner()
        order: list[int] = []
        steps(order, tasks=2, each=1)
        assert order != [1, 0], "half of them"

    began_s = time.perf_counter()
    result = harness.explore(body, executions=10**7, workers=2, budget_s=60)
    assert result.finding is not None
    assert time.perf_counter() - began_s < 30
    assert result.executions < 100


@pytest.mark.parametrize("strategy", ["random", "dfs"])
def test_a_worker_that_dies_is_a_finding(strategy: str) -> None:
    def body() -> None:
        order: list[int] = []
        steps(order, tasks=2, each=1)
        if order == [1, 0]:
            os.kill(os.getpid(), signal.SIGSEGV)

    result = harness.explore(body, strategy, executions=1_000, workers=2)
    assert result.verdict is Verdict.FAILED
    assert result.finding is not None
    assert result.finding.kind is FindingKind.CRASH
    assert "SIGSEGV" in result.finding.message
    assert "killed its process" in result.evidence


@pytest.mark.parametrize("executions", [1, 2, 7, 100, 130])
def test_the_budget_of_executions_is_that_of_all_together(executions: int) -> None:
    def body() -> None:
        steps([], tasks=3, each=1)

    drawn = harness.explore(body, "random", executions=executions, workers=3)
    assert (drawn.executions, drawn.verdict) == (executions, Verdict.PASSED)
    searched = harness.explore(body, "dfs", executions=executions, workers=3)
    assert (searched.executions, searched.verdict) == (executions, Verdict.UNDECIDED)
    assert searched.evidence.startswith(f"undecided: the budget ended after {executions} exec")


def test_a_search_goes_on_in_workers_where_others_have_stopped(log: Log) -> None:
    body = log.body(tasks=2, each=2)
    alone = harness.explore(body, "dfs", executions=10**6)
    whole = log.take()
    total, resume = 0, None
    for workers in (1, 3, 2, 1, 4):
        part = harness.explore(body, "dfs", executions=30, workers=workers, resume=resume)
        total += part.executions
        resume = part.resume
    last = harness.explore(body, "dfs", executions=10**6, workers=2, resume=resume)
    assert last.exhausted
    assert total + last.executions == alone.executions
    assert set(log.take()) == set(whole)


def test_ctrl_c_keeps_what_all_workers_have(log: Log) -> None:
    body = log.body(tasks=4, each=5)  # no machine is through with it when Ctrl-C comes
    over = threading.Event()
    thread = threading.Thread(target=log.interrupt_after, args=(200, over))
    thread.start()
    with pytest.raises(harness.ExplorationInterrupted) as caught:
        harness.explore(body, BoundedDfs(None), executions=10**8, workers=2)
    over.set()
    thread.join()
    partial: Any = caught.value.partial
    assert partial.verdict is Verdict.UNDECIDED
    assert partial.executions > 10
    assert partial.evidence.startswith("undecided: interrupted after ")
    assert partial.resume.startswith(f"{partial.executions}.")


def test_what_cannot_be_controlled_is_told_by_the_parent() -> None:
    def body() -> None:
        os.fork()

    with pytest.raises(harness.UncontrolledError):
        harness.explore(body, executions=10, workers=2)


def test_progress_is_that_of_all_workers() -> None:
    told: list[harness.Headway] = []

    def body() -> None:
        steps([], tasks=4, each=3)

    harness.explore(body, "dfs", executions=10**8, budget_s=3.0, workers=2, progress=told.append)
    assert told
    assert told[-1].executions > 0
    assert told[-1].budget_s == 3.0
    assert told[-1].eta_s is not None


class _Mine:
    def begin(self, execution: int) -> bool:
        return True

    def pick(self, ready: Any, current: Any) -> Any:
        return ready[0]


class _Shared(_Mine):
    def share(self, worker: int, workers: int) -> _Shared:
        assert 0 <= worker < workers
        return self


@pytest.mark.parametrize(
    ("strategy", "words"),
    [
        ("dpor", "1 with dpor: what it runs next follows from what it ran before"),
        (_Mine(), "import path, package.module:Class"),
        (harness.RandomWalk(3), "import path, package.module:Class"),
    ],
    ids=["dpor", "object", "walk"],
)
def test_what_cannot_be_shared_is_refused_with_the_way_out(strategy: Any, words: str) -> None:
    with pytest.raises(harness.ArgumentError, match=words):
        harness.explore(rare, strategy, workers=2)


def test_an_object_that_can_be_shared_is() -> None:
    result = harness.explore(rare, _Shared(), executions=6, workers=2)
    assert result.executions == 6


def test_the_default_strategy_takes_workers() -> None:
    result = harness.explore(rare, executions=30_000, workers=2)
    assert result.finding is not None


def test_one_worker_that_is_through_with_everything_ends_all() -> None:
    def body() -> None:
        steps([], tasks=2, each=1)

    result = harness.explore(body, executions=10**8, workers=2, budget_s=60)
    assert result.exhausted
    assert result.elapsed_s < 30
    assert result.evidence.startswith("exhausted: ")
    assert " traces, no bound" in result.evidence


def test_only_one_worker_of_the_default_strategy_searches() -> None:
    first, second = (Portfolio(worker).share(worker, 2) for worker in range(2))
    assert [one._dpor is None for one in (first, second)] == [False, True]
    for one in (first, second):
        one.begin(0)
    assert [one._dpor is None for one in (first, second)] == [False, True], "also begun anew"


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2", 257])
def test_a_number_of_workers_is_whole_and_small(workers: Any) -> None:
    with pytest.raises(harness.ArgumentError, match=r"^workers is "):
        harness.explore(rare, workers=workers)


def test_a_body_without_a_name_cannot_be_spawned() -> None:
    def body() -> None:
        pass

    with pytest.raises(harness.ArgumentError, match="Move the body to the top level of a module"):
        target_of(body, 2, forks=False)
    assert target_of(json.dumps, 2, forks=False) == "json:dumps"
    assert target_of(body, 2, forks=True) is body


def test_spawned_workers_import_the_body(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (
        "import threading\n"
        "def body():\n"
        "    box = []\n"
        "    threads = [threading.Thread(target=box.append, args=(n,)) for n in range(2)]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()\n"
        "    assert box == [0, 1]\n"
    )
    (tmp_path / "spawned_workers_body.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    result = harness.explore_isolated(
        "spawned_workers_body:body", "dfs", executions=1_000, workers=2, start="spawn"
    )
    assert result.finding is not None
    assert result.finding.kind is FindingKind.ASSERTION
    sys.modules.pop("spawned_workers_body", None)


def test_claims_that_were_not_used_are_left_to_others(tmp_path: Path) -> None:
    shared = Board(tmp_path / "board", executions=10)
    stint = SearchStint(shared, [Subtree(0, ())])
    assert stint.take() is not None
    assert [stint.allows(number) for number in range(3)] == [True] * 3
    assert shared.claim(100) == 2, "eight of ten were claimed at once"
    stint.end(3)
    assert shared.claim(100) == 5
    assert not SearchStint(shared, []).allows(0)
    shared.close()

"""What an exploration takes, claims and gives back: arguments, evidence, budgets, documents."""

from __future__ import annotations

import itertools
import json
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import FindingKind, Verdict
from harness.evidence import Coverage
from harness.replay_token import decode_token
from reports.importers.exploration import record_from_exploration
from reports.record import Outcome
from reports.strict_json import Fields

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    Plain = Callable[..., Any]


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def harmless() -> None:
    lock = threading.Lock()

    def work() -> None:
        with lock:
            pass

    in_tasks(work, work)


# -- arguments ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"executions": 0}, {"executions": -1}, {"executions": 1.5}, {"executions": True},
        {"executions": None}, {"seed": "x"}, {"seed": 1.0}, {"seed": True}, {"seed": None},
        {"max_steps": 0}, {"max_steps": 2_000_001}, {"max_steps": 1e3}, {"model": "none"},
        {"model": None}, {"workers": 0}, {"workers": 257}, {"budget_s": 0}, {"budget_s": -1.5},
        {"budget_s": float("nan")}, {"budget_s": "1"}, {"budget_s": True}, {"progress": 5},
        {"strategy": "nonsense"}, {"strategy": 5},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_argument_is_named_with_what_it_takes(options: dict[str, Any]) -> None:
    with pytest.raises(harness.ArgumentError, match=rf"^{next(iter(options))} is .*; it takes "):
        harness.explore(harmless, **options)


async def _stream() -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize(
    "body", [None, 5, "name", lambda x: x, _stream, print, []], ids=lambda value: str(value)[:12]
)
def test_what_is_no_body_is_refused(body: Any) -> None:
    if body is print:
        assert harness.explore(body, executions=1).executions == 1  # takes nothing if it must
        return
    with pytest.raises(harness.ArgumentError, match=r"^body is "):
        harness.explore(body)


# -- evidence -------------------------------------------------------------------------------------

BASE: dict[str, Any] = {
    "executions": 12_345, "strategy": "random", "seed": 7, "max_steps": 300,
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "text", "exhausted", "cut"),
    [
        ({}, "12 345 executions, none failed (random, seed 7)", False, False),
        ({"executions": 1}, "1 execution, none failed (random, seed 7)", False, False),
        ({"seed": None}, "12 345 executions, none failed (random)", False, False),
        ({"failed": True}, "execution 12 345 failed (random, seed 7)", False, False),
        ({"executions": 0}, "undecided: nothing was run, random had nothing to try", False, True),
        (
            {"stopped": "the time budget ended"},
            "undecided: the time budget ended after 12 345 executions, none failed",
            False,
            True,
        ),
        (
            {"stopped": "interrupted", "scope": "no bound"},
            "undecided: interrupted after 12 345 executions, none failed",
            False,
            True,
        ),
        (
            {"overruns": 2, "unfinished": ("a", "b"), "scope": "no bound"},
            (
                "undecided: 2 of 12 345 executions met the bound of 300 steps; a loop that polls "
                "instead of waiting looks like this; or raise max_steps. There: a; b"
            ),
            False,
            True,
        ),
        (
            {"overruns": 1, "unfinished": tuple("abcdefghijk")},
            (
                "undecided: 1 of 12 345 executions met the bound of 300 steps; a loop that polls "
                "instead of waiting looks like this; or raise max_steps. "
                "There: a; b; c; d; e; f; g; h; and 3 more"
            ),
            False,
            True,
        ),
        ({"scope": "no bound"}, "exhausted: 12 345 executions, no bound", True, False),
        ({"scope": "x", "executions": 1}, "exhausted: 1 execution, x", True, False),
        (
            {"scope": "no bound", "ran_dry": True, "seed": None, "opaque": "code does it"},
            (
                "12 345 executions, none failed (random, nothing left to try); "
                "not exhausted: code does it"
            ),
            False,
            False,
        ),
        (
            {"scope": "no bound", "invisible": "its accesses are not seen"},
            "12 345 executions, none failed (random, seed 7); its accesses are not seen",
            False,
            False,
        ),
        (
            {"failed": True, "invisible": "its accesses are not seen"},
            "execution 12 345 failed (random, seed 7); its accesses are not seen",
            False,
            False,
        ),
    ],
)
def test_the_evidence_claims_what_was_run_and_no_more(
    more: dict[str, Any], text: str, *, exhausted: bool, cut: bool
) -> None:
    coverage = Coverage(**{**BASE, **more})
    assert str(coverage) == text
    assert (coverage.exhausted, coverage.cut) == (exhausted, cut)


def test_a_failure_is_never_exhausted() -> None:
    assert not Coverage(**{**BASE, "failed": True, "scope": "no bound"}).exhausted


# -- determinism and budgets ----------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
def test_the_same_seed_finds_the_same_thing(strategy: str, subjects: Any) -> None:
    results = [
        harness.explore(subjects.assertion, strategy, executions=1_000, seed=5) for _ in range(2)
    ]
    findings = [result.finding for result in results]
    assert findings[0] is not None
    assert findings[1] is not None
    assert findings[0].token == findings[1].token
    assert str(findings[0]) == str(findings[1])
    assert results[0].executions == results[1].executions


def test_another_seed_makes_other_schedules(subjects: Any) -> None:
    counts = {
        harness.explore(subjects.deadlock, executions=1_000, seed=seed).executions
        for seed in range(20)
    }
    # Were the seeds of no effect, one number would come 20 times; that 20 independent geometric
    # draws with a chance of about 1 in 5 agree by accident has less than 1e-8.
    assert len(counts) > 1


def test_a_budget_of_time_that_ends_first_is_undecided() -> None:
    result = harness.explore(harmless, "random", executions=10**9, budget_s=0.05)
    assert result.verdict is Verdict.UNDECIDED
    assert result.evidence.startswith("undecided: the time budget ended after ")
    assert result.elapsed_s < 2
    assert not result.exhausted
    assert harness.explore(harmless, executions=1, budget_s=1e-9).verdict is Verdict.PASSED


def test_the_step_bound_is_undecided_and_says_where_each_task_stood(plain: Plain) -> None:
    module = plain("""
        import threading
        def body():
            flags = []
            def poll():
                turns = 0
                while not flags:
                    turns += 1
            threads = [threading.Thread(target=poll) for _ in range(2)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
    """)
    for strategy in ("random", "pct", "dfs"):
        result = harness.explore(module.body, strategy, executions=50, max_steps=200)
        assert (result.verdict, result.overruns, result.executions) == (Verdict.UNDECIDED, 10, 10)
        assert result.evidence.startswith(
            "undecided: 10 of 10 executions met the bound of 200 steps; "
        )
        for name in ("main waits for the end of Thread-1 (poll)", "Thread-2 (poll)"):
            assert name in result.evidence


def test_progress_is_told_now_and_then() -> None:
    told: list[harness.Headway] = []
    result = harness.explore(
        harmless, "random", executions=10**9, budget_s=0.8, progress=told.append
    )
    assert 1 <= len(told) <= 4
    counts = [now.executions for now in told]
    assert counts == sorted(counts)
    for now in told:
        assert 0 < now.executions <= result.executions
        assert 0.2 < now.elapsed_s < 5
        assert now.eta_s == pytest.approx(max(0.8 - now.elapsed_s, 0), abs=1e-6)


# -- nondeterminism -------------------------------------------------------------------------------


def test_state_kept_between_executions_is_nondeterminism() -> None:
    runs = itertools.count(1)

    def body() -> None:
        harmless()
        assert next(runs) != 7, "only the seventh time"

    finding = harness.explore(body, executions=50).finding
    assert finding is not None
    assert finding.kind is FindingKind.NONDETERMINISM
    assert "only the seventh time" in finding.message
    assert "run again, the same schedule ended: every task ended" in finding.message
    assert "state kept between executions, random numbers" in finding.message
    assert "(not looked for: it does not do the same thing twice)" in finding.gil_reachable


@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
@pytest.mark.parametrize("seed", range(3))
def test_random_numbers_in_the_body_are_nondeterminism_and_never_a_crash(
    strategy: str, seed: int
) -> None:
    draw = random.Random(seed)

    def body() -> None:
        in_tasks(*[harmless] * draw.choice([1, 2]))
        assert draw.random() < 0.7, "by chance"

    began_s = time.perf_counter()
    finding = harness.explore(body, strategy, executions=200, seed=seed).finding
    assert finding is not None
    # A failure by chance may come again on the run that records it: then it looks like one.
    assert finding.kind in (FindingKind.NONDETERMINISM, FindingKind.ASSERTION)
    assert time.perf_counter() - began_s < 20


# -- the GIL model --------------------------------------------------------------------------------

PLUS = """
    import threading
    class Box: n = 0
    def one():
        return 1
    def body():
        box = Box()
        def add():
            {add}
        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert box.n == 2
"""


def test_a_race_that_needs_free_threading_says_that_it_was_not_shown(plain: Plain) -> None:
    body = plain(PLUS.format(add="box.n += 1")).body
    finding = harness.explore(body, executions=500).finding
    assert finding is not None
    assert finding.gil_reachable.startswith("not shown under the GIL model of CPython 3.")
    assert finding.gil_reachable.endswith(" (300 executions tried)")
    assert harness.explore(body, executions=1_000, model="gil").verdict is Verdict.PASSED


@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
def test_a_call_between_read_and_write_is_shown_under_the_gil(strategy: str, plain: Plain) -> None:
    body = plain(PLUS.format(add="box.n = box.n + one()")).body
    finding = harness.explore(body, strategy, executions=500).finding
    assert finding is not None
    assert finding.gil_reachable.startswith("shown under the GIL model of CPython 3.")
    under = harness.explore(body, strategy, executions=500, model="gil").finding
    assert under is not None
    assert under.gil_reachable == finding.gil_reachable


# -- documents ------------------------------------------------------------------------------------

KEYS = {
    "schema", "name", "verdict", "executions", "exhausted", "evidence", "strategy", "seed", "model",
    "overruns", "elapsed_s", "cpu_s", "estimate", "resume", "workers", "finding",
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "options", "outcome"),
    [("harmless", {}, Outcome.PASSED), ("harmless", {"strategy": "dfs"}, Outcome.PASSED),
     ("deadlock", {}, Outcome.FAILED), ("assertion", {"model": "free-threaded"}, Outcome.FAILED),
     ("harmless", {"strategy": "random", "executions": 10**9, "budget_s": 0.01},
      Outcome.UNDECIDED)],
)  # fmt: skip
def test_a_result_is_a_document_that_reports_takes(
    body: str, options: dict[str, Any], outcome: Outcome, subjects: Any
) -> None:
    result = harness.explore(getattr(subjects, body, harmless), **options)
    document = json.loads(json.dumps(result.to_json()))
    assert set(document) == KEYS
    assert document["schema"] == "holdfast.exploration/1"
    record = record_from_exploration(Fields(document, document="the result"))
    assert record.outcome is outcome
    assert record.params["evidence"] == result.evidence
    if result.finding is not None:
        assert set(document["finding"]) == {
            "kind", "message", "token", "gil_reachable", "command", "story",
            "data_races", "lock_orders", "locks_held", "cycle",
        }  # fmt: skip
        assert decode_token(document["finding"]["token"]).length


# -- size and speed -------------------------------------------------------------------------------


def test_thirty_second_timeouts_cost_no_time() -> None:
    def body() -> None:
        event, jobs = threading.Event(), threading.Semaphore(0)
        in_tasks(lambda: event.wait(30), lambda: jobs.acquire(timeout=30), lambda: time.sleep(30))

    harness.explore(body, executions=1)
    best_s = min(harness.explore(body, executions=1).cpu_s for _ in range(5))
    assert best_s < 0.1  # 20 times the 5 ms that must be reached


@pytest.mark.slow
def test_a_thousand_tasks_in_one_execution() -> None:
    def body() -> None:
        lock, done = threading.Lock(), []

        def work() -> None:
            with lock:
                done.append(1)

        in_tasks(*[work] * 1_000)
        assert len(done) == 1_000

    for strategy in ("random", "pct"):
        result = harness.explore(body, strategy, executions=2)
        assert result.verdict is Verdict.PASSED, result.evidence

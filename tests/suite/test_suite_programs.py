"""Each program's bug is found and is the expected one; its correct twin never fails."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness import STRATEGY_NAMES
from tests.suite.catalogue import ENTRIES, BugClass, load_program
from tests.suite.searches import Search, SearchEnd, Searcher
from tests.suite.twins import alarms_of

if TYPE_CHECKING:
    from tests.suite.catalogue import Entry

# In this order, and the first that finds it will do: the session measures each of them.
SEARCHERS = tuple(name for name in ("rff", "surw", "random", "pct") if name in STRATEGY_NAMES)
# The hardest program for the best of these needs 60 executions in the median, a chance of some
# 1/90 an execution: (89/90)**1000 < 2e-5 that it is missed. Most need fewer than 10.
SEARCH_EXECUTIONS = 1_000
TWIN_EXECUTIONS = 100
LIMIT_S = 10.0  # of CPU time a search, where the programs of 100 threads take most

SOUGHT = [entry for entry in ENTRIES if not entry.hard]


def first_success(entry: Entry) -> Search:
    with Searcher(entry) as searcher:
        for strategy in SEARCHERS:
            done = searcher.search(strategy, seed=0, executions=SEARCH_EXECUTIONS, limit_s=LIMIT_S)
            if done.end not in (SearchEnd.BUDGET, SearchEnd.TIME):
                break
    return done


@pytest.mark.parametrize("entry", SOUGHT, ids=lambda entry: entry.name)
def test_the_bug_is_found_and_is_the_expected_one(entry: Entry) -> None:
    done = first_success(entry)
    assert done.found, done
    assert done.kind in {kind.name for kind in entry.kinds}


@pytest.mark.parametrize("strategy", ["random", "pct", "dpor"])
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_correct_twin_passes(entry: Entry, strategy: str) -> None:
    with Searcher(entry, fixed=True) as searcher:
        done = searcher.search(strategy, seed=1, executions=TWIN_EXECUTIONS, limit_s=LIMIT_S)
    assert not alarms_of([done]), done
    assert not done.overruns


def wrongly_exhausted(entry: Entry) -> str:
    """Return what a search of every trace says that ends without the bug; empty if it does not."""
    with Searcher(entry) as searcher:
        done = searcher.search("dpor", seed=0, executions=TWIN_EXECUTIONS, limit_s=LIMIT_S)
    return str(done) if done.end is SearchEnd.DRY else ""


@pytest.mark.parametrize("entry", SOUGHT, ids=lambda entry: entry.name)
def test_dpor_calls_no_program_correct_that_has_a_bug(entry: Entry) -> None:
    assert not wrongly_exhausted(entry)


def test_dpor_says_why_it_does_not_search_coroutines() -> None:
    (entry,) = (one for one in ENTRIES if one.name == "semaphore_wakeup")
    with Searcher(entry) as searcher:
        done = searcher.search("dpor", seed=0, executions=5, limit_s=LIMIT_S)
    assert done.end is SearchEnd.REFUSED
    assert "a body without coroutines" in done.detail


@pytest.mark.parametrize(
    "entry",
    [entry for entry in ENTRIES if entry.bug_class is BugClass.ALWAYS],
    ids=lambda entry: entry.name,
)
def test_what_always_fails_fails_in_the_first_execution(entry: Entry) -> None:
    with Searcher(entry) as searcher:
        for seed in range(3):
            done = searcher.search("random", seed=seed, executions=1, limit_s=LIMIT_S)
            assert done.found, done


def test_one_taker_and_one_putter_of_the_bounded_buffer_are_correct_without_the_fix() -> None:
    buffer = load_program("condition_waits", "bounded_buffer")
    result = harness.explore(lambda: buffer(1, 1), "pct", executions=300)
    assert result.verdict is harness.Verdict.PASSED, str(result)


def test_the_explorer_tells_the_same_as_the_light_search() -> None:
    (entry,) = (one for one in ENTRIES if one.name == "reorder_3")
    with Searcher(entry) as searcher:
        light = searcher.search("pct", seed=3, executions=1_000, limit_s=LIMIT_S)
    whole = harness.explore(entry.body(), "pct", executions=1_000, seed=3)
    assert whole.finding is not None
    assert (light.executions, light.kind) == (whole.executions, whole.finding.kind.name)


def test_every_number_of_the_catalogue_is_there() -> None:
    wanted = {str(number) for number in range(1, 41)} | {f"E{number}" for number in range(1, 11)}
    there = {number for entry in ENTRIES for number in entry.number.split("-")}
    assert there >= wanted
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)


def test_a_program_can_hand_its_threads_over_instead_of_starting_them() -> None:
    handed_over: Any = load_program("starting", "handed_over")
    ran: list[str] = []
    with handed_over() as casts:
        load_program("starting", "in_threads")(
            lambda: ran.append("thread"), main=lambda: ran.append("main")
        )
    assert not ran
    for work in casts[0].works:
        work()
    assert ran == ["thread", "main"]


def test_programs_are_ordinary_code_for_real_threads() -> None:
    before = threading.active_count()
    for entry in ENTRIES:
        if entry.name in ("account", "reorder_3", "cockroach_2448", "semaphore_wakeup"):
            entry.body(fixed=True)()
    assert threading.active_count() == before

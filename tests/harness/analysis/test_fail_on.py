"""`fail_on` from end to end: found, shrunk, told, replayed, here and in a child."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.errors import ArgumentError
from harness.finding import FindingKind
from harness.replay_token import decode_token
from harness.rules import Rule

if TYPE_CHECKING:
    from collections.abc import Callable


class Box:
    def __init__(self) -> None:
        self.value = 0
        self.ready = False


def in_tasks(*works: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def double_checked() -> None:
    """Every execution ends well; the first test of the flag is a race."""
    box, lock = Box(), threading.Lock()

    def use() -> None:
        if not box.ready:
            with lock:
                if not box.ready:
                    box.value += 1
                    box.ready = True

    in_tasks(use, use)
    assert box.value == 1


def survived_inversion() -> None:
    """Cannot deadlock: the second task comes after the first; but nothing the locks know of."""
    one, two = threading.Lock(), threading.Lock()

    def take(first: Any, second: Any) -> None:
        with first, second:
            pass

    in_tasks(lambda: take(one, two), lambda: take(two, one))


def waits_with_a_lock() -> None:
    lock, done = threading.Lock(), threading.Event()

    def work() -> None:
        with lock:
            done.wait()

    in_tasks(work, done.set)


def locked() -> None:
    box, lock = Box(), threading.Lock()

    def work() -> None:
        with lock:
            box.value += 1

    in_tasks(work, work)
    assert box.value == 2


def test_a_race_is_found_shrunk_told_and_replayed() -> None:
    assert harness.explore(double_checked, executions=200).finding is None
    result = harness.explore(double_checked, executions=200, fail_on="data-race")
    finding = result.finding
    assert finding is not None
    assert finding.kind is FindingKind.DATA_RACE
    assert "nothing orders the two" in finding.message
    story = str(finding)
    assert story.startswith("DATA_RACE: two unordered accesses, one of them a write")
    assert "Box.ready: nothing orders these two" in story
    assert decode_token(finding.token).rules == (Rule.DATA_RACE,)
    again = harness.replay(double_checked, finding.token)
    assert again is not None
    assert (again.kind, again.message) == (finding.kind, finding.message)
    assert finding.to_json()["data_races"]


def test_an_inversion_fails_before_any_execution_deadlocks() -> None:
    result = harness.explore(
        survived_inversion, "dfs", executions=1, fail_on=["lock-order", "lock-held"]
    )
    finding = result.finding
    assert finding is not None
    assert finding.kind is FindingKind.LOCK_ORDER
    assert "Lock#1 → Lock#2 → Lock#1" in finding.message
    story = " ".join(str(finding).split())  # however its lines are wrapped
    assert "while it holds Lock#1, taken at" in story
    assert harness.replay(survived_inversion, finding.token) is not None


def test_a_lock_kept_fails_when_asked() -> None:
    finding = harness.explore(waits_with_a_lock, executions=50, fail_on={"lock-held"}).finding
    assert finding is not None
    assert finding.kind is FindingKind.LOCK_HELD
    assert "for Event#1 at" in finding.message
    assert "while it holds Lock#1, taken at" in finding.message


def test_a_correct_program_passes_with_every_rule_on() -> None:
    result = harness.explore(locked, "dfs", executions=500, fail_on=[rule.value for rule in Rule])
    assert result.verdict is harness.Verdict.PASSED
    assert result.exhausted


@pytest.mark.slow
def test_a_child_fails_on_the_same_rule() -> None:
    there = harness.explore_isolated(double_checked, executions=200, fail_on="data-race").finding
    here = harness.explore(double_checked, executions=200, fail_on="data-race").finding
    assert there is not None
    assert here is not None
    assert (there.kind, there.message, there.token) == (here.kind, here.message, here.token)
    assert there.analyses.races == here.analyses.races


@pytest.mark.slow
def test_workers_fail_on_the_same_rule() -> None:
    found = harness.explore(double_checked, executions=200, workers=2, fail_on="data-race").finding
    assert found is not None
    assert found.kind is FindingKind.DATA_RACE


def test_an_unknown_rule_is_refused_everywhere() -> None:
    for run in (harness.explore, harness.explore_isolated):
        with pytest.raises(ArgumentError, match="fail_on is 'races'"):
            run(locked, fail_on="races")
    with pytest.raises(ArgumentError, match="fail_on"):
        harness.interleaved(fail_on="races")


def test_a_decorated_test_fails_on_a_rule() -> None:
    @harness.interleaved(executions=100, fail_on=("data-race",))
    def test_it() -> None:
        double_checked()

    with pytest.raises(harness.InterleavingError, match="DATA_RACE"):
        test_it()


def test_a_failing_run_shows_its_races_unasked() -> None:
    def body() -> None:
        box = Box()

        def work() -> None:
            box.value += 1

        in_tasks(work, work)
        assert box.value == 2

    finding = harness.explore(body, executions=200).finding
    assert finding is not None
    assert finding.kind is FindingKind.ASSERTION
    assert [race.target for race in finding.analyses.races] == ["Box#1.value"] * len(
        finding.analyses.races
    )
    assert finding.analyses.races
    assert "Box.value: nothing orders these two" in str(finding)


def test_a_deadlock_is_drawn_in_its_story() -> None:
    finding = harness.explore(survived_inversion, executions=200).finding
    assert finding is not None
    assert finding.kind is FindingKind.DEADLOCK
    assert "┌─▶ Thread-1" in str(finding)
    assert finding.gil_reachable.startswith("shown under the GIL model of CPython")
    assert decode_token(finding.token).model == "gil"
    assert [link["held_by"] for link in finding.to_json()["cycle"]]


async def coroutines() -> None:
    """One thread runs them all, and a thread hands its result over."""
    box = Box()

    async def add() -> None:
        before = box.value
        await asyncio.sleep(0)
        box.value = before + 1

    await asyncio.gather(add(), add())
    await asyncio.to_thread(setattr, box, "value", 7)
    assert box.value == 7
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def work() -> None:
        box.value = 8
        loop.call_soon_threadsafe(done.set_result, None)

    thread = threading.Thread(target=work)
    thread.start()
    await done
    assert box.value == 8
    thread.join()


async def coroutine_against_thread() -> None:
    box = Box()

    def work() -> None:
        box.value = 1

    thread = threading.Thread(target=work)
    thread.start()
    box.value = 2
    thread.join()


def test_coroutines_of_one_loop_do_not_race() -> None:
    result = harness.explore(coroutines, executions=60, fail_on=["data-race", "lock-order"])
    assert result.finding is None


def test_a_coroutine_races_with_a_thread() -> None:
    finding = harness.explore(coroutine_against_thread, executions=60, fail_on="data-race").finding
    assert finding is not None
    assert finding.kind is FindingKind.DATA_RACE

"""Every way a child can end, each told from the others, in real child processes."""

import sys
import threading
import time
from typing import Any

import psutil
import pytest

from harness.probes.child_lines import ChildLines
from stress import Budget, Ending, Headway, UnknownScenarioError, run_scenario
from stress.budget import MIB

pytestmark = pytest.mark.slow
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
BAD = "tests.stress.bad_scenarios:"


def run(name: str, **budget: Any) -> Any:
    return run_scenario(BAD + name, Budget(**{"rounds": 2, **budget}))


def test_a_scenario_that_passes_is_passed_though_it_prints() -> None:
    seen = run("PASSES")
    assert (seen.ending, seen.message, seen.rounds) == (Ending.PASSED, "", 2)
    assert (seen.growth.threads, seen.growth.descriptors) == (0, 0)
    assert seen.peak_bytes > 5 * MIB
    assert seen.operations == 4


@pytest.fixture
def listened_to_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a crowded machine the child may have ended long before anybody reads what it said."""
    hear, waited = ChildLines.next, []

    def hear_late(self: ChildLines, timeout_s: float) -> Any:
        if not waited:
            waited.append(1)
            time.sleep(3.0)
        return hear(self, timeout_s)

    monkeypatch.setattr(ChildLines, "next", hear_late)


@pytest.mark.usefixtures("listened_to_late")
@pytest.mark.parametrize(
    ("name", "ending"),
    [("PASSES", Ending.PASSED), ("RAISES", Ending.EXCEPTION), ("KILLED", Ending.SIGNAL)],
)
def test_last_words_that_are_read_late_end_as_they_would_otherwise(
    name: str, ending: Ending
) -> None:
    seen = run(name, hang_s=1.0)
    assert (seen.ending, seen.rounds) == (ending, 2 if ending is Ending.PASSED else 0)


@needs_posix
def test_a_signal_is_told_at_once_though_a_forked_copy_holds_the_channel() -> None:
    began_s = time.monotonic()
    seen = run("DIES_BEFORE_A_COPY")
    assert seen.ending is Ending.SIGNAL
    assert seen.message.startswith("SIGSEGV")
    assert time.monotonic() - began_s < 8.0, "it waited for the copy"


@needs_posix
def test_a_child_that_closes_its_channel_and_goes_on_is_told_as_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stress.parent.END_S", 1.0)
    seen = run("CLOSES_ALL_AND_WAITS")
    assert seen.ending is Ending.HANG
    assert "did not keep its channel to us open, nor end" in seen.message


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("RAISES", "in the body"),
        ("RAISES_IN_THREAD", "in thread Thread-"),
        ("RAISES_IN_DESTRUCTOR", "Angry.__del__"),
    ],
)
def test_an_exception_is_told_with_place_and_traceback(name: str, where: str) -> None:
    seen = run(name)
    assert seen.ending is Ending.EXCEPTION
    assert where in seen.message
    assert "ValueError: raised on purpose" in seen.message
    assert seen.rounds == 0


def test_a_crash_is_told_by_its_signal_with_the_stack() -> None:
    seen = run("CRASHES")
    assert seen.ending is Ending.SIGNAL
    assert seen.message.startswith("SIGSEGV (code in C touched memory")
    assert seen.message.endswith("in round 1")
    assert "_read_address_zero" in seen.output


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("KILLED", "SIGKILL (not by us: the system does that when it runs out of memory"),
        ("TERMINATED", "SIGTERM (somebody asked it to end"),
        ("TOLD_BY_A_NUMBER", "SIGUSR2 in round 1"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="no such signals there")
def test_a_signal_is_told_with_what_is_mostly_behind_it(name: str, says: str) -> None:
    seen = run(name)
    assert seen.ending is Ending.SIGNAL
    assert seen.message.startswith(says)


def test_an_exit_is_told_by_its_code() -> None:
    seen = run("EXITS")
    assert seen.ending is Ending.EXIT
    assert "exit code 7" in seen.message


def test_a_deadlock_is_told_with_the_stacks_of_the_child() -> None:
    seen = run("DEADLOCKS")
    assert seen.ending is Ending.HANG
    assert "did not finish round 1 within 1 s" in seen.message
    assert "asleep: a deadlock or a lost wake-up" in seen.message
    assert "_wait_for_itself" in seen.stacks


def test_a_busy_loop_is_told_from_a_deadlock() -> None:
    seen = run("SPINS")
    assert seen.ending is Ending.HANG
    assert "busy: a loop that never ends" in seen.message
    assert "_spin" in seen.stacks


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("LEAKS_THREAD", "2 threads more than before the first round"),
        ("LEAKS_DESCRIPTOR", "1 more descriptors at the end"),
        ("LEAKS_MAPPINGS", "more memory mappings at the end"),
    ],
)
def test_a_leak_is_told_by_what_is_left(name: str, says: str) -> None:
    seen = run(name)
    assert seen.ending is Ending.LEAK
    assert says in seen.message


@pytest.mark.parametrize("name", ["LEAKS_THREAD", "LEAKS_DESCRIPTOR", "LEAKS_MAPPINGS"])
def test_one_round_is_enough_to_see_a_leak(name: str) -> None:
    assert run(name, rounds=1).ending is Ending.LEAK


def test_memory_that_grows_ends_at_the_limit() -> None:
    seen = run("TAKES_MEMORY", memory_bytes=100 * MIB)
    assert seen.ending is Ending.MEMORY
    assert "the limit is 100 MiB" in seen.message
    assert 100 * MIB < seen.peak_bytes < 400 * MIB


@pytest.mark.skipif(sys.platform == "win32", reason="no address-space limit there")
def test_memory_asked_for_at_once_is_the_same_ending() -> None:
    seen = run("ASKS_FOR_TOO_MUCH")
    assert seen.ending is Ending.MEMORY
    assert "MemoryError" in seen.message


def test_a_lost_wake_up_among_a_hundred_threads_is_found() -> None:
    seen = run("WAKES_ONE_OF_MANY")
    assert seen.ending is Ending.EXCEPTION
    assert "threads were not through 2 s after the drain" in seen.message


def test_no_child_is_left_after_any_ending() -> None:
    before = set(psutil.Process().children(recursive=True))  # of other tests
    for name in ("PASSES", "CRASHES", "DEADLOCKS", "LEAKS_THREAD"):
        run(name)
    assert not {*psutil.Process().children(recursive=True)} - before


def test_progress_hears_of_every_round() -> None:
    heard: list[Headway] = []
    run_scenario(BAD + "PASSES", Budget(rounds=3), progress=heard.append)
    assert [(one.rounds, one.operations) for one in heard] == [(1, 2), (2, 4), (3, 6)]
    assert heard[0].held.threads >= 1


def test_an_interrupt_ends_the_child_and_keeps_what_was_done() -> None:
    before = set(psutil.Process().children(recursive=True))  # of other tests

    def interrupt(done: Headway) -> None:
        if done.rounds == 2:
            raise KeyboardInterrupt

    seen = run_scenario(BAD + "PASSES", Budget(rounds=1_000_000), progress=interrupt)
    assert (seen.ending, seen.rounds) == (Ending.INTERRUPTED, 2)
    assert not {*psutil.Process().children(recursive=True)} - before


def test_seconds_end_the_run_between_two_rounds() -> None:
    seen = run("PASSES", rounds=None, seconds=0.05)
    assert seen.ending is Ending.PASSED
    assert seen.rounds >= 1


def test_no_thread_of_the_parent_is_left() -> None:
    before = threading.active_count()
    run("PASSES")
    assert threading.active_count() == before


def test_a_name_that_nobody_knows_is_refused_before_a_child_starts() -> None:
    with pytest.raises(UnknownScenarioError, match="the scenarios are close_while_reading") as seen:
        run_scenario("nobody")
    assert "holdfast stress list" in str(seen.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.at_all:X", "ModuleNotFoundError"),
        (BAD + "MISSING", "AttributeError"),
        (BAD + "NOT_A_SCENARIO", "it is a str, not a Scenario"),
    ],
)
def test_a_target_that_leads_nowhere_is_an_ending_of_its_own(name: str, says: str) -> None:
    seen = run_scenario(name)
    assert seen.ending is Ending.BROKEN
    assert says in seen.message

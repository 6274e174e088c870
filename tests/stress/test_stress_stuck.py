"""What is shown of a child that hangs: stacks, who holds which lock, what py-spy sees."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from pathlib import Path

import pytest

from stress import Budget, Ending, StressRun, run_scenario
from stress.lock_owners import owners_report
from stress.stuck import TEXT_CHARS, py_spy_dump, stacks_story

STUCK = "tests.stress.stuck_scenarios:"
HAS_PY_SPY = Path(sys.executable).with_name("py-spy").exists() or shutil.which("py-spy")


def run(name: str) -> StressRun:
    seen = run_scenario(STUCK + name, Budget(rounds=1))
    assert seen.ending is Ending.HANG, seen.message
    return seen


@pytest.mark.slow
def test_a_deadlock_shows_who_holds_what_the_other_wants() -> None:
    stacks = run("opposite_transfers").stacks
    locks = stacks.partition("Locks that somebody waits for:\n")[2]
    blocks = locks.split("second.lock ")[1:]
    assert len(blocks) == 2
    pairs = set()
    for block in blocks:
        (held,) = [line for line in block.splitlines() if "held by" in line]
        (wanted,) = [line for line in block.splitlines() if "wanted by" in line]
        pairs.add((held.split(" at ")[0].strip(), wanted.split(" at ")[0].strip()))
        assert held.endswith("in Bank.move")
    assert pairs == {
        ("held by clerk 0", "wanted by clerk 1"),
        ("held by clerk 1", "wanted by clerk 0"),
    }
    assert stacks.count("in move") >= 2  # the stacks of faulthandler are there as well


@pytest.mark.slow
def test_a_reentrant_lock_is_asked_for_its_owner() -> None:
    stacks = run("waits_for_a_reentrant_lock").stacks
    assert "wanted by MainThread" in stacks
    assert "held by keeper, as the lock itself says" in stacks


@pytest.mark.slow
def test_a_condition_that_is_waited_for_is_not_held() -> None:
    stacks = run("waits_on_a_condition").stacks
    assert "held by MainThread" not in stacks
    assert "waits_on_a_condition" in stacks


@pytest.mark.slow
def test_a_condition_that_nobody_leaves_shows_who_is_in_it() -> None:
    stacks = run("cannot_enter_a_condition").stacks
    locks = stacks.partition("Locks that somebody waits for:\n")[2].splitlines()
    assert locks[0].startswith("changed (")
    assert locks[1].startswith("  held by keeper at ")
    assert locks[2].startswith("  wanted by MainThread at ")


@pytest.mark.slow
@pytest.mark.skipif(not HAS_PY_SPY, reason="py-spy is not installed")
def test_py_spy_is_asked_where_it_is_installed() -> None:
    assert "What py-spy sees:" in run("opposite_transfers").stacks


def test_a_process_that_is_gone_says_so_and_raises_nothing(tmp_path: Path) -> None:
    with (tmp_path / "stacks").open("w+b") as stacks:
        story = stacks_story(2**22 + 1, stacks, "x" * (2 * TEXT_CHARS))
    assert story.startswith("(no stacks: ")
    assert story.endswith("... cut here")
    assert py_spy_dump(2**22 + 1) == "" or "could not look" in py_spy_dump(2**22 + 1)


def test_threads_that_hold_nothing_are_not_told() -> None:
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        inside.set()
        leave.wait()

    worker = threading.Thread(target=work)
    worker.start()
    inside.wait()
    frames = {worker.ident or 0: sys._current_frames()[worker.ident or 0]}
    leave.set()
    worker.join()
    # An event is a condition, whose lock nobody holds while it is waited for.
    assert "held by" not in owners_report(frames).replace("held by nobody", "")


@pytest.mark.skipif(os.name != "posix", reason="no such process number")
def test_names_of_locks_are_those_of_the_program() -> None:
    lock = threading.Lock()
    ready = threading.Event()

    def want() -> None:
        ready.set()
        lock.acquire()
        lock.release()

    with lock:
        worker = threading.Thread(target=want, name="wanting")
        worker.start()
        ready.wait()
        while True:  # until it stands in the call
            report = owners_report(sys._current_frames())
            if "wanted by wanting" in report:
                break
        assert report.startswith("lock (lock at 0x")
        assert f"held by {threading.current_thread().name} at " in report
    worker.join()

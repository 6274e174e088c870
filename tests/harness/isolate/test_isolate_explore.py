from __future__ import annotations

import mmap
import os
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

import harness
from harness import crash as crash_module
from harness.crash import OneRunJob
from harness.exchange import ChildFailedError
from tests.harness.isolate import isolate_targets as targets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "tests.harness.isolate.isolate_targets"
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and fork")
starts = pytest.mark.parametrize("start", ["fork", "spawn"])


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    assert set(psutil.Process().children(recursive=True)) <= before


@starts
def test_what_passes_here_passes_there(start: str) -> None:
    here = harness.explore(targets.sound, "pct", executions=40, seed=3)
    there = harness.explore_isolated(f"{NAME}:sound", "pct", executions=40, seed=3, start=start)
    assert there.verdict is harness.Verdict.PASSED
    assert (there.executions, there.evidence) == (here.executions, here.evidence)
    assert there.name == f"{NAME}:sound"


@starts
def test_what_fails_here_fails_there_with_the_same_schedule(start: str) -> None:
    # Half of the schedules lose an update: 2**-100 that none of 100 does.
    here = harness.explore(targets.loses_an_update, executions=100)
    there = harness.explore_isolated(f"{NAME}:loses_an_update", executions=100, start=start)
    assert here.finding is not None
    assert there.finding is not None
    assert there.finding.kind is harness.FindingKind.ASSERTION
    assert there.finding.token == here.finding.token
    assert [event.target for event in there.finding.trace.events] == [
        event.target for event in here.finding.trace.events
    ]
    assert there.finding.stack == here.finding.stack


@starts
def test_a_crash_is_a_finding_with_its_signal_lines_and_schedule(start: str) -> None:
    # The writer comes first in at least a quarter of the schedules: (3/4)**200 < 1e-24.
    result = harness.explore_isolated(
        f"{NAME}:reads_freed_memory", executions=200, seed=1, start=start
    )
    finding = result.finding
    assert result.verdict is harness.Verdict.FAILED
    assert finding is not None
    assert finding.kind is harness.FindingKind.CRASH
    assert finding.message == "SIGSEGV (Segmentation fault) killed the process"
    assert any("ctypes.string_at(0)" in line for line in finding.stack)
    assert (
        result.evidence == f"execution {result.executions} killed the process (portfolio, seed 1)"
    )
    told = [(event.kind, event.target, event.value) for event in finding.trace.events]
    assert ("write", "Cell.value", "1") in [(k, t.replace("#1", ""), v) for k, t, v in told]
    assert "SIGSEGV" in str(finding)
    assert finding.gil_reachable.startswith("not shown under the GIL model of CPython")
    assert "each try may end a process" in finding.gil_reachable


@starts
def test_a_crash_token_crashes_again(start: str) -> None:
    target = f"{NAME}:reads_freed_memory"
    found = harness.explore_isolated(target, executions=200).finding
    assert found is not None
    again = harness.replay_isolated(target, found.token, start=start)
    assert again is not None
    assert again.kind is harness.FindingKind.CRASH
    assert again.token == found.token
    assert again.stack == found.stack


def test_a_crash_that_was_repaired_passes_its_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    found = harness.explore_isolated(targets.reads_freed_memory, executions=200).finding
    assert found is not None
    monkeypatch.setattr(targets.ctypes, "string_at", lambda address: b"")
    assert harness.replay_isolated(targets.reads_freed_memory, found.token) is None


def test_a_crash_token_is_refused_by_other_code() -> None:
    found = harness.explore_isolated(targets.reads_freed_memory, executions=200).finding
    assert found is not None
    with pytest.raises(harness.DriftError, match="take the new token"):
        harness.replay_isolated(targets.loses_an_update, found.token)


def test_a_crashing_schedule_is_made_smaller() -> None:
    big = harness.explore_isolated(targets.reads_freed_memory, "random", executions=200, seed=5)
    assert big.finding is not None
    switches = [
        one.task != two.task
        for one, two in zip(big.finding.trace.events, big.finding.trace.events[1:], strict=False)
    ]
    # main starts the closer, the closer writes, main reads: two switches are the least.
    assert sum(switches) <= 2


def test_a_body_that_captures_variables_runs_in_a_forked_child() -> None:
    seen: list[int] = []

    def body() -> None:
        cell = targets.Cell()

        def write() -> None:
            cell.value += 1

        other = threading.Thread(target=write)
        other.start()
        write()
        other.join()
        seen.append(cell.value)
        assert cell.value == 2

    result = harness.explore_isolated(body, executions=100)
    assert result.finding is not None
    assert seen == [], "what the child does stays in the child"


@posix
def test_every_signal_is_named() -> None:
    result = harness.explore_isolated(targets.aborts)
    assert result.finding is not None
    assert "SIGABRT" in result.finding.message
    result = harness.explore_isolated(targets.stops_itself)
    assert result.finding is not None
    assert "SIGTERM" in result.finding.message


def test_a_child_that_leaves_by_itself_is_an_error_that_says_so() -> None:
    with pytest.raises(ChildFailedError, match="exit status 7"):
        harness.explore_isolated(targets.leaves)


@starts
def test_a_crash_before_the_first_execution_is_no_schedule(tmp_path: Path, start: str) -> None:
    (tmp_path / "dies_at_import.py").write_text("import ctypes\nctypes.string_at(0)\n", "utf-8")
    sys.path.insert(0, str(tmp_path))
    try:
        with pytest.raises(ChildFailedError, match="before the first execution"):
            harness.explore_isolated("dies_at_import:body", start=start)
    finally:
        sys.path.remove(str(tmp_path))


@posix
@pytest.mark.slow
def test_a_child_that_stands_still_in_c_code_is_ended_and_says_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.child_process.SILENT_S", 1.0)
    with pytest.raises(harness.StuckExecutionError, match="hangs_in_c"):
        harness.explore_isolated(targets.hangs_in_c)


def test_a_limit_of_memory_is_a_memory_error_and_not_a_swapping_machine() -> None:
    result = harness.explore_isolated(targets.eats_memory, memory_bytes=1 << 30)
    assert result.finding is not None
    assert "MemoryError" in result.finding.message


@posix
def test_a_limit_of_memory_leaves_out_what_a_forked_child_begins_with() -> None:
    with mmap.mmap(-1, 3 << 30):
        result = harness.explore_isolated(targets.eats_memory, memory_bytes=1 << 30)
        assert result.finding is not None
        assert "MemoryError" in result.finding.message
        assert harness.explore_isolated(targets.sound, memory_bytes=1 << 30).finding is None


def test_a_crash_that_does_not_come_again_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is no function of the schedule: the second run may go well."""
    monkeypatch.setattr(OneRunJob, "__call__", lambda self, send: None)
    result = harness.explore_isolated(targets.always_crashes)
    assert result.finding is not None
    assert "the same schedule, run again, did not" in result.finding.message


def test_shrinking_stays_within_its_number_of_children(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    run = crash_module.run_in_child

    def counted(*args: object, **kwargs: object) -> object:
        begun.append(args)
        return run(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(crash_module, "run_in_child", counted)
    monkeypatch.setattr(crash_module, "SHRINK_CHILDREN", 3)
    harness.explore_isolated(targets.reads_freed_memory, executions=200)
    assert 1 <= len(begun) <= 4


def test_it_works_beside_other_threads() -> None:
    """A forked child of a process with threads has one thread, and nobody's locks to wait for."""
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    try:
        result = harness.explore_isolated(targets.loses_an_update, executions=100)
    finally:
        stop.set()
        other.join()
    assert result.finding is not None


def test_progress_is_told() -> None:
    seen: list[harness.Headway] = []
    harness.explore_isolated(
        targets.sound, "random", executions=10_000_000, budget_s=1.5, progress=seen.append
    )
    assert seen
    assert seen[-1].executions > 0
    assert seen[-1].budget_s == 1.5, "what the child knows reaches the parent"
    assert seen[-1].estimate is not None


@posix
@pytest.mark.slow
def test_a_parent_that_is_killed_takes_its_child_along(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has a signal for the parent's death")
    told = tmp_path / "pid"
    parent = os.fork()
    if not parent:

        def body() -> None:
            told.write_text(str(os.getpid()))
            targets.sound()

        try:
            harness.explore_isolated(body, executions=10**9)
        finally:
            os._exit(0)
    try:
        child = _wait_for_pid(told)
    finally:
        os.kill(parent, 9)
        os.waitpid(parent, 0)
    process = psutil.Process(child) if psutil.pid_exists(child) else None
    if process is not None:
        assert psutil.wait_procs([process], timeout=10)[1] == []


def _wait_for_pid(told: Path) -> int:
    ends_s = time.monotonic() + 20
    while time.monotonic() < ends_s:
        if told.exists() and (text := told.read_text()):
            return int(text)
        time.sleep(0.01)
    raise AssertionError("the child never ran")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"target": 5}, "body is 5"),
        ({"target": targets.sound, "executions": 0}, "executions is 0"),
        ({"target": targets.sound, "strategy": "luck"}, "strategy is 'luck'"),
        ({"target": targets.sound, "start": "thread"}, "start is 'thread'"),
        ({"target": targets.sound, "start": "spawn"}, "package.module:function"),
        ({"target": targets.sound, "memory_bytes": 5}, "memory_bytes is 5"),
        ({"target": targets.sound, "workers": 0}, "workers is 0"),
    ],
)
def test_a_wrong_argument_is_named(settings: dict[str, object], told: str) -> None:
    with pytest.raises(harness.ArgumentError, match=told):
        harness.explore_isolated(**settings)  # type: ignore[arg-type]


@starts
def test_a_target_that_is_not_there_is_an_error_here(start: str) -> None:
    with pytest.raises(harness.HarnessError, match="has no attribute 'nothing'"):
        harness.explore_isolated(f"{NAME}:nothing", start=start)


@posix
def test_inside_an_execution_it_is_refused() -> None:
    def body() -> None:
        harness.explore_isolated(targets.sound)

    with pytest.raises(harness.NestedExplorationError):
        harness.explore(body)

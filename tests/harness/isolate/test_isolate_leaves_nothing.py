"""What isolation costs the process that asks for it: nothing that stays."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import psutil
import pytest

import harness
from tests.harness.isolate import isolate_targets as targets

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="descriptors and signals")


@posix
def test_fifty_runs_leave_no_child_no_descriptor_and_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = psutil.Process()
    harness.explore_isolated(targets.sound, executions=1)  # whatever is opened once, is now
    before = process.num_fds(), process.num_threads(), process.children(recursive=True)
    for _ in range(50):
        harness.explore_isolated(targets.sound, executions=2)
    assert (process.num_fds(), process.num_threads(), process.children(recursive=True)) == before
    assert list(tmp_path.iterdir()) == []


@posix
def test_crashes_errors_and_stuck_children_leave_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = psutil.Process()
    before = process.num_fds(), process.children(recursive=True)
    harness.explore_isolated(targets.always_crashes)
    with pytest.raises(harness.HarnessError):
        harness.explore_isolated(targets.leaves)
    assert (process.num_fds(), process.children(recursive=True)) == before
    assert list(tmp_path.iterdir()) == []


def test_a_crash_token_crashes_five_times_of_five() -> None:
    # The writer comes first in at least a quarter of the schedules: (3/4)**200 < 1e-24.
    found = harness.explore_isolated(targets.reads_freed_memory, executions=200).finding
    assert found is not None
    again = [harness.replay_isolated(targets.reads_freed_memory, found.token) for _ in range(5)]
    assert [(one.kind, one.token) for one in again if one is not None] == [
        (harness.FindingKind.CRASH, found.token)
    ] * 5


CRASHING_TESTS = """
import ctypes
import threading

import harness
import pytest


class Page:
    freed = False


def use(page):
    if page.freed:
        ctypes.string_at(0)


@pytest.mark.parametrize("number", range(2))
def test_use_after_free(number):
    def body():
        page = Page()
        closer = threading.Thread(target=lambda: setattr(page, "freed", True))
        closer.start()
        use(page)
        closer.join()

    finding = harness.explore_isolated(body, executions=200, seed=number).finding
    assert finding.kind is harness.FindingKind.CRASH
    assert "SIGSEGV" in finding.message
"""


@posix
@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("-p", "faulthandler", "-o", "faulthandler_timeout=60"),
        ("-p", "xdist", "-n", "2"),
        ("-s",),
    ],
    ids=["under faulthandler", "under xdist", "without capture"],
)
def test_a_crash_is_a_value_inside_a_test_run(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "test_crash.py").write_text(CRASHING_TESTS, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, "test_crash.py"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
    assert "Fatal Python error" not in done.stdout + done.stderr

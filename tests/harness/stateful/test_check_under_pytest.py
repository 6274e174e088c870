"""`check_linearizable` in plain tests: the story, the options of the run, several processes."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
    import threading
    import harness

    class Counter:
        def __init__(self):
            self.n = 0
        def add(self):
            self.n += 1
            return self.n

    class Locked(Counter):
        def __init__(self):
            super().__init__()
            self.lock = threading.Lock()
        def add(self):
            with self.lock:
                return super().add()

    def test_bad():
        harness.check_linearizable(Counter, operations=["add"])

    def test_good():
        checked = harness.check_linearizable(Locked, operations=["add"], programs=5)
        print(checked)
    """


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_mine.py").write_text(textwrap.dedent(FILE))
    return tmp_path


def run(folder: Path, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    return done.stdout


def test_a_failing_test_shows_the_story_and_none_of_our_frames(folder: Path) -> None:
    shown = run(folder)
    assert "The program:" in shown
    assert "No order explains these 2 operations" in shown
    assert "self.n += 1" in shown
    assert "from test_mine import Counter" in shown
    assert "stateful/checking.py:" not in shown


def test_the_seed_and_the_executions_of_the_run_hold_for_it_in_every_process(folder: Path) -> None:
    shown = run(folder, "--holdfast-seed", "7", "--holdfast-executions", "11", "-n", "2")
    assert "(brisk, seed 7)" in shown
    executions = re.search(r"5 programs of up to .*?, (\d+) executions", shown)
    assert executions is not None
    assert int(executions[1]) <= 55

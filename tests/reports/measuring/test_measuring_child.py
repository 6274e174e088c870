"""A command's process: its end, its bill, what it prints, what it leaves behind."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from reports.measuring.child import run_child

if TYPE_CHECKING:
    from pathlib import Path

    from reports.measuring.child import Ended

pytestmark = pytest.mark.skipif(os.name != "posix", reason="groups of processes are POSIX's")


def run(code: str, folder: Path, *, timeout_s: float = 60.0) -> Ended:
    return run_child(
        [sys.executable, "-c", code], folder=folder, environment=os.environ, timeout_s=timeout_s
    )


def test_the_end_of_its_output_is_kept_and_no_more(tmp_path: Path) -> None:
    ended = run("for at in range(200_000): print('line', at)", tmp_path)
    assert ended.code == 0
    assert ended.tail.splitlines()[-1] == "line 199999"
    assert len(ended.tail.splitlines()) == 30


def test_one_endless_line_is_cut_too(tmp_path: Path) -> None:
    ended = run("import sys; sys.stdout.write('x' * 3_000_000 + 'end')", tmp_path)
    assert ended.tail.endswith("xxend")
    assert len(ended.tail) == 16 * 1024


def test_errors_are_part_of_the_output(tmp_path: Path) -> None:
    ended = run("raise ValueError('said aloud')", tmp_path)
    assert ended.code == 1
    assert ended.ending == "exited with 1"
    assert ended.tail.endswith("ValueError: said aloud")


def test_a_signal_is_named(tmp_path: Path) -> None:
    assert run("import os; os.kill(os.getpid(), 11)", tmp_path).ending == "was ended by SIGSEGV"


def test_its_memory_and_time_are_told(tmp_path: Path) -> None:
    code = "import time; held = b'x' * 80_000_000\nend = time.process_time() + .2\n"
    ended = run(code + "while time.process_time() < end: pass", tmp_path)
    small = run("pass", tmp_path)
    assert ended.max_rss_bytes is not None
    assert small.max_rss_bytes is not None
    assert ended.max_rss_bytes - small.max_rss_bytes > 70_000_000
    assert ended.cpu_s is not None
    assert ended.cpu_s > 0.2


def test_who_ignores_a_polite_request_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    ended = run(code, tmp_path, timeout_s=0.5)
    assert ended.code is None
    assert ended.ending.startswith("was stopped after")
    assert ended.elapsed_s < 30


def test_a_helper_left_behind_does_not_hold_anybody_up(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print('done')"
    )
    ended = run(code, tmp_path)
    assert (ended.code, ended.tail) == (0, "done")
    assert ended.elapsed_s < 30


def test_what_cannot_be_started_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_child(["no-such-program"], folder=tmp_path, environment=os.environ, timeout_s=1)

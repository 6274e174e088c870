"""The benchmark of the checker reads histories, compares, and is red when a figure is missed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "benchmarks" / "linearizability.py"
# Stands in for a program with Porcupine: its answers are what a test wants them to be.
RIVAL = """#!{python}
import sys
for request in sys.stdin:
    path, whole, timeout_s = request.split()
    print("Ok {seconds}", flush=True)
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, "--histories", folder, "--rounds", "1", "--only", "h", *arguments],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip


def a_history(folder: Path, *, expected: str = "ok") -> None:
    records = [
        {"history": "h", "model": "cas-register", "expected": expected, "ops": 2},
        {"client": 0, "op": "write", "input": 1, "output": None, "call": 0, "ret": 1},
        {"client": 0, "op": "read", "input": None, "output": 1, "call": 2, "ret": 3},
    ]
    (folder / "h.jsonl").write_text("\n".join(json.dumps(one) for one in records))


def a_rival(folder: Path, seconds: float) -> str:
    rival = folder / "rival"
    rival.write_text(RIVAL.format(python=sys.executable, seconds=seconds))
    os.chmod(rival, 0o700)  # noqa: PTH101  # a program of this test
    return str(rival)


def test_a_history_is_timed_and_its_verdict_told(tmp_path: Path) -> None:
    a_history(tmp_path)
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("h              Ok ")
    assert "every figure was reached" in done.stdout


def test_a_verdict_that_is_not_the_expected_one_is_red(tmp_path: Path) -> None:
    a_history(tmp_path, expected="illegal")
    done = run(tmp_path)
    assert done.returncode == 1
    assert "missed: h: Ok" in done.stdout


def test_a_rival_that_is_slower_is_no_miss_and_one_that_is_faster_is(tmp_path: Path) -> None:
    a_history(tmp_path)
    slower = run(tmp_path, "--porcupine", a_rival(tmp_path, 1.0))
    assert slower.returncode == 0, slower.stdout
    assert "Porcupine Ok" in slower.stdout
    faster = run(tmp_path, "--porcupine", a_rival(tmp_path, 1e-9))
    assert faster.returncode == 1
    assert "cas-register against Porcupine" in faster.stdout


def test_a_folder_without_histories_is_wrong_usage(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert "no histories" in done.stderr

"""A release whose secrets are slower than their history fails: what is measured, and the gate."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from reports.commands import report_command
from tests.reports.judging.stores_with_history import add_run

ROOT = Path(__file__).resolve().parents[2]
SUITE = "benchmarks/test_bench_secret.py"
SEQUENTIAL = f"{SUITE}::test_access_to_a_32_byte_secret"
PARALLEL = f"{SUITE}::test_four_threads_read_one_secret_100_times_each"
LIFE = f"{SUITE}::test_create_and_close[32]"
COMMITS = 24
SLOWER = 1.3
NOISE = 0.02


@pytest.mark.slow
def test_the_benchmarks_of_secrets_cover_one_reader_many_and_a_whole_life() -> None:
    # As `nox -s bench` runs them; it writes what they measure into the store that the gate reads.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-o", "addopts=", "--import-mode=importlib", "-q",
         "--collect-only", SUITE],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    collected = set(done.stdout.splitlines())
    assert {SEQUENTIAL, PARALLEL, LIFE} <= collected


@pytest.mark.slow
@pytest.mark.parametrize(("slow", "code"), [(None, 0), (SEQUENTIAL, 1), (PARALLEL, 1), (LIFE, 1)])
def test_the_gate_fails_when_one_of_them_is_slower_than_its_history(
    tmp_path: Path, slow: str | None, code: int
) -> None:
    # 30 % at 2 % of noise, of 24 commits the last four: missed with a chance far below 1e-6.
    chance = random.Random(27)
    levels = {SEQUENTIAL: 5e-6, PARALLEL: 2e-3, LIFE: 5e-5}
    for commit in range(COMMITS):
        values = {
            name: level
            * chance.gauss(1.0, NOISE)
            * (SLOWER if name == slow and commit >= COMMITS - 4 else 1.0)
            for name, level in levels.items()
        }
        add_run(tmp_path / "store", values, commit=commit)
    done = CliRunner().invoke(report_command, ["gate", "--store", str(tmp_path / "store")])
    assert done.exit_code == code, done.output
    if slow is not None:
        assert slow in done.output

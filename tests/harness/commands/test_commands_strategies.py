"""Strategies on the command line: by name, and the user's own by import path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.commands.conftest import Program

pytestmark = pytest.mark.slow  # every test starts a process

MINE = """
class LastFirst:
    operations = True

    def __init__(self, seed):
        self.seed = seed

    def begin(self, execution):
        return execution < 7

    def pick(self, ready, current):
        assert all(len(task.pending) == 3 for task in ready)
        return ready[-1]
"""


@pytest.mark.parametrize("strategy", ["pct", "pos", "surw", "delay"])
def test_a_sampling_strategy_finds_the_lost_update(strategy: str, holdfast: Program) -> None:
    done = holdfast("explore", "app:lost_update", "--strategy", strategy, "--executions", "300")
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("ASSERTION: an assertion failed")
    assert f"{strategy}, seed 0" in done.stdout or "FAILED" in done.stdout


def test_a_strategy_of_the_users_is_found_by_its_import_path(holdfast: Program) -> None:
    (holdfast.folder / "mine.py").write_text(MINE)
    words = ("explore", "app:sound", "--strategy", "mine:LastFirst", "--seed", "4")
    done = holdfast(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "7 executions, none failed (mine:LastFirst, seed 4, nothing left to try)" in done.stdout


def test_a_strategy_that_is_not_there_is_named_with_those_that_are(holdfast: Program) -> None:
    done = holdfast("explore", "app:sound", "--strategy", "nonsense")
    assert done.returncode == 2
    for name in ("random", "pct", "pos", "surw", "delay"):
        assert name in done.stderr

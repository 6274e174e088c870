"""Programs of the field's literature: each bug is found, and its correct twin never fails."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

import harness
from harness import Verdict

SEEDS = range(3)


def _load() -> Any:
    path = Path(__file__).with_name("programs.py")
    spec = importlib.util.spec_from_file_location("plain_programs", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["plain_programs"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PROGRAMS = _load().PROGRAMS
each_program = pytest.mark.parametrize("program", PROGRAMS, ids=lambda one: one.name)


@each_program
@pytest.mark.parametrize("strategy", ["random", "pct"])
def test_random_and_pct_find_the_bug_within_its_budget(program: Any, strategy: str) -> None:
    # The seeds are fixed, so this does not flicker. For any other one, with the measured chance of
    # an execution: "bounded buffer" under pct, 0.003, misses with (1 - 0.003)**2000 < 0.003; all
    # others are above 0.03 and miss with less than (1 - 0.03)**500 < 1e-6.
    for seed in SEEDS:
        result = harness.explore(program.bad, strategy, executions=program.budget, seed=seed)
        assert result.finding is not None, f"seed {seed}: {result.evidence}"
        assert result.finding.kind.name == program.kind, str(result.finding)
        again = harness.replay(program.bad, result.finding.token)
        assert again is not None
        assert (again.kind, again.message) == (result.finding.kind, result.finding.message)


@each_program
def test_dfs_finds_the_bug_within_two_preemptions(program: Any) -> None:
    result = harness.explore(program.bad, "dfs", executions=program.dfs_budget)
    assert result.finding is not None, result.evidence
    assert result.finding.kind.name == program.kind, str(result.finding)


@each_program
@pytest.mark.parametrize("strategy", ["random", "pct", "dfs"])
@pytest.mark.slow
def test_the_correct_twin_never_fails(program: Any, strategy: str) -> None:
    result = harness.explore(program.good, strategy, executions=2_000, seed=1)
    assert result.finding is None, str(result)
    assert result.executions == 2_000 or result.exhausted
    # A search that is not through has not shown what it was to show.
    undecided = strategy == "dfs" and not result.exhausted
    assert result.verdict is (Verdict.UNDECIDED if undecided else Verdict.PASSED)

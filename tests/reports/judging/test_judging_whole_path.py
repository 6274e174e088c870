"""R-RP-07 from end to end: a slowdown of 30 % is flagged, identical runs are not.

Real runs of pytest-benchmark in child processes, with a clock of seeded noise. Once here;
`benchmarks/report_gate.py` does it 20 times.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.reports.judging.benchmarked_project import BenchmarkedProject

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pytest_benchmark", reason="pytest-benchmark is not installed")


@pytest.mark.slow
def test_a_slowdown_of_30_percent_is_flagged_and_identical_code_is_not(tmp_path: Path) -> None:
    project = BenchmarkedProject(tmp_path / "project")
    for at in range(3):
        project.commit(0.0, note=f"version {at}")
        project.measure(runs=3)
    same = tmp_path / "same"
    shutil.copytree(project.store, same)
    project.commit(0.0, note="nothing new")
    project.measure(runs=3, store=same)
    project.commit(0.3, note="a third slower")
    project.measure(runs=3)
    assert project.report("gate", "--store", same) == 0
    assert project.report("gate", "--store", project.store) == 1

"""What a side's commands inherit: nothing that would make them run or measure something else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reports.measuring.checkouts import existing_code
from reports.measuring.environments import Side


@pytest.mark.parametrize("name", ["PYTEST_XDIST_WORKER", "PYTEST_ADDOPTS", "PYTHONHOME"])
def test_what_would_change_a_sides_run_is_not_handed_on(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "gw0")
    monkeypatch.setenv("MY_OWN", "stays")
    side = Side(
        name="base",
        code=existing_code(tmp_path),
        checkout=tmp_path,
        python=Path(sys.executable),
        paths=(tmp_path,),
    )
    variables = side.environment(MORE="1")
    assert name not in variables
    assert variables["MY_OWN"] == "stays"
    assert variables["MORE"] == "1"
    assert variables["PYTHONPATH"] == str(tmp_path)

"""The manual's samples run, and what it promises about limits is what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from reports import Store
from reports.commands import report_command
from reports.judging.judge import FLOOR, LEAST_HISTORY_RUNS, NOISE_MULTIPLE
from reports.judging.noise import BASELINE_RUNS, NOISE_RUNS

if TYPE_CHECKING:
    import pytest

MANUAL = (Path(__file__).resolve().parents[2] / "docs" / "reports.md").read_text(encoding="utf-8")


def test_every_python_sample_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    samples = re.findall(r"```python\n(.*?)```", MANUAL, flags=re.DOTALL)
    assert samples
    for sample in samples:
        exec(compile(sample, "docs/reports.md", "exec"), {})  # noqa: S102  # our own manual
    with Store(tmp_path / "store") as store:
        assert [one.key.benchmark for one in store.all_series()] == ["parse a large file"]


def test_every_command_of_the_manual_exists() -> None:
    named = set(re.findall(r"holdfast report (\w+)", MANUAL))
    assert named
    for name in named:
        result = CliRunner().invoke(report_command, [name, "--help"])
        assert result.exit_code == 0, name


def test_the_numbers_of_the_manual_are_the_codes() -> None:
    assert f"the floor, {FLOOR:.0%}".replace("%", " %") in MANUAL
    assert f"{NOISE_MULTIPLE:.0f} times the noise" in MANUAL
    assert f"the last {BASELINE_RUNS} runs before it" in MANUAL
    assert f"the last {NOISE_RUNS} runs" in MANUAL
    assert f"fewer than {LEAST_HISTORY_RUNS} earlier runs" in MANUAL

"""The manual's samples run, and what it promises about limits is what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from reports import Store
from reports.commands import report_command

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

"""What the page about comparing commits types is what the command takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from reports.measuring import child_figures, run_side
from reports.measuring.commands import measure_command

PAGE = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "compare-commits.md"
LINES = re.findall(r"^\$ holdfast report measure (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)


def test_there_is_something_to_check() -> None:
    assert len(LINES) >= 8


@pytest.mark.parametrize("line", LINES)
def test_the_command_takes_every_line_of_the_page(line: str) -> None:
    context = measure_command.make_context("measure", shlex.split(line))
    assert context.params["resume"] or (context.params["base"] and context.params["head"])


def test_a_line_it_does_not_take_would_be_found() -> None:
    with pytest.raises(click.UsageError):
        measure_command.make_context("measure", ["main", "HEAD", "--no-such-option"])


def test_the_metrics_of_the_page_are_those_that_are_taken() -> None:
    told = set(re.findall(r"^\| `(.+?)` \|", PAGE.read_text("utf-8"), re.MULTILINE))
    source = "".join(Path(one.__file__).read_text("utf-8") for one in (run_side, child_figures))
    assert told - {"time"} == set(re.findall(r'(?:_measure\(|metric=)"([^"]+)"', source))

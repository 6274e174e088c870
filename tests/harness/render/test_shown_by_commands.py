"""`--explain` and `--html` of the commands, and the file that the latter writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from harness.commands import explore_command, replay_command

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """\
import threading
class Box: n = 0
def body():
    box = Box()
    def add(): box.n += 1
    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert box.n == 2
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "shown_counter.py").write_text(SOURCE, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return "shown_counter:body"


# `random` finds it under more than one in ten schedules: misses with 0.9**1000.
@pytest.mark.parametrize("isolated", [[], ["--isolated"]], ids=["here", "isolated"])
def test_explore_and_replay_explain_and_write_the_page(
    module: str, isolated: list[str], tmp_path: Path
) -> None:
    first, again = tmp_path / "new" / "first.html", tmp_path / "again.html"
    options = ["--explain", "--html", str(first), "--strategy", "random", *isolated]
    done = CliRunner().invoke(explore_command, [module, *options])
    assert done.exit_code == 1, done.output
    assert "What happened, step by step:" in done.output
    assert "How it came to be" not in done.output
    assert f"\nPage:    {first}\n" in done.output
    token = re.search(r"hf2\.\S+", done.output)
    assert token is not None
    options = ["--html", str(again), *isolated]
    done = CliRunner().invoke(replay_command, [module, token[0], *options])
    assert done.exit_code == 1, done.output
    assert "How it came to be" in done.output  # without --explain it is the lanes
    for page in (first, again):
        text = page.read_text("utf-8")
        assert text.startswith("<!doctype html>")
        assert token[0] in text
        assert 'class="step' in text


def test_a_page_that_cannot_be_written_is_said_and_the_story_is_told_all_the_same(
    module: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    done = CliRunner().invoke(
        explore_command,
        [module, "--strategy", "random", "--html", str(tmp_path / "file" / "page.html")],
    )
    assert done.exit_code == 1
    assert "How it came to be" in done.output
    assert "the page cannot be written to" in done.output
    assert "Page:" not in done.output


@pytest.mark.parametrize("command", [explore_command, replay_command], ids=["explore", "replay"])
def test_help_names_both(command: object) -> None:
    text = CliRunner().invoke(command, ["--help"]).output  # type: ignore[arg-type]  # a command
    assert "--explain" in text
    assert "--html FILE" in text

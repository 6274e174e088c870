"""The one line of a failure: in pytest's summary, with --tb=line, in a JUnit file."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.pytest_plugin.conftest import Project

SUMMARY = "FAILED tests/test_race.py::test_race - AssertionError in main: assert 1 == 2"


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["in one process", "under xdist"])
def test_the_summary_names_what_happened(racy: Project, words: tuple[str, ...]) -> None:
    run = racy.pytest(*words)
    assert run.code == 1
    assert SUMMARY in run.text.splitlines()
    assert "How it came to be" in run.text


def test_a_line_is_all_that_was_asked_for(racy: Project) -> None:
    run = racy.pytest("--tb=line")
    assert "test_race.py:6: AssertionError in main: assert 1 == 2" in run.text
    assert "How it came to be" not in run.text


def test_a_junit_file_has_the_line_and_the_story(racy: Project) -> None:
    racy.pytest("--junitxml=out.xml")
    text = (racy.folder / "out.xml").read_text("utf-8")
    assert re.search(r'<failure message="AssertionError in main: assert 1 == 2', text)
    assert "How it came to be" in text


def test_the_failed_one_runs_alone_when_asked_for(racy: Project) -> None:
    racy.write("tests/test_sound.py", "def test_sound(): pass\n")

    def summary(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *words],
            cwd=racy.folder, capture_output=True, check=False, timeout=60, **racy.options(),
        )  # fmt: skip
        return str(done.stdout).splitlines()[-1]

    assert summary().startswith("1 failed, 1 passed in")
    assert summary("--lf").startswith("1 failed in")


def test_the_story_fits_the_terminal(racy: Project) -> None:
    story = racy.pytest().text.partition("How it came to be")[2].partition("Replay:")[0]
    assert max(len(line) for line in story.splitlines()) <= 120
    assert re.search(r"^ +main +Thread-1 +Thread-2$", story, re.MULTILINE)


def test_a_repair_that_leaves_the_schedule_in_place_passes_it(racy: Project) -> None:
    """A failing assertion looks at its values again, so the run that fails does more."""
    words = racy.pytest().replay_words()
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    racy.write("tests/test_race.py", source.replace("till.sum == 2", "till.sum == 1"))
    assert racy.pytest(*words[1:]).code == 0

"""What a failing test prints, and how it is run again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.pytest_plugin.conftest import Project

pytestmark = pytest.mark.slow  # every test starts a process

# Every race here loses an update in at least a quarter of the schedules; with 200 executions the
# chance that none fails is below (3/4)**200 < 1e-24.


def test_a_failure_is_the_story_and_not_the_engine(racy: Project) -> None:
    run = racy.pytest()
    assert run.code == 1
    assert run.counts() == {"failed": 1}
    assert "ASSERTION: an assertion failed" in run.text
    assert "AssertionError in main: assert 1 == 2" in run.text, "pytest explains the assertion"
    assert "read Till.sum → 0" in run.text
    assert "self.sum += 1" in run.text
    assert "harness/engine" not in run.text
    assert "Traceback" not in run.text
    assert (
        "FAILED tests/test_race.py::test_race - AssertionError in main: assert 1 == 2" in run.text
    )


def test_the_printed_command_runs_that_schedule_again(racy: Project) -> None:
    run = racy.pytest()
    words = run.replay_words()
    assert words[:3] == ["pytest", "tests/test_race.py::test_race", "--holdfast-replay"]
    again = racy.pytest(*words[1:])
    assert again.code == 1
    assert again.replay_words() == words
    assert "The pinned schedule fails again." in again.text


def test_the_command_fits_the_folder_that_pytest_was_called_in(racy: Project) -> None:
    racy.write(
        "tests/deep/test_deep.py",
        "import harness\n@harness.interleaved\ndef test_it():\n    assert 0\n",
    )
    below = racy.folder / "tests"
    run = racy.pytest("deep", cwd=below)
    words = run.replay_words()
    assert words[1] == "deep/test_deep.py::test_it"
    assert racy.pytest(*words[1:], cwd=below).code == 1


def test_a_schedule_that_was_repaired_passes(racy: Project) -> None:
    words = racy.pytest().replay_words()
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    racy.write("tests/test_race.py", source.replace("till.sum == 2", "till.sum <= 2"))
    assert racy.pytest(*words[1:]).code == 0


def test_changed_code_is_refused_with_the_reason(racy: Project) -> None:
    words = racy.pytest().replay_words()
    source = (racy.folder / "shop" / "till.py").read_text("utf-8")
    racy.write(
        "shop/till.py", source.replace("self.sum += 1", "self.sum = self.sum + self.sum + 1")
    )
    run = racy.pytest(*words[1:])
    assert run.code == 1
    assert "DriftError" in run.text
    assert "take the new token" in run.text
    assert "harness/engine" not in run.text


def test_a_damaged_token_is_refused_with_the_reason(racy: Project) -> None:
    run = racy.pytest("--holdfast-replay", "hf2.AAAA")
    assert run.code == 1
    assert "it is damaged or cut off" in run.text
    assert "harness/" not in run.text


def test_a_token_for_several_tests_is_wrong_usage(racy: Project) -> None:
    racy.write(
        "tests/test_other.py",
        "import harness\n@harness.interleaved(strategy='random')\ndef test_it(): pass\n",
    )
    run = racy.pytest("--holdfast-replay", "hf2.AAAA")
    assert run.code == 4
    assert "2 decorated tests are chosen" in run.text


def test_breakpoint_opens_pytests_debugger_in_a_replay(racy: Project) -> None:
    words = racy.pytest().replay_words()
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    racy.write("tests/test_race.py", source.replace("    both(", "    breakpoint()\n    both("))
    run = racy.pytest(*words[1:], stdin="p 'till is', till.sum\nc\n")
    assert "('till is', 0)" in run.text
    assert run.code == 1


def test_seed_and_executions_can_be_given(racy: Project) -> None:
    test = 'import harness\n@harness.interleaved(strategy="random")\ndef test_it(): pass\n'
    racy.write("tests/test_race.py", test)
    run = racy.pytest("-v", "--holdfast-seed", "7", "--holdfast-executions", "20")
    assert run.code == 0
    assert "test_it: 20 executions, none failed (random, seed 7)" in run.text
    assert "1 interleaved test, 20 executions" in run.text
    assert racy.pytest("--holdfast-executions", "0").code == 4


def test_undecided_fails(project: Project) -> None:
    project.write("test_polls.py", POLLS.format(settings="max_steps=100"))
    run = project.pytest()
    assert run.code == 1
    assert "undecided: 10 of 10 executions met the bound of 100 steps" in run.text


def test_undecided_warns_if_the_test_says_so(project: Project) -> None:
    project.write("test_polls.py", POLLS.format(settings="max_steps=100, undecided='warn'"))
    run = project.pytest("-o", "filterwarnings=default")
    assert run.counts() == {"passed": 1, "warning": 1}
    assert "UndecidedWarning" in run.text
    assert project.pytest().code == 1, "a warning is an error where the project says so"


POLLS = """
import threading
import harness

@harness.interleaved({settings})
def test_polls():
    done = []
    threading.Thread(target=lambda: None).start()
    turns = 0
    while not done:
        turns += 1
"""


def test_an_error_of_use_is_its_sentence(project: Project) -> None:
    project.write(
        "test_forks.py",
        "import os\nimport harness\n@harness.interleaved\ndef test_forks():\n    os.fork()\n",
    )
    run = project.pytest()
    assert run.code == 1
    assert "UncontrolledError: os.fork" in run.text
    assert "test_forks.py:5" in run.text
    assert "harness/engine" not in run.text


@pytest.mark.skipif(sys.platform == "win32", reason="a function in a child needs fork")
def test_a_crash_is_a_failure_with_its_story_and_the_others_run_on(project: Project) -> None:
    project.write(
        "test_crash.py",
        """
        import ctypes, threading
        import harness

        @harness.interleaved(executions=200, isolated=True)
        def test_crash():
            freed = []
            thread = threading.Thread(target=lambda: freed.append(1))
            thread.start()
            if freed:
                ctypes.string_at(0)
            thread.join()

        def test_after(): pass
        """,
    )
    run = project.pytest("--holdfast-seed", "1")
    assert run.counts() == {"failed": 1, "passed": 1}
    assert "CRASH: a signal ended the process" in run.text
    assert "ctypes.string_at(0)" in run.text
    words = run.replay_words()
    again = project.pytest(*words[1:])
    assert again.counts() == {"failed": 1}
    assert "SIGSEGV" in again.text

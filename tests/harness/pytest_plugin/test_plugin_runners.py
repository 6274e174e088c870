"""Decorated tests under everything that runs tests."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.pytest_plugin.conftest import Project

pytestmark = pytest.mark.slow  # every test starts a process

WAYS = """
import unittest
import pytest
import harness
from shop.till import Till
from support import both

@pytest.fixture
def till():
    return Till()

@pytest.mark.parametrize("wanted", [1, 2])
@harness.interleaved(executions=100)
def test_parametrized(wanted):
    till = Till()
    both(till.add)
    assert till.sum >= wanted

@harness.interleaved(executions=100)
@pytest.mark.parametrize("wanted", [3])
def test_the_other_way_round(wanted):
    assert wanted == 3

@harness.interleaved(executions=10)
def test_fresh(till, tmp_path, monkeypatch):
    till.add()
    assert till.sum <= 1

class TestClass:
    @harness.interleaved(executions=100)
    def test_method(self):
        till = Till()
        both(till.add)
        assert till.sum == 2

class Case(unittest.TestCase):
    def setUp(self):
        self.wanted = 2

    @harness.interleaved(executions=100)
    def test_unittest(self):
        till = Till()
        both(till.add)
        self.assertEqual(till.sum, self.wanted)

@harness.interleaved
def test_skips():
    pytest.skip("not today")

@harness.interleaved
def test_skips_as_unittest():
    raise unittest.SkipTest("not today")

@pytest.mark.xfail(strict=True)
@harness.interleaved(executions=100)
def test_expected_to_fail():
    till = Till()
    both(till.add)
    assert till.sum == 2
"""
OUTCOMES = {
    "test_parametrized[1]": "PASSED",
    "test_parametrized[2]": "FAILED",
    "test_the_other_way_round[3]": "PASSED",
    "test_fresh": "PASSED",
    "TestClass::test_method": "FAILED",
    "Case::test_unittest": "FAILED",
    "test_skips": "SKIPPED",
    "test_skips_as_unittest": "SKIPPED",
    "test_expected_to_fail": "XFAIL",
}


@pytest.fixture
def ways(project: Project) -> Project:
    project.write("test_ways.py", WAYS)
    return project


def outcomes(text: str) -> dict[str, str]:
    told = re.findall(r"^test_ways\.py::(\S+) (PASSED|FAILED|SKIPPED|XFAIL)\b", text, re.MULTILINE)
    told += [
        (name, word)
        for word, name in re.findall(
            r"^\[gw\d\] \[ *\d+%\] (PASSED|FAILED|SKIPPED|XFAIL) test_ways\.py::(\S+)",
            text,
            re.MULTILINE,
        )
    ]
    return dict(told)


def test_fixtures_parameters_methods_and_skips(ways: Project) -> None:
    assert outcomes(ways.pytest("-v").text) == OUTCOMES


def test_the_same_under_xdist_with_the_stories(ways: Project) -> None:
    run = ways.pytest("-v", "-n", "2")
    assert outcomes(run.text) == OUTCOMES
    assert "read Till.sum → 0" in run.text
    assert "harness/engine" not in run.text
    assert "8 interleaved tests" not in run.text, "skipped tests explored nothing"
    assert re.search(r"^7 interleaved tests, \d+ executions in ", run.text, re.MULTILINE)


def test_a_parametrized_test_is_replayed_with_its_parameter(ways: Project) -> None:
    run = ways.pytest("-k", "test_parametrized")
    words = run.replay_words()
    assert words[1] == "test_ways.py::test_parametrized[2]"
    assert ways.pytest(*words[1:]).counts() == {"failed": 1}


def test_the_first_failure_can_end_the_run(ways: Project) -> None:
    run = ways.pytest("-x", "-v")
    assert outcomes(run.text) == {
        "test_parametrized[1]": "PASSED",
        "test_parametrized[2]": "FAILED",
    }


@pytest.mark.parametrize("words", [["--tb=short"], ["--tb=line"], ["--tb=no"], ["-q"], ["-rA"]])
def test_every_way_of_printing_works(ways: Project, words: list[str]) -> None:
    run = ways.pytest(*words)
    assert run.code == 1
    assert "INTERNALERROR" not in run.text
    assert run.counts()["failed"] == 3


def test_a_junit_file_holds_the_story(ways: Project) -> None:
    ways.pytest("--junitxml=out.xml")
    assert "How it came to be" in (ways.folder / "out.xml").read_text("utf-8")


@pytest.mark.parametrize("plugin", ["no:holdfast", "no:assertion"])
def test_without_a_plugin_the_tests_still_explore(racy: Project, plugin: str) -> None:
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    # What cannot be rewritten on import is rewritten in place where the test itself holds it.
    racy.write("tests/test_race.py", source.replace("from shop.till import Till", TILL_HERE))
    run = racy.pytest("-p", plugin)
    assert run.counts() == {"failed": 1}
    assert "an assertion failed" in run.text


TILL_HERE = """
class Till:
    sum = 0
    def add(self):
        self.sum += 1
"""


def test_unittest_itself_runs_them(ways: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "test_ways.Case"],
        cwd=ways.folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "Ran 1 test" in done.stderr


def test_an_exception_in_a_thread_is_a_finding_under_pytest(project: Project) -> None:
    """pytest has a thread hook of its own, which must not swallow it."""
    project.write(
        "test_hook.py",
        """
        import threading
        import harness

        @harness.interleaved(executions=5)
        def test_hook():
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
        """,
    )
    run = project.pytest()
    assert run.counts() == {"failed": 1}
    assert "ZeroDivisionError" in run.text
    assert "harness/engine" not in run.text


def test_a_test_file_can_pin_schedules(racy: Project) -> None:
    token = racy.pytest().replay_words()[-1]
    source = (racy.folder / "tests" / "test_race.py").read_text("utf-8")
    mark = '@harness.interleaved(strategy="pct", executions=200)'
    racy.write("tests/test_race.py", source.replace(mark, f'@harness.regression("{token}")'))
    run = racy.pytest()
    assert run.counts() == {"failed": 1}
    assert "The pinned schedule fails again." in run.text
    assert run.replay_words()[-1] == token
    both_marks = source.replace(
        mark, f'@harness.regression("{token}")\n@harness.interleaved(strategy="random")'
    )
    racy.write("tests/test_race.py", both_marks.replace("till.sum == 2", "till.sum <= 2"))
    run = racy.pytest("-v")
    assert run.counts() == {"passed": 1}
    assert "500 executions, none failed" in run.text

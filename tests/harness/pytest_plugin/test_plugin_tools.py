"""Interleaved tests beside the rest of pytest: debugger, time limits, reports, output."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.harness.pytest_plugin.conftest import Project

pytestmark = pytest.mark.slow  # every test starts a process

STORY = "How it came to be"
SOUND = """
import harness
from shop.till import Till
from support import both

@harness.interleaved(executions=30, strategy="random")
def test_sound():
    print("some words")
    both(Till().add)

def test_plain():
    assert True
"""


@pytest.fixture
def mixed(racy: Project) -> Project:
    """A test that fails, one that does not, and a plain one."""
    racy.write("tests/test_sound.py", SOUND)
    return racy


def with_all_plugins(project: Project, *words: str, stdin: str = "") -> str:
    """Run pytest with what the fixture's project leaves out for speed."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:benchmark", *words],
        cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        timeout=60, input=stdin, **project.options(),
    )  # fmt: skip
    return str(done.stdout)


# -- output ----------------------------------------------------------------------------------------


def section(text: str) -> list[str]:
    """Return the lines of our part of the summary."""
    below = r"^=+ holdfast =+$\n(.*?)(?=^=|^\d+ \w+ in )"
    (found,) = re.findall(below, text, re.MULTILINE | re.DOTALL)
    return str(found).splitlines()


def test_the_summary_names_tests_executions_evidence_and_the_slowest(mixed: Project) -> None:
    mixed.write(
        "tests/test_slow.py",
        """
        import harness

        @harness.interleaved(executions=4, strategy="random")
        def test_slow():
            sum(range(20_000_000))  # real work
        """,
    )
    lines = section(mixed.pytest("-v").text)
    assert re.fullmatch(r"3 interleaved tests, \d+ executions in [\d.]+ s", lines[0])
    assert lines[1] == "  failed: tests/test_race.py::test_race: execution 2 failed (pct, seed 0)"
    assert "  passed: tests/test_slow.py::test_slow: 4 executions, none failed" in lines[2]
    assert lines[-1].startswith("slowest: tests/test_slow.py::test_slow ")


def test_only_what_did_not_pass_is_named_unless_asked_for(mixed: Project) -> None:
    lines = section(mixed.pytest().text)
    assert [line.split(":")[0] for line in lines[1:]] == ["  failed"]
    assert len(section(mixed.pytest("-q").text)) == 1
    assert "holdfast ==" not in mixed.pytest("tests/test_sound.py::test_plain").text


@pytest.mark.parametrize(
    ("words", "story"),
    [(["--tb=short"], True), (["--tb=long"], True), (["--tb=native"], True), (["--tb=line"], False),
     (["--tb=no"], False), (["-q"], True), (["-v"], True), (["-rA"], True), (["-s"], True),
     (["-p", "no:cacheprovider"], True), (["-p", "no:logging"], True), (["-p", "no:capture"], True),
     (["--capture=sys"], True), (["--full-trace"], True), (["--showlocals"], True),
     (["-n", "2"], True), (["--durations=3"], True), (["--color=yes"], True)],
    ids=lambda value: "-".join(value) if isinstance(value, list) else str(value),
)  # fmt: skip
def test_every_way_of_printing_shows_the_story_or_leaves_it_out(
    mixed: Project,
    words: list[str],
    story: bool,  # noqa: FBT001  # a parameter
) -> None:
    run = mixed.pytest(*words)
    assert run.code == 1
    assert (STORY in run.text) is story
    for word in ("INTERNALERROR", "harness/engine", "harness/trial", "Traceback"):
        assert word not in run.text
    if "--color=yes" not in words:
        assert run.counts() == {"failed": 1, "passed": 2}


def test_output_goes_through_where_nothing_is_captured(mixed: Project) -> None:
    text = mixed.pytest("-s", "tests/test_sound.py").text
    assert text.count("some words") == 2 + 30


def test_the_first_failure_ends_the_run(mixed: Project) -> None:
    assert mixed.pytest("-x").counts() == {"failed": 1}
    assert mixed.pytest("--maxfail=1", "-n", "1").counts()["failed"] == 1


def test_what_failed_last_runs_alone_and_a_new_run_is_a_whole_one(mixed: Project) -> None:
    assert "1 failed, 2 passed in" in with_all_plugins(mixed, "-q")
    text = with_all_plugins(mixed, "-q", "--lf")
    assert "1 failed in" in text
    assert "kept from an earlier run" in text
    assert "1 failed, 2 passed in" in with_all_plugins(mixed, "-q", "--ff")


# -- reports for programs --------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["in one process", "under xdist"])
def test_a_junit_file_has_story_token_and_figures(mixed: Project, words: list[str]) -> None:
    token = mixed.pytest("--junit-xml=out.xml", *words).replay_words()[-1]
    cases = {case.get("name"): case for case in ET.parse(mixed.folder / "out.xml").iter("testcase")}  # noqa: S314  # our own file
    failure = cases["test_race"].find("failure")
    assert failure is not None
    assert failure.get("message") == "AssertionError in main: assert 1 == 2"
    assert STORY in str(failure.text)

    def properties(name: str) -> dict[str | None, str | None]:
        return {one.get("name"): one.get("value") for one in cases[name].iter("property")}

    assert properties("test_race") == {
        "holdfast_verdict": "FAILED",
        "holdfast_executions": "2",
        "holdfast_evidence": "execution 2 failed (pct, seed 0)",
        "holdfast_token": token,
    }
    assert properties("test_sound")["holdfast_verdict"] == "PASSED"
    assert properties("test_sound")["holdfast_executions"] == "30"
    assert properties("test_plain") == {}


# -- debugger and time -----------------------------------------------------------------------------


def test_the_debugger_stands_where_the_test_failed(racy: Project) -> None:
    text = with_all_plugins(racy, "--pdb", stdin="p 'its sum', till.sum\nq\n")
    assert STORY in text
    assert "('its sum', 1)" in text
    assert "harness/" not in text


def test_the_debugger_of_a_deadlock_shows_the_story_and_goes(project: Project) -> None:
    project.write(
        "test_dead.py",
        """
        import threading
        import harness

        @harness.interleaved
        def test_dead():
            lock = threading.Lock()
            lock.acquire()
            lock.acquire()
        """,
    )
    text = with_all_plugins(project, "--pdb", stdin="q\n")
    assert "DEADLOCK" in text
    assert "Exit" in text


ENDLESS = """
import pytest
import harness
from shop.till import Till
from support import both

{decorators}
def test_long():
    both(Till().add)

def test_after():
    assert True
"""
LONG = "@harness.interleaved(executions=10_000_000, strategy='random'{more})"


@pytest.mark.parametrize("more", ["", ", isolated=True"], ids=["here", "isolated"])
def test_the_time_limit_of_a_test_is_no_finding(project: Project, more: str) -> None:
    mark = "@pytest.mark.timeout(1)\n" + LONG.format(more=more)
    project.write("test_it.py", ENDLESS.format(decorators=mark))
    text = with_all_plugins(project, "-p", "timeout")
    assert "1 failed, 1 passed in" in text
    assert "The test's time ended while it was explored; no schedule has failed." in text
    assert "--holdfast-time" in text
    assert STORY not in text
    assert "NONDETERMINISM" not in text
    assert not (project.folder / ".holdfast").exists()


def test_a_time_limit_reaches_code_without_a_step(project: Project) -> None:
    project.write("spinning.py", "def spin():\n    while True:\n        pass\n")
    project.write(
        "test_it.py",
        """
        import pytest
        import harness
        from spinning import spin

        @pytest.mark.timeout(1)
        @harness.interleaved
        def test_stuck():
            try:
                spin()
            except BaseException:
                pass
        """,
    )
    text = with_all_plugins(project)
    assert "The test's time ended" in text
    assert "1 failed in" in text


def test_other_tests_keep_their_time_limit(mixed: Project) -> None:
    mixed.write(
        "tests/test_slow.py",
        """
        import time
        import pytest

        @pytest.mark.timeout(0.5)
        def test_sleeps():
            time.sleep(30)
        """,
    )
    text = with_all_plugins(mixed, "tests/test_sound.py", "tests/test_slow.py")
    assert "1 failed, 2 passed in" in text
    assert "Timeout (>0.5s)" in text
    assert "while it was explored" not in text


INTERRUPTED = """
import os
import signal
import pytest
import harness
from shop.till import Till
from support import both

RUNS = []

@pytest.fixture(scope="module")
def wide():
    yield
    print("the wide one is gone")

@pytest.fixture
def till(wide):
    yield Till()
    if len(RUNS) == {runs}:
        RUNS.append("Ctrl-C")
        os.kill(os.getpid(), signal.SIGINT)

@harness.interleaved(executions=1_000_000, strategy="random")
def test_long(till):
    both(till.add)
    if {counted}:
        RUNS.append(1)
    assert {condition}
"""


def test_ctrl_c_says_how_far_it_was_and_clears_up(project: Project) -> None:
    source = INTERRUPTED.format(runs=60, counted=True, condition="till.sum")
    project.write("test_it.py", source)
    run = project.pytest("-s")
    assert run.code == 2
    assert "the wide one is gone" in run.text
    assert re.search(r"^  undecided: \S+::test_long: interrupted after 5\d", run.text, re.MULTILINE)
    assert "INTERNALERROR" not in run.text


def test_ctrl_c_does_not_lose_a_failure_that_was_found(project: Project) -> None:
    """It comes while the failing schedule is made smaller: in the eighth run that fails."""
    source = INTERRUPTED.format(runs=8, counted="till.sum != 2", condition="till.sum == 2")
    project.write("test_it.py", source)
    run = project.pytest("-s")
    assert run.code == 2, run.text
    assert "it had failed when Ctrl-C came, and was being made smaller: " in run.text
    command = r"^ +(pytest test_it.py::test_long --holdfast-replay \S+)$"
    (line,) = re.findall(command, run.text, re.MULTILINE)
    assert len(list((project.folder / ".holdfast" / "failures").glob("*.json"))) == 1
    assert project.pytest(*line.split()[1:]).counts() == {"failed": 1}


# -- selection and marks of others -----------------------------------------------------------------


def test_skipped_and_expected_failures_are_as_ever(racy: Project) -> None:
    racy.write(
        "tests/test_more.py",
        """
        import pytest
        import harness

        @pytest.mark.skip(reason="not now")
        @harness.interleaved
        def test_skipped(): assert 0

        @pytest.mark.xfail(reason="known")
        @harness.interleaved
        def test_known(): assert 0

        @pytest.fixture
        def known(request):
            request.applymarker(pytest.mark.xfail(reason="by a fixture"))

        @harness.interleaved(executions=3)
        def test_by_a_fixture(known): assert 0

        @harness.interleaved(executions=3)
        def test_from_inside(): pytest.xfail("from inside")

        @harness.interleaved(executions=3)
        def test_exit(): pytest.exit("enough")

        def test_never(): pass
        """,
    )
    run = racy.pytest("-v", "tests/test_more.py")
    assert run.counts() == {"skipped": 1, "xfailed": 3}
    assert "enough" in run.text


def test_set_up_alone_can_be_shown(mixed: Project) -> None:
    run = mixed.pytest("--setup-only", "tests/test_sound.py")
    assert run.code == 0
    assert "INTERNALERROR" not in run.text
    assert mixed.pytest("--collect-only", "-q").code == 0
    assert mixed.pytest("--setup-plan", "tests/test_sound.py").code == 0
    shown = mixed.pytest("--setup-show", "tests/test_sound.py")
    assert shown.counts() == {"passed": 2}
    assert shown.text.count("SETUP    F") < 5, "not one for each execution"


def test_a_test_that_runs_again_in_one_session_is_explored_again(project: Project) -> None:
    """What plugins do that repeat flaky tests."""
    project.write(
        "conftest.py",
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                runtestprotocol(item, nextitem=nextitem)
            return True
        """,
    )
    project.write("test_sound.py", SOUND)
    run = project.pytest("-v")
    assert run.counts() == {"passed": 4}
    assert run.text.count("30 executions, none failed") == 2

"""A whole suite under xdist, with junit files, and with the options that pytest itself has."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.harness.holdfast_all.conftest import Suite

pytestmark = pytest.mark.slow  # every test starts a process

MIXED = """
def test_plain():
    assert Till().sum == 0

def test_racy():
    till = Till()
    both(till.add)
    assert till.sum == 2

def test_right():
    both(lambda: None)

def test_wrong():
    both(lambda: None)
    assert 1 == 2

def test_socket():
    here, there = socket.socketpair()
    thread = threading.Thread(target=lambda: here.recv(3))
    thread.start()
    time.sleep(0.01)
    there.close()
    thread.join()
    here.close()
"""


@pytest.fixture
def mixed(suite: Suite) -> Suite:
    suite.tests(MIXED)
    return suite


def test_xdist_tells_the_same(mixed: Suite) -> None:
    alone = mixed.explore()
    shutil.rmtree(mixed.folder / ".holdfast")  # else what failed is tried first
    shared = mixed.explore("-n", "2")
    assert shared.counts == alone.counts == {"failed": 2, "passed": 3}
    assert shared.headline == alone.headline
    assert shared.headline.startswith("5 tests, 4 with threads, 2 explored in ")
    assert "read Till.sum → 0" in shared.text
    assert shared.replay_words() == alone.replay_words()


def test_a_junit_file_has_the_verdicts_as_properties(mixed: Suite) -> None:
    mixed.explore("--junitxml=out.xml")
    cases = {
        case.get("name"): {one.get("name"): one.get("value", "") for one in case.iter("property")}
        for case in ET.parse(mixed.folder / "out.xml").iter("testcase")  # noqa: S314  # ours
    }
    assert cases["test_plain"] == {}
    assert cases["test_racy"]["holdfast"] == "FAILED"
    assert cases["test_racy"]["holdfast_token"].startswith("hf2.")
    assert cases["test_right"]["holdfast_executions"] == "200"
    assert cases["test_right"]["holdfast_words"].startswith("200 executions, none failed")
    assert cases["test_wrong"]["holdfast"] == "NOT_EXPLORED"
    assert cases["test_socket"]["holdfast"] == "UNCONTROLLED"
    assert cases["test_socket"]["holdfast_words"] == "socket.recv that would block"


def test_quiet_says_a_line_and_verbose_all(mixed: Suite) -> None:
    quiet = mixed.explore("-q").section
    assert len(quiet.strip().splitlines()) == 1
    verbose = mixed.explore("-v").section
    assert "passed:\n  test_shop.py::test_right: 200 executions, none failed" in verbose
    assert "- test_shop.py::test_socket (test_shop.py:" in verbose


def test_the_first_failure_can_end_the_run(mixed: Suite) -> None:
    run = mixed.explore("-x")
    assert run.counts == {"failed": 1, "passed": 1}
    assert "stopping after 1 failures" in run.text


def test_what_failed_last_can_be_run_alone_and_is_tried_first(mixed: Suite) -> None:
    first = mixed.explore()
    run = mixed.explore("--lf")
    assert run.counts == {"failed": 2}
    assert "a schedule that is known fails again" in run.text
    assert run.replay_words() == first.replay_words()


@pytest.mark.parametrize("words", [["--tb=short"], ["--tb=line"], ["--tb=no"], ["-rA"], ["-s"]])
def test_every_way_of_printing_works(mixed: Suite, words: list[str]) -> None:
    run = mixed.explore("--holdfast-executions=20", *words)
    assert run.code == 1
    assert "INTERNALERROR" not in run.text
    assert run.counts == {"failed": 2, "passed": 3}


def test_what_executions_print_is_not_shown(suite: Suite) -> None:
    suite.tests("""
    def test_prints():
        both(lambda: print("a line"))
    """)
    assert suite.explore("-s").text.count("a line") == 2


def test_wider_fixtures_are_torn_down_once_and_an_error_there_is_told(suite: Suite) -> None:
    suite.tests("""
    @pytest.fixture(scope="module")
    def shared():
        print("made")
        yield []
        print("unmade")
        raise OSError("no more")

    def test_one(shared):
        both(lambda: None)

    def test_two(shared):
        both(lambda: None)
    """)
    run = suite.explore("-rA")
    assert run.counts == {"passed": 2, "error": 1}
    assert len(re.findall("^made$", run.text, re.MULTILINE)) == 1
    assert len(re.findall("^unmade$", run.text, re.MULTILINE)) == 1
    assert "OSError: no more" in run.text


def test_the_help_says_what_fails_and_what_does_not(suite: Suite) -> None:
    help_text = " ".join(suite.run("--help").text.split())
    assert "--holdfast-all" in help_text
    assert "one that cannot be controlled is listed and does not" in help_text

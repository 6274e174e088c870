"""What becomes of tests that were never written for exploring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.holdfast_all.conftest import Suite

pytestmark = pytest.mark.slow  # every test starts a process

RACY = """\
def test_both_are_counted():
    till = Till()
    both(till.add)
    assert till.sum == 2
"""
GUARDED = """
def test_both_are_counted():
    till, lock = Till(), threading.Lock()

    def add():
        with lock:
            till.add()

    both(add)
    assert till.sum == 2
"""


def test_a_lost_update_is_found_in_an_unmodified_test(suite: Suite) -> None:
    suite.tests(RACY)
    assert suite.run().counts == {"passed": 1}
    run = suite.explore()
    assert run.code == 1
    assert run.counts == {"failed": 1}
    assert "read Till.sum → 0" in run.text
    assert "harness/" not in run.text
    assert "FAILED test_shop.py::test_both_are_counted - AssertionError in main" in run.text
    assert "1 test, 1 with threads, 1 explored" in run.headline
    assert "1 failed" in run.headline


def test_a_twin_that_is_right_passes_with_evidence(suite: Suite) -> None:
    suite.tests(GUARDED)
    run = suite.explore("-v")
    assert run.code == 0
    assert run.counts == {"passed": 1}
    assert "1 explored in 200 executions; 0 failed; 0 could not be controlled" in run.headline
    assert "test_both_are_counted: 200 executions, none failed" in run.section


def test_the_number_of_executions_can_be_chosen(suite: Suite) -> None:
    suite.tests(GUARDED)
    assert "in 7 executions" in suite.explore("--holdfast-executions=7").headline


@pytest.mark.parametrize("option", [["--holdfast-all"], []], ids=["all", "plainly"])
def test_the_printed_command_replays_the_failure(suite: Suite, option: list[str]) -> None:
    suite.tests(RACY)
    words = suite.explore().replay_words()
    assert words[1:4] == [
        "test_shop.py::test_both_are_counted",
        "--holdfast-all",
        "--holdfast-replay",
    ]
    run = suite.run(words[1], *option, *words[3:])
    assert run.counts == {"failed": 1}
    assert "the schedule of the token" in run.text
    assert run.replay_words() == words
    suite.tests(GUARDED)
    again = suite.run(words[1], *option, *words[3:])
    assert "execution" not in again.headline or "1 execution" in again.headline


def test_a_token_is_for_one_test(suite: Suite) -> None:
    suite.tests(RACY + "\n\ndef test_other():\n    pass\n")
    words = suite.explore().replay_words()
    run = suite.run(*words[2:])
    assert run.code == 4
    assert "takes the token of one test" in run.text


def test_tests_without_threads_are_left_alone(suite: Suite) -> None:
    suite.tests("""
    runs = []

    @pytest.mark.parametrize("number", [1, 2])
    def test_plain(number):
        runs.append(number)
        assert runs.count(number) == 1
    """)
    run = suite.explore()
    assert run.counts == {"passed": 2}
    assert run.headline.startswith("2 tests, 0 with threads, 0 explored in 0 executions")


def test_a_test_that_fails_by_itself_is_an_ordinary_failure(suite: Suite) -> None:
    suite.tests("""
    def test_wrong():
        both(Till().add)
        assert 1 + 1 == 3
    """)
    run = suite.explore()
    assert run.counts == {"failed": 1}
    assert ">       assert 1 + 1 == 3" in run.text, "as pytest shows it"
    assert "1 did not pass by themselves" in run.headline
    assert "Replay:" not in run.text


def test_skips_and_expected_failures_stay_what_they_are(suite: Suite) -> None:
    suite.tests("""
    def test_skips():
        both(Till().add)
        pytest.skip("not today")

    @pytest.mark.xfail(strict=True)
    def test_is_known():
        both(Till().add)
        assert False
    """)
    run = suite.explore()
    assert run.code == 0
    assert run.counts == {"skipped": 1, "xfailed": 1}


def test_decorated_tests_are_left_to_their_decorator(suite: Suite) -> None:
    suite.tests("import harness\n\n@harness.interleaved(executions=20)" + GUARDED)
    run = suite.explore()
    assert run.counts == {"passed": 1}
    assert "1 interleaved test, " in run.text
    assert not run.section


def test_without_the_option_nothing_is_explored(suite: Suite) -> None:
    suite.tests(RACY)
    run = suite.run()
    assert run.counts == {"passed": 1}
    assert "holdfast:" not in run.text


def test_a_thread_that_the_plain_run_left_behind_excuses_nothing(suite: Suite) -> None:
    suite.tests("""
    def test_leaves_a_thread():
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        till = Till()
        both(till.add)
        assert till.sum == 2
    """)
    assert suite.explore().counts == {"failed": 1}

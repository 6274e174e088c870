"""Every kind of test that pytest runs, explored as it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.holdfast_all.conftest import Suite

pytestmark = pytest.mark.slow  # every test starts a process


def test_a_method_of_unittest_is_set_up_anew_in_each_execution(suite: Suite) -> None:
    suite.tests("""
    class TillTest(unittest.TestCase):
        def setUp(self):
            self.till = Till()
            self.lock = threading.Lock()
            self.addCleanup(self.till.__dict__.clear)

        def add(self):
            with self.lock:
                self.till.add()

        def test_guarded(self):
            both(self.add)
            self.assertEqual(self.till.sum, 2)

        def test_racy(self):
            both(self.till.add)
            self.assertEqual(self.till.sum, 2)
    """)
    run = suite.explore()
    assert run.counts == {"passed": 1, "failed": 1}
    assert "FAILED test_shop.py::TillTest::test_racy - AssertionError in main: 1 != 2" in run.text
    words = run.replay_words()
    assert suite.run(*words[1:]).counts == {"failed": 1}


def test_parameters_fixtures_and_methods(suite: Suite) -> None:
    suite.tests("""
    @pytest.fixture
    def till():
        return Till()

    @pytest.fixture(scope="module")
    def names():
        return ("a", "b")

    @pytest.mark.parametrize("wanted", [1, 2])
    def test_parametrised(till, wanted):
        both(till.add)
        assert till.sum >= wanted

    class TestTill:
        def setup_method(self):
            self.till = Till()

        def test_method(self, names, tmp_path, capsys, monkeypatch):
            monkeypatch.setattr(Till, "add", lambda self: None)
            (tmp_path / "file").touch()
            assert len(list(tmp_path.iterdir())) == 1
            both(self.till.add)
            print(names)
            assert self.till.sum == 0
            assert capsys.readouterr().out == "('a', 'b')\\n"

        def test_log(self, caplog):
            import logging
            both(lambda: logging.getLogger("shop").warning("a warning"))
            assert len(caplog.records) == 2
    """)
    run = suite.explore("-v")
    assert run.counts == {"failed": 1, "passed": 3}
    assert run.replay_words()[1] == "test_shop.py::test_parametrised[2]"
    assert "4 tests, 4 with threads, 4 explored" in run.headline
    assert "0 could not be controlled" in run.headline


def test_threads_of_libraries_pools_and_timers_count(suite: Suite) -> None:
    suite.tests("""
    from concurrent.futures import ThreadPoolExecutor
    import _thread

    def test_pool():
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(str, [1, 2])) == ["1", "2"]

    def test_timer():
        done = threading.Event()
        timer = threading.Timer(30.0, done.set)
        timer.start()
        timer.cancel()
        timer.join()

    def test_low_level():
        done = _thread.allocate_lock()
        done.acquire()
        _thread.start_new_thread(done.release, ())
        done.acquire()

    class Worker(threading.Thread):
        def run(self):
            self.done = True

    def test_subclass():
        worker = Worker()
        worker.start()
        worker.join()
        assert worker.done
    """)
    run = suite.explore("-v", "--holdfast-executions=30")
    assert run.counts == {"passed": 4}
    assert "4 tests, 4 with threads, 4 explored in 120 executions" in run.headline


def test_threads_that_a_fixture_starts_are_controlled(suite: Suite) -> None:
    suite.tests("""
    @pytest.fixture
    def served():
        asked = queue.Queue()
        thread = threading.Thread(target=asked.get)
        thread.start()
        yield asked
        asked.put(None)
        thread.join()

    def test_asks(served):
        assert served.empty()
    """)
    run = suite.explore()
    assert run.counts == {"passed": 1}
    assert "1 test, 1 with threads, 1 explored in 200 executions" in run.headline


def test_a_sleep_that_is_long_enough_is_no_failure(suite: Suite) -> None:
    """Timeouts come late: a schedule in which a tenth of a second is too short shows no bug."""
    suite.tests("""
    def test_sleeps():
        got = []
        thread = threading.Thread(target=lambda: got.append(1))
        thread.start()
        time.sleep(0.05)
        assert got == [1]

    def test_waits():
        ready = threading.Event()
        thread = threading.Thread(target=ready.set)
        thread.start()
        assert ready.wait(5)
        thread.join()
    """)
    assert suite.explore().counts == {"passed": 2}


def test_an_error_that_leaves_a_thread_is_forgiven_if_it_did_before(suite: Suite) -> None:
    suite.tests("""
    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_thread_dies():
        both(lambda: 1 / 0)

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_thread_may_die():
        seen = []

        def pop():
            if seen:
                seen.pop()

        seen.append(1)
        both(pop)
    """)
    run = suite.explore()
    assert run.counts == {"passed": 1, "failed": 1}
    assert "IndexError in Thread-" in run.text

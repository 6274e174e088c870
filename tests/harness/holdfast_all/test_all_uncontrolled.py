"""What cannot be controlled is told with the reason, and does not fail a run."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.harness.holdfast_all.conftest import Suite

pytestmark = pytest.mark.slow  # every test starts a process

REASONS = """
from concurrent.futures import ThreadPoolExecutor
import asyncio
import subprocess
import sys

def test_socket():
    here, there = socket.socketpair()
    got = []
    thread = threading.Thread(target=lambda: got.append(here.recv(3)))
    thread.start()
    time.sleep(0.05)
    there.send(b"abc")
    thread.join()
    here.close()
    there.close()
    assert got == [b"abc"]

def test_process():
    both(lambda: subprocess.run([sys.executable, "-c", ""], check=True))

pool = ThreadPoolExecutor(1)

def test_pool_of_the_module():
    assert pool.submit(int).result() == 0

@pytest.fixture(scope="module")
def server():
    asked, answers = queue.Queue(), queue.Queue()

    def serve():
        while asked.get() is not None:
            answers.put("yes")

    thread = threading.Thread(target=serve, name="the server")
    thread.start()
    yield asked, answers
    asked.put(None)
    thread.join()

def test_server(server):
    asked, answers = server
    both(lambda: asked.put(1))
    assert [answers.get(timeout=5) for _ in range(2)] == ["yes", "yes"]

seen = []

def test_state():
    both(lambda: None)
    seen.append(1)
    assert len(seen) < 5

def test_real_time():
    import datetime
    begun = datetime.datetime.now()
    time.sleep(0.5)  # far more than a busy machine takes for an execution
    both(lambda: None)
    assert (datetime.datetime.now() - begun).total_seconds() >= 0.5
"""
TOLD = [
    "socket.recv that would block",
    "os.posix_spawn" if sys.version_info >= (3, 13) else "starting a process",
    "submit to an executor made outside the body",
    "real threads that were started before (the server, by the fixture 'server'",
    "it keeps state between executions",
    "it passes with real threads, and under the engine fails whatever the schedule",
]


def test_reasons_are_told_with_a_place_and_what_to_do(suite: Suite) -> None:
    suite.tests(REASONS)
    run = suite.explore()
    assert run.counts == {"passed": 6}, run.text
    assert run.code == 0
    assert "6 tests, 6 with threads, 0 explored in 0 executions; 0 failed; 6 could" in run.headline
    for words in TOLD:
        assert f"1 x {words}" in run.section
    assert "e.g. test_shop.py:" in run.section
    assert "Give the code an in-memory transport" in run.section
    assert "- test_shop.py::test_socket" in run.section


def test_the_same_reason_is_told_once(suite: Suite) -> None:
    suite.tests("""
    @pytest.mark.parametrize("number", range(5))
    def test_socket(number):
        here, there = socket.socketpair()
        thread = threading.Thread(target=here.recv, args=(3,))
        thread.start()
        time.sleep(0.01)
        there.close()
        thread.join()
        here.close()
    """)
    run = suite.explore("-n", "2")
    assert "5 x socket.recv that would block" in run.section
    assert "and 2 more (-v names them)" in run.section
    verbose = suite.explore("-v").section
    assert verbose.count("- test_shop.py::test_socket[") == 5


@pytest.mark.skipif(sys.platform != "linux", reason="it names a call of the C library")
def test_an_execution_that_hangs_does_not_hang_the_run(suite: Suite) -> None:
    """No signal frees who waits for a mutex of C, so the child that explores gives itself up."""
    suite.tests("""
    import ctypes

    def test_hangs():
        both(lambda: None)
        if type(threading.Lock()).__module__.startswith("harness"):
            mutex = ctypes.create_string_buffer(64)
            lock = ctypes.CDLL(None).pthread_mutex_lock
            lock(mutex)
            lock(mutex)

    def test_after():
        both(lambda: None)
    """)
    run = suite.explore()
    assert run.code == 0
    assert run.counts == {"passed": 2}
    assert "1 x a call that waits, or computes for long, out of the engine's sight" in run.section
    assert "e.g. test_shop.py:" in run.section
    assert "in test_hangs" in run.section
    assert "1 explored in 200 executions" in run.headline


def test_a_budget_that_ends_first_leaves_it_undecided(suite: Suite) -> None:
    suite.tests("""
    def test_counts():
        till, lock = Till(), threading.Lock()

        def add():
            with lock:
                till.add()

        both(add)
        assert till.sum == 2
    """)
    run = suite.explore("--holdfast-executions=1000000", "--holdfast-time=200ms")
    assert run.code == 0
    assert "1 undecided" in run.headline
    assert "undecided, does not fail the run:" in run.section
    assert "test_counts: the time budget ended after" in run.section


def test_a_test_that_kills_its_process_is_a_failure_of_its_own(suite: Suite) -> None:
    suite.tests("""
    import os
    import signal

    def test_dies():
        seen = []

        def first():
            seen.append(1)

        def second():
            if not seen and type(threading.Lock()).__module__.startswith("harness"):
                os.kill(os.getpid(), signal.SIGKILL)

        threads = [threading.Thread(target=call) for call in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_after():
        both(lambda: None)
    """)
    run = suite.explore()
    assert run.counts == {"failed": 1, "passed": 1}
    assert "SIGKILL (Killed) killed the process" in run.text


def test_a_coroutine_function_is_left_to_its_plugin(suite: Suite) -> None:
    suite.write(
        "conftest.py",
        """
        import asyncio
        import inspect
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_pyfunc_call(pyfuncitem):
            if inspect.iscoroutinefunction(pyfuncitem.obj):
                asyncio.run(pyfuncitem.obj())
                return True
        """,
    )
    suite.tests("""
    import asyncio

    async def test_in_a_thread():
        await asyncio.to_thread(int)
    """)
    run = suite.explore()
    assert run.counts == {"passed": 1}
    assert "1 x a coroutine function" in run.section


def test_tests_that_tell_their_failures_elsewhere_are_named(suite: Suite) -> None:
    """Hypothesis draws its examples anew; subtests tell pytest alone."""
    suite.tests("""
    from hypothesis import given, settings, strategies as st

    @settings(max_examples=2, database=None, deadline=None)
    @given(st.integers())
    def test_drawn(number):
        both(lambda: None)

    def test_in_parts(subtests):
        for number in range(2):
            with subtests.test(number=number):
                both(lambda: None)
    """)
    run = suite.explore()
    assert run.code == 0
    assert "1 x a test of Hypothesis" in run.section
    assert "1 x a test with the fixture subtests" in run.section


def test_a_fixture_that_cannot_be_made_twice_is_named(suite: Suite) -> None:
    suite.tests("""
    made = []

    @pytest.fixture
    def once():
        made.append(1)
        if len(made) > 1:
            raise OSError("it is in use")

    def test_once(once):
        both(lambda: None)
    """)
    run = suite.explore()
    assert run.counts == {"passed": 1}
    assert "1 x a fixture whose set-up fails when it is made again" in run.section
    assert "'once': OSError: it is in use" in run.section


def test_passing_only_the_first_time_is_no_passing(suite: Suite) -> None:
    """The machine is slow once, so real time passes; a fresh process is as quick as ever."""
    suite.tests("""
    import datetime
    import pathlib

    runs = []
    slow = pathlib.Path("slow")

    def test_real_time():
        begun = datetime.datetime.now()
        both(lambda: None)
        runs.append(1)
        if len(runs) == 2 and not slow.exists():
            slow.touch()
            while (datetime.datetime.now() - begun).total_seconds() < 0.5:
                pass
        time.sleep(0.5)
        assert (datetime.datetime.now() - begun).total_seconds() >= 0.5
    """)
    run = suite.explore()
    assert run.counts == {"passed": 1}
    assert "1 x it passes with real threads, and under the engine fails" in run.section

"""Every way in which an execution ends, and what is left after it."""

# ruff: noqa: SIM105, TRY301  # bodies are written as users write them
from __future__ import annotations

import gc
import itertools
import sys
import threading
import time
import traceback
from typing import Any

import greenlet
import psutil
import pytest

import harness
from harness import FindingKind, Verdict


def start(*works: Any, **options: Any) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, **options) for work in works]
    for thread in threads:
        thread.start()
    return threads


def in_tasks(*works: Any) -> None:
    for thread in start(*works):
        thread.join()


def fails(body: Any, kind: FindingKind, **options: Any) -> harness.Finding:
    result = harness.explore(body, **{"executions": 200, **options})
    assert result.verdict is Verdict.FAILED, str(result)
    finding = result.finding
    assert finding is not None
    assert finding.kind is kind, str(finding)
    again = harness.replay(body, finding.token)
    assert again is not None
    assert (again.kind, again.message) == (kind, finding.message)
    return finding


def test_a_deadlock_names_its_cycle_and_where_each_task_stands() -> None:
    def body() -> None:
        one, two = threading.Lock(), threading.Lock()

        def forwards() -> None:
            with one, two:
                pass

        def backwards() -> None:
            with two, one:
                pass

        in_tasks(forwards, backwards)

    finding = fails(body, FindingKind.DEADLOCK)
    assert finding.message == (
        "Thread-1 (forwards) waits for Lock#2 held by Thread-2 (backwards); "
        "Thread-2 (backwards) waits for Lock#1 held by Thread-1 (forwards)"
    )
    assert any("in test_a_deadlock_names_its_cycle" in place for place in finding.places)
    assert any("forwards" in place and "test_endings.py" in place for place in finding.places)


def test_a_deadlock_of_three_is_one_cycle() -> None:
    def body() -> None:
        locks = [threading.Lock() for _ in range(3)]

        def eat(number: int) -> None:
            with locks[number], locks[(number + 1) % 3]:
                pass

        in_tasks(*[lambda n=n: eat(n) for n in range(3)])

    assert fails(body, FindingKind.DEADLOCK).message.count("held by") == 3


def test_a_task_that_waits_for_itself_is_a_deadlock() -> None:
    def body() -> None:
        lock = threading.Lock()
        with lock, lock:
            pass

    assert fails(body, FindingKind.DEADLOCK).message == "main waits for Lock#1 held by main"


def test_two_tasks_that_join_each_other_are_a_deadlock() -> None:
    def body() -> None:
        threads: list[threading.Thread] = []
        both = threading.Barrier(2)

        def join(other: int) -> None:
            both.wait()
            threads[other].join()

        threads += [threading.Thread(target=join, args=(other,)) for other in (1, 0)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert "waits for the end of Thread-" in fails(body, FindingKind.DEADLOCK).message


def test_a_lock_of_a_task_that_has_ended_is_a_deadlock_that_says_so() -> None:
    def body() -> None:
        lock = threading.Lock()
        in_tasks(lock.acquire)
        lock.acquire()

    finding = fails(body, FindingKind.DEADLOCK)
    assert finding.message.endswith("held by Thread-1 (acquire), which has ended")


def test_a_lost_wakeup_is_told_from_a_deadlock() -> None:
    def body() -> None:
        condition = threading.Condition()

        def wait() -> None:
            with condition:
                condition.wait()

        def wake() -> None:
            with condition:
                condition.notify()

        in_tasks(wait, wake)

    finding = fails(body, FindingKind.LOST_WAKEUP)
    assert "Thread-1 (wait) waits for a notification on Condition#1 at" in finding.message


@pytest.mark.parametrize("kind", ["event", "semaphore", "queue", "simple", "barrier"])
def test_a_wait_that_nobody_ends_is_a_lost_wakeup(kind: str) -> None:
    def body() -> None:
        import queue  # noqa: PLC0415

        waits: dict[str, Any] = {
            "event": threading.Event().wait,
            "semaphore": threading.Semaphore(0).acquire,
            "queue": queue.Queue().get,
            "simple": queue.SimpleQueue().get,
            "barrier": threading.Barrier(2).wait,
        }
        waits[kind]()

    fails(body, FindingKind.LOST_WAKEUP)


def test_a_task_that_is_left_waiting_is_a_leak_with_its_place() -> None:
    def body() -> None:
        start(threading.Event().wait, name="left behind")

    finding = fails(body, FindingKind.LEAKED_TASK)
    assert finding.message.startswith("left behind waits for Event#1 to be set at ")


def test_a_daemon_may_be_left_waiting() -> None:
    result = harness.explore(lambda: start(threading.Event().wait, daemon=True), executions=50)
    assert result.verdict is Verdict.PASSED


def test_a_daemon_left_waiting_is_unwound_inside_its_execution() -> None:
    unwound: list[bool] = []

    def body() -> None:
        def work() -> None:
            try:
                threading.Event().wait()
            finally:
                unwound.append(threading.current_thread().daemon)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        time.sleep(1)

    assert harness.explore(body, "random", executions=10).verdict is Verdict.PASSED
    assert unwound == [True] * (2 + 10)  # two runs check the body


def test_a_daemon_that_never_pauses_does_not_keep_the_execution() -> None:
    def body() -> None:
        lock = threading.Lock()

        def spin() -> None:
            while True:
                with lock:
                    pass

        start(spin, daemon=True)

    assert harness.explore(body, executions=20).verdict is Verdict.PASSED


def test_an_assertion_keeps_its_traceback_and_type() -> None:
    def body() -> None:
        def deep() -> None:
            assert 1 + 1 == 3, "sums"

        in_tasks(deep)

    finding = fails(body, FindingKind.ASSERTION)
    assert isinstance(finding.error, AssertionError)
    names = [frame.name for frame in traceback.extract_tb(finding.error.__traceback__)]
    assert names[-1] == "deep"
    assert finding.message.startswith("AssertionError in Thread-1 (deep): sums")


def test_an_exception_keeps_its_cause_and_notes() -> None:
    def body() -> None:
        try:
            raise KeyError("inner")
        except KeyError as error:
            outer = ValueError("outer")
            outer.add_note("a note")
            raise outer from error

    finding = fails(body, FindingKind.EXCEPTION)
    assert isinstance(finding.error, ValueError)
    assert isinstance(finding.error.__cause__, KeyError)
    assert finding.error.__notes__ == ["a note"]


def test_system_exit_in_the_body_is_a_finding_and_in_a_thread_is_not() -> None:
    assert "SystemExit" in fails(lambda: sys.exit(3), FindingKind.EXCEPTION).message
    assert harness.explore(lambda: in_tasks(sys.exit), executions=3).verdict is Verdict.PASSED


def test_the_step_bound_is_undecided_and_says_where_each_task_stood() -> None:
    def body() -> None:
        lock = threading.Lock()

        def poll() -> None:
            turns = 0
            while True:
                turns += 1  # no two states are the same: not proved to go on for ever
                with lock:
                    pass

        in_tasks(poll, poll)

    result = harness.explore(body, "random", executions=5, max_steps=300)
    assert result.verdict is Verdict.UNDECIDED
    assert not result.exhausted
    assert result.overruns == 5
    assert "main waits for the end of Thread-1 (poll) at test_endings.py:" in result.evidence
    assert "Thread-2 (poll) " in result.evidence
    assert "in test_the_step_bound" in result.evidence


def test_unwinding_runs_finally_blocks_quietly() -> None:
    log: list[str] = []

    def body() -> None:
        lock, event = threading.Lock(), threading.Event()

        def work() -> None:
            try:
                with lock:
                    event.wait()
            finally:
                log.append("closed")
                with lock:
                    log.append("locked")

        start(work)
        time.sleep(1)
        raise ValueError("the end")

    harness.explore(body, executions=1)
    assert log[:2] == ["closed", "locked"]


def test_tasks_cannot_survive_by_catching_everything() -> None:
    def body() -> None:
        event = threading.Event()

        def work() -> None:
            while True:
                try:
                    event.wait()
                except BaseException:  # noqa: BLE001, S110  # what the test is about
                    pass

        start(work, name="stubborn")
        time.sleep(1)
        raise ValueError("the end")

    began_s = time.perf_counter()
    with pytest.raises(harness.TaskRefusesToEndError, match=r"task stubborn .* test_endings.py"):
        harness.explore(body, executions=1)
    assert time.perf_counter() - began_s < 5


def test_tasks_cannot_survive_by_never_waiting() -> None:
    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            while True:
                try:
                    with lock:
                        pass
                except BaseException:  # noqa: BLE001, S110  # what the test is about
                    pass

        start(work, name="stubborn")
        time.sleep(1)
        raise ValueError("the end")

    with pytest.raises(harness.TaskRefusesToEndError, match="stubborn"):
        harness.explore(body, executions=1)


def test_a_refused_call_is_raised_even_if_the_body_swallows_it() -> None:
    def body() -> None:
        try:
            harness.explore(lambda: None)
        except Exception:  # noqa: BLE001, S110  # what the test is about
            pass

    with pytest.raises(harness.NestedExplorationError):
        harness.explore(body, executions=1)


def test_an_exploration_in_another_thread_at_the_same_time_is_refused() -> None:
    began, go, errors = threading.Event(), threading.Event(), []

    class Waiting:
        def begin(self, execution: int) -> bool:
            began.set()
            go.wait(10)
            return execution == 0

        def pick(self, ready: Any, current: Any) -> Any:
            return ready[0]

    def first() -> None:
        harness.explore(lambda: None, Waiting())

    thread = threading.Thread(target=first)
    thread.start()
    began.wait(10)
    try:
        harness.explore(lambda: None)
    except harness.NestedExplorationError as error:
        errors.append(error)
    finally:
        go.set()
        thread.join(10)
    assert len(errors) == 1


def _greenlets() -> int:
    gc.collect()
    return sum(isinstance(thing, greenlet.greenlet) for thing in gc.get_objects())


def _mixed_body(counter: Any) -> Any:
    def body() -> None:
        lock, event = threading.Lock(), threading.Event()
        mine = threading.local()

        def work() -> None:
            mine.value = object()
            with lock:
                event.set()
            event.wait(1)

        start(work, daemon=True)
        in_tasks(work)
        if next(counter) % 2:
            raise ValueError("now and then")

    return body


def test_nothing_is_left_after_an_exploration() -> None:
    harness.explore(_mixed_body(itertools.count()), executions=2)
    before = (_greenlets(), threading.active_count(), psutil.Process().num_threads())
    for _ in range(5):
        harness.explore(_mixed_body(itertools.count()), executions=4)
    assert (_greenlets(), threading.active_count(), psutil.Process().num_threads()) == before
    assert gc.isenabled()
    assert gc.get_freeze_count() < 2_000  # Python 3.12 begins with some hundred


@pytest.mark.slow
def test_memory_stays_flat_over_20_000_executions() -> None:
    def body() -> None:
        lock = threading.Lock()
        cycle: dict[str, Any] = {}
        cycle["self"] = (cycle, bytearray(1_000))

        def work() -> None:
            with lock:
                cycle[threading.current_thread().name] = cycle

        in_tasks(work, work)

    process = psutil.Process()
    harness.explore(body, executions=2_000)
    before = process.memory_info().rss
    harness.explore(body, executions=20_000)
    grown = process.memory_info().rss - before
    assert grown < 8_000_000  # one execution leaked in ten would be 20 MB


def test_bytes_are_never_shown_in_a_trace() -> None:
    secret = b"correct horse battery staple"

    class Holder:
        value: Any = None

    def body() -> None:
        from harness.engine import board  # noqa: PLC0415

        holder = Holder()

        def work() -> None:
            if not board.alone:
                board.access(board.WRITE, holder, "value")
            holder.value = secret
            if not board.alone:
                board.access(board.READ, holder, "value")
            holder.value = bytearray(secret)

        in_tasks(work, work)
        raise ValueError("the end")

    finding = fails(body, FindingKind.EXCEPTION)
    story = str(finding) + repr(finding) + repr(finding.trace)
    assert "horse" not in story
    assert "<bytes of 28>" in story

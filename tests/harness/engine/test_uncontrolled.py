"""What the engine does not control fails loudly, names the line and says what to do."""

# ruff: noqa: PLW0108, T100  # a lambda looks the name up while the engine has replaced it
from __future__ import annotations

import io
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import harness
from harness.engine import board
from harness.primitives import real

if TYPE_CHECKING:
    from pathlib import Path


def plain(function: Any) -> Any:
    """Return a callable that runs a function as it is: explore looks into none written in C."""
    return iter(function, object()).__next__


def _pipe_read() -> None:
    reading, writing = os.pipe()
    try:
        os.read(reading, 1)
    finally:
        os.close(reading)
        os.close(writing)


def _socket_recv() -> None:
    one, two = socket.socketpair()
    with one, two:
        one.recv(1)


def _socket_accept() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.accept()


def _select() -> None:
    one, two = socket.socketpair()
    with one, two:
        select.select([one], [], [])


def _process() -> None:
    multiprocessing.get_context("spawn").Process(target=int).start()


REFUSED: dict[str, tuple[Any, str]] = {
    "os.fork": (lambda: os.fork(), "os.fork"),
    "os.system": (lambda: os.system("true"), "os.system"),  # noqa: S605, S607  # refused
    "subprocess": (lambda: subprocess.run([sys.executable, "-c", ""], check=True), "process"),
    "multiprocessing": (_process, "process"),
    "input": (lambda: input(), r"input\(\)"),
    "breakpoint": (lambda: breakpoint(), r"breakpoint\(\)"),
    "os.read of a pipe": (_pipe_read, "os.read that would block"),
    "recv": (_socket_recv, "socket.recv that would block"),
    "accept": (_socket_accept, "socket.accept that would block"),
    "select": (_select, "select.select that would block"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_scheduled_is_refused_with_its_line(name: str) -> None:
    call, what = REFUSED[name]
    with pytest.raises(harness.UncontrolledError, match=what) as caught:
        harness.explore(call, executions=2)
    assert caught.value.remedy
    assert ".py:" in caught.value.where


def test_a_refused_call_in_a_thread_ends_the_exploration() -> None:
    def body() -> None:
        thread = threading.Thread(target=os.fork)
        thread.start()
        thread.join()

    with pytest.raises(harness.UncontrolledError, match=r"os.fork"):
        harness.explore(body, executions=2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_by_a_name_that_was_kept_goes_no_further(child: Any) -> None:
    done = child(
        """
import os
kept = {"fork": os.fork}
def body():
    pid = kept["fork"]()
    print("forked", pid > 0, flush=True)
    os.waitid(os.P_PID, pid, os.WEXITED)
try:
    harness.explore(body, executions=2)
except harness.UncontrolledError as error:
    print(error.what, flush=True)
print("end", flush=True)
"""
    )
    assert done.stdout == "forked True\na fork of the process\nend\n", done


def test_io_that_does_not_wait_is_one_step(tmp_path: Path) -> None:
    def body() -> None:
        one, two = socket.socketpair()
        reading, writing = os.pipe()
        with one, two:
            one.send(b"ready")
            assert two.recv(5) == b"ready"
            assert select.select([two], [], [], 0) == ([], [], [])
            os.write(writing, b"x")
            assert os.read(reading, 1) == b"x"
        os.close(reading)
        os.close(writing)
        path = tmp_path / "file"
        path.write_text("text")
        with path.open() as file:
            assert isinstance(file.buffer, io.BufferedReader)
            assert file.read() == "text"

    result = harness.explore(body, executions=3)
    assert result.verdict is harness.Verdict.PASSED, str(result)


def test_a_real_thread_that_runs_instrumented_code_is_met() -> None:
    def body() -> None:
        done = real.allocate_lock()
        done.acquire()

        def foreign() -> None:
            try:
                if not board.alone:
                    board.access(board.READ, body, "x")
            except harness.UncontrolledError:
                pass
            finally:
                done.release()

        other = threading.Thread(target=threading.Event().is_set)
        other.start()  # two could run: accesses are looked at
        real.start_new_thread(foreign, ())
        done.acquire()
        other.join()

    with pytest.raises(harness.UncontrolledError, match="did not start"):
        harness.explore(plain(body), executions=5)


def test_a_real_thread_that_uses_a_lock_of_the_execution_is_met() -> None:
    caught: list[BaseException] = []

    def body() -> None:
        lock = threading.Lock()
        done = real.allocate_lock()
        done.acquire()

        def foreign() -> None:
            try:
                lock.acquire()
            except harness.UncontrolledError as error:
                caught.append(error)
            finally:
                done.release()

        real.start_new_thread(foreign, ())
        done.acquire()

    with pytest.raises(harness.UncontrolledError, match="real thread"):
        harness.explore(plain(body), executions=1)
    assert len(caught) == 1


def test_a_wait_for_a_real_thread_started_past_the_engine_is_no_finding() -> None:
    go = real.allocate_lock()
    go.acquire()

    def body() -> None:
        began = real.SimpleQueue()

        def foreign() -> None:
            began.put(1)
            go.acquire()

        real.start_new_thread(foreign, ())
        began.get()
        threading.Event().wait()

    try:
        with pytest.raises(harness.UncontrolledError, match="started past the engine"):
            harness.explore(plain(body), executions=1)
    finally:
        go.release()


def test_the_join_of_a_thread_that_runs_outside_is_refused() -> None:
    go = threading.Event()
    outside = threading.Thread(target=go.wait, name="outside")
    outside.start()
    try:
        with pytest.raises(harness.UncontrolledError, match="'outside'"):
            harness.explore(lambda: outside.join(), executions=1)
    finally:
        go.set()
        outside.join()


STUCK = {
    "a real lock": (
        # The method alone: a lock that a module holds would be taken up.
        "lock = real.allocate_lock(); lock.acquire(); take = lock.acquire; del lock\n"
        "def body():\n    take()\n"
    ),
    "a loop": "def body():\n    while True: pass\n",
    "a real sleep": "body = lambda: real.sleep(60)",
    "standard input": "body = lambda: sys.stdin.read()",
    "a loop that swallows everything": (
        "def body():\n    while True:\n        try:\n            while True: pass\n"
        "        except BaseException: pass\n"
    ),
    "a task": (
        "def nap():\n    real.sleep(60)\n"
        "def body():\n    t = threading.Thread(target=nap); t.start(); t.join()\n"
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("where", ["main", "other"])
@pytest.mark.parametrize("kind", STUCK)
def test_a_stuck_execution_is_reported_within_five_seconds(
    kind: str, where: str, child: Any
) -> None:
    script = f"""
from harness.primitives import real
{STUCK[kind]}
def go():
    began = time.monotonic()
    try:
        harness.explore(iter(body, object()).__next__, executions=2)
    except harness.StuckExecutionError as error:
        print("raised after", time.monotonic() - began)
        print(error, file=sys.stderr)
if {where!r} == "main":
    go()
else:
    t = threading.Thread(target=go); t.start(); t.join()
"""
    began_s = time.monotonic()
    done = child(script)
    took_s = time.monotonic() - began_s
    assert "no step for" in done.stderr, done
    assert "It stands here" in done.stderr
    assert "script.py" in done.stderr
    if done.returncode == 0:
        assert float(done.stdout.split()[-1]) < 5
    else:
        assert done.returncode == 86
        assert took_s < 12


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs POSIX signals")
@pytest.mark.slow
def test_a_stuck_execution_is_freed_past_a_users_signal_handler(child: Any) -> None:
    done = child(
        """
from harness.primitives import real
import signal
calls = []
signal.signal(signal.SIGINT, lambda *_: calls.append(1))
try:
    harness.explore(lambda: real.sleep(60), executions=1)
except harness.StuckExecutionError:
    print("freed", calls, signal.getsignal(signal.SIGINT).__name__)
"""
    )
    assert done.stdout.split("\n")[0] == "freed [] <lambda>", done


INTERRUPTED = """
import os, signal
count = [0]
def body():
    count[0] += 1
    lock = threading.Lock()
    def work():
        with lock: pass
    t = threading.Thread(target=work); t.start(); t.join()
    if count[0] == 50:
        {act}
try:
    harness.explore(body, "random", executions=10_000_000)
except harness.ExplorationInterrupted as stop:
    print(stop.partial.executions, stop.partial.verdict.name, count[0], stop.partial.evidence)
print("threads", threading.active_count(), signal.getsignal(signal.SIGINT).__name__)
"""


@pytest.mark.parametrize(
    "act",
    [
        "os.kill(os.getpid(), signal.SIGINT)",
        (
            "try: os.kill(os.getpid(), signal.SIGINT); time.sleep(1)\n"
            "        except BaseException: pass"
        ),
        "threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGINT)).start()",
    ],
    ids=["in the body", "swallowed", "in a task"],
)
def test_ctrl_c_ends_the_exploration_and_keeps_what_was_done(act: str, child: Any) -> None:
    done = child(INTERRUPTED.replace("{act}", act))
    first, second = done.stdout.splitlines()
    # Two of the fifty runs come before the search: they check the body.
    assert first.startswith("47 UNDECIDED 50 undecided: interrupted after 47 executions"), done
    assert second == "threads 1 default_int_handler"
    assert done.returncode == 0, done


def test_a_users_interrupt_handler_is_called(child: Any) -> None:
    done = child(
        """
import os, signal
calls = []
signal.signal(signal.SIGINT, lambda *_: calls.append(1))
result = harness.explore(lambda: os.kill(os.getpid(), signal.SIGINT), executions=3)
print(result.verdict.name, len(calls))
"""
    )
    assert done.stdout == f"PASSED {2 + 3}\n", done  # two runs check the body


def test_the_debugger_works_inside_an_interactive_replay(child: Any) -> None:
    done = child(
        """
def body():
    lock = threading.Lock()
    def work(name):
        with lock:
            value = name * 2
            if threading.current_thread().name == "main" or interactive:
                breakpoint()
            assert value != "bb"
    threads = [threading.Thread(target=work, args=(n,)) for n in "ab"]
    for t in threads: t.start()
    for t in threads: t.join()
interactive = False
finding = harness.explore(body, executions=50).finding
interactive = True
again = harness.replay(body, finding.token, interactive=True)
print("KIND", again.kind.name)
""",
        stdin="p value\nn\np 'stepped', name\nc\np value\nc\n" * 2,
    )
    assert "'aa'" in done.stdout, done
    assert "'bb'" in done.stdout
    assert "('stepped', " in done.stdout
    assert "KIND ASSERTION" in done.stdout


@pytest.mark.slow
def test_coverage_sees_the_lines_of_tasks(child: Any, tmp_path: Path) -> None:
    pytest.importorskip("coverage")
    (tmp_path / "covered.py").write_text(
        "import threading\n"
        "def task(lock, found):\n"
        "    with lock:\n"
        "        found.append(1)\n"
        "    if len(found) > 5:\n"
        "        found.append(2)\n"
        "    return found\n"
        "def body():\n"
        "    lock, found = threading.Lock(), []\n"
        "    ts = [threading.Thread(target=task, args=(lock, found)) for _ in range(2)]\n"
        "    for t in ts: t.start()\n"
        "    for t in ts: t.join()\n"
        "    assert found\n"
    )
    (tmp_path / ".coveragerc").write_text("[run]\nconcurrency = thread,greenlet\n")
    done = child(
        """
import coverage
measured = coverage.Coverage(include=["*covered.py"], config_file=".coveragerc")
measured.start()
import covered
print(harness.explore(covered.body, executions=20).verdict.name)
measured.stop()
_, lines, _, missing, _ = measured.analysis2(covered)
print(lines, missing)
"""
    )
    assert done.stdout == "PASSED\n[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] [6]\n", done


@pytest.mark.slow
def test_a_process_whose_task_refuses_to_end_still_exits(child: Any) -> None:
    done = child(
        """
def body():
    def work():
        while True:
            try: threading.Event().wait()
            except BaseException: pass
    threading.Thread(target=work, name="stubborn").start()
    time.sleep(1)
    raise ValueError
try:
    harness.explore(body, executions=1)
except harness.TaskRefusesToEndError as error:
    print(error.task)
print(harness.explore(lambda: None, executions=1).verdict.name)
"""
    )
    assert (done.stdout, done.returncode) == ("stubborn\nPASSED\n", 0), done

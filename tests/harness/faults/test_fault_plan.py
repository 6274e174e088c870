"""A fault plan as a value: its words, its document, and what it does when applied."""
# ruff: noqa: PTH123  # the builtin is what is tested

from __future__ import annotations

import builtins
import errno
import io
import json
import mmap
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from os import write as written_under_its_own_name
from typing import TYPE_CHECKING

import pytest

import harness
from harness import ArgumentError
from harness.faults import FaultPlan, PlanError, UnknownCallError, When

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [
    "mprotect: nth 3 fails ENOMEM",
    "os.write: always slow 50ms",
    "open: share 0.1 fails EMFILE; seed 7",
    "os.*: every 2 fails",
    "os.replace: nth 2 kills; os.fsync: nth 9 kills SIGTERM",
    "callback: after 5 raises ValueError",
    "commit: between 2 4 raises harness.errors:TokenError",
    "os.fsync: nth 2 fails EIO; os.write: nth 1 slow 1500us; os.write: always fails ENOSPC",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_plan_reads_back_from_its_words_and_from_its_document(text: str) -> None:
    plan = FaultPlan.parse(text)
    assert FaultPlan.parse(str(plan)) == plan
    assert FaultPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("os.write", "no ': ' behind"),
        ("os.write: often fails", "it takes one of nth, every"),
        ("os.write: nth fails", "invalid literal"),
        ("os.write: nth 0 fails", "1 or more, got 0"),
        ("os.write: between 4 2 fails", "two rising numbers, got 4 2"),
        ("os.write: share 1.5 fails", "more than 0 up to 1"),
        ("os.write: nth 1", "one of fails, raises, slow, kills"),
        ("os.write: nth 1 kills SIGNONE", "a signal this system has, got 'SIGNONE'"),
        ("os.write: nth 1 fails ENOSUCH", "name of an errno"),
        ("os.write: nth 1 raises", "raises takes one word"),
        ("os.write: nth 1 raises Nonsense", "'Nonsense' is none"),
        ("os.write: nth 1 raises os:getcwd", "'os:getcwd' is none"),
        ("os.write: nth 1 slow 5", "as 50ms"),
        ("os.write: nth 1 slow 0ms", "a time above 0"),
        ("os.write: nth 1 fails EIO twice", "fails takes one word"),
        ("os write: nth 1 fails", "without spaces"),
        ("os.write: always fails; seed x", "one whole number"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_part_and_the_grammar(text: str, reason: str) -> None:
    with pytest.raises(PlanError) as refused:
        FaultPlan.parse(text)
    assert reason in str(refused.value)
    assert "A plan is rules joined by ';'" in str(refused.value)


@pytest.mark.parametrize("document", [{}, {"rules": "x"}, {"rules": [], "seed": "1"}])
def test_a_document_of_another_kind_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(PlanError):
        FaultPlan.from_json(document)


def picked(moment: str, calls: int) -> list[int]:
    hit = []
    with FaultPlan.parse(f"step: {moment} fails EIO").applied() as faults:
        for nth in range(1, calls + 1):
            try:
                faults.meet("step")
            except OSError:
                hit.append(nth)
    return hit


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("nth 3", [3]),
        ("every 2", [2, 4, 6]),
        ("always", [1, 2, 3, 4, 5, 6]),
        ("after 4", [5, 6]),
        ("between 2 3", [2, 3]),
    ],
)
def test_a_moment_picks_the_calls_it_names(moment: str, expected: list[int]) -> None:
    assert picked(moment, 6) == expected


def test_a_share_picks_about_its_share_and_the_same_calls_each_time() -> None:
    first = picked("share 0.25", 4_000)
    # A hit count more than 5 standard deviations (137) off 1000 has a chance below 1e-6.
    assert 863 < len(first) < 1137
    assert picked("share 0.25", 4_000) == first


def test_every_moment_has_a_test() -> None:
    assert set(When) == {"nth", "every", "always", "after", "between", "share"}


def test_the_third_write_fails_and_the_others_do_not(tmp_path: Path) -> None:
    target = os.open(tmp_path / "out", os.O_CREAT | os.O_WRONLY)
    original = os.write
    with FaultPlan.parse("os.write: nth 3 fails ENOSPC").applied() as faults:
        assert os.write is not original
        assert os.write(target, b"a") + os.write(target, b"b") == 2
        with pytest.raises(OSError, match=r"os\.write") as failed:
            os.write(target, b"c")
        os.write(target, b"d")
    assert failed.value.errno == errno.ENOSPC
    assert os.write is original
    os.close(target)
    assert (tmp_path / "out").read_bytes() == b"abd"
    (done,) = faults.log
    assert (done.call, done.nth, done.thread) == ("os.write", 3, "MainThread")
    assert str(done) == "call 3, os.write number 3, in MainThread: os.write: nth 3 fails ENOSPC"
    assert faults.met == {"os.write": 4}


def test_a_name_that_a_module_took_over_meets_the_plan_too(tmp_path: Path) -> None:
    before = written_under_its_own_name
    with (
        (tmp_path / "out").open("wb") as target,
        FaultPlan.parse("os.write: always fails EIO").applied(),
        pytest.raises(OSError, match=r"os\.write"),
    ):
        written_under_its_own_name(target.fileno(), b"a")
    assert written_under_its_own_name is before


def test_however_a_file_is_opened_it_meets_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text("text", "utf-8")
    originals = builtins.open, io.open
    with FaultPlan.parse("open: every 2 fails EMFILE").applied() as faults:
        assert path.read_text("utf-8") == "text"
        with pytest.raises(OSError, match="Too many open files"):
            path.read_bytes()
        with open(path, encoding="utf-8") as file:
            assert file.read() == "text"
        with (
            pytest.raises(OSError, match="Too many open files"),
            tempfile.NamedTemporaryFile(dir=tmp_path),
        ):
            pass
    assert faults.met["open"] == 4
    assert (builtins.open, io.open) == originals


def test_a_full_disk_shows_where_the_buffer_goes_down(tmp_path: Path) -> None:
    with FaultPlan.parse("file.write: nth 1 fails ENOSPC").applied():
        file = (tmp_path / "out").open("w", encoding="utf-8")
        file.write("the buffer takes this")
        with pytest.raises(OSError, match="No space left"):
            file.flush()
        file.close()  # the second write goes through
    assert (tmp_path / "out").read_text("utf-8") == "the buffer takes this"


@pytest.mark.parametrize("mode", ["rb", "r", "r+", "w+b", "a", "x"])
def test_a_file_opened_under_a_plan_is_what_it_would_be_without(mode: str, tmp_path: Path) -> None:
    def description(path: Path) -> tuple[object, ...]:
        if mode != "x":
            path.write_text("one\ntwo\n", "utf-8")
        with open(path, mode, encoding=None if "b" in mode else "utf-8") as file:
            return type(file), file.mode, file.readable(), file.writable(), file.tell()

    expected = description(tmp_path / "plain")
    with FaultPlan.parse("file.write: nth 1000 fails EIO").applied():
        assert description(tmp_path / "under a plan") == expected


@pytest.mark.parametrize("mode", ["q", "rw", "rbt", "", "rr"])
def test_a_wrong_mode_is_refused_in_the_words_of_open(mode: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r".*") as plain:
        open(tmp_path / "x", mode)  # noqa: SIM115  # it does not open
    with (
        FaultPlan.parse("open: nth 9 fails").applied(),
        pytest.raises(ValueError, match=r".*") as planned,
    ):
        open(tmp_path / "x", mode)  # noqa: SIM115
    assert str(planned.value) == str(plain.value)


def test_a_close_that_fails_has_closed(tmp_path: Path) -> None:
    ends = os.pipe()
    with FaultPlan.parse("os.close: always fails EIO").applied():
        for end in ends:
            with pytest.raises(OSError, match=r"os\.close"):
                os.close(end)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(ends[0])


def test_the_methods_of_a_socket_meet_the_plan() -> None:
    left, right = socket.socketpair()
    with left, right, FaultPlan.parse("socket.socket.send: nth 2 fails EPIPE").applied():
        assert left.send(b"a") == 1
        with pytest.raises(BrokenPipeError):
            left.send(b"b")
        assert right.recv(9) == b"a"
    assert "send" not in vars(socket.socket)


def test_making_an_instance_of_a_class_meets_the_plan() -> None:
    before = mmap.mmap(-1, 1)
    with FaultPlan.parse("mmap.mmap: nth 2 fails").applied():
        made = mmap.mmap(-1, 1)
        assert isinstance(made, mmap.mmap)
        assert isinstance(before, mmap.mmap)
        assert issubclass(type(before), mmap.mmap)
        with pytest.raises(OSError, match="Cannot allocate memory"):
            mmap.mmap(-1, 1)
    assert type(before) is type(made) is mmap.mmap


def test_a_class_derived_meanwhile_keeps_working() -> None:
    with FaultPlan.parse("mmap.mmap: nth 9 fails").applied():

        class Derived(mmap.mmap):
            pass

        made = Derived(-1, 1)
    assert isinstance(made, Derived)
    assert not isinstance(mmap.mmap(-1, 1), Derived)
    assert issubclass(Derived, mmap.mmap)


def test_a_call_can_be_where_the_process_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys\n"
        "from harness.faults import FaultPlan\n"
        "with FaultPlan.parse('os.mkdir: nth 2 kills').applied():\n"
        "    os.mkdir(sys.argv[1] + '/one'); os.mkdir(sys.argv[1] + '/two')\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_slow_call_takes_longer_and_then_happens(tmp_path: Path) -> None:
    with FaultPlan.parse("os.stat: always slow 20ms").applied():
        began_s = time.monotonic()
        assert tmp_path.stat()
        assert time.monotonic() - began_s >= 0.02


def test_threads_that_ran_before_are_let_alone_and_new_ones_are_not() -> None:
    seen: dict[str, str] = {}
    begin = threading.Event()
    ends: list[int] = []

    def attempt(name: str) -> None:
        if name == "old":
            begin.wait()
        try:
            ends.extend(os.pipe())
            seen[name] = "passed"
        except OSError:
            seen[name] = "failed"

    old = threading.Thread(target=attempt, args=("old",))
    old.start()
    with FaultPlan.parse("os.pipe: always fails EMFILE").applied():
        begin.set()
        old.join()
        for _ in range(3):  # one of them is likely to get the old one's number
            new = threading.Thread(target=attempt, args=("new",))
            new.start()
            new.join()
            assert seen == {"old": "passed", "new": "failed"}
    for end in ends:
        os.close(end)


def test_counting_is_right_among_threads() -> None:
    failed: list[int] = []

    def many() -> None:
        for _ in range(500):
            try:
                faults.meet("step")
            except OSError:
                failed.append(1)

    with FaultPlan.parse("step: every 10 fails EIO").applied() as faults:
        threads = [threading.Thread(target=many) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults.met == {"step": 2_000}
    assert len(failed) == len(faults.log) == 200


class Store:
    limit = 3

    def put(self, value: int) -> int:
        return value

    def putter(self, value: int) -> object:
        return lambda: value

    def drop(self) -> None:
        """Never fails."""


def test_a_port_and_a_callback_meet_the_plan_by_their_names() -> None:
    plan = FaultPlan.parse("db/put: every 2 fails ENOSPC; callback: nth 1 fails")
    with plan.applied() as faults:
        store = faults.port(Store(), prefix="db/", bound={"putter": "put"}, spared=("drop",))
        assert store.limit == 3
        assert store.put(4) == 4
        late = store.putter(5)
        with pytest.raises(OSError, match="db/put"):
            late()  # type: ignore[operator]  # what it returned is a call
        store.drop()
        with pytest.raises(RuntimeError, match="injected into callback"):
            faults.callback(len)("")
        assert faults.callback(len)("ab") == 2
    assert store.put(6) == 6  # the plan is over, and who still holds the port goes on
    assert faults.met == {"db/put": 2, "callback": 2}


def test_the_calls_of_a_spared_module_are_let_through(tmp_path: Path) -> None:
    plan = FaultPlan.parse("os.mkdir: always fails ENOSPC; open: always fails EMFILE")
    with plan.applied(spared=("pathlib", "pathlib._local", __name__)):
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "file").write_text("x", "utf-8")
        with pytest.raises(OSError, match="No space left"):
            shutil.copytree(tmp_path / "made", tmp_path / "copied")
    assert (tmp_path / "made" / "file").exists()


def test_rules_that_met_nothing_are_told() -> None:
    with FaultPlan.parse("misspelt: nth 1 fails EIO; step: nth 9 fails EIO").applied() as faults:
        faults.meet("step")
    assert faults.idle_rules == ("misspelt: nth 1 fails EIO",)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("os.wirte", "no attribute 'wirte'"),
        ("nonsense.call", "no module nonsense"),
        ("os.sep", "it is a str"),
        ("io.BytesIO.read", "immutable type"),
        ("builtins.bool", "cannot be derived from"),
    ],
)
def test_a_callable_that_is_none_is_refused_before_anything_is_changed(
    name: str, reason: str
) -> None:
    original = os.write
    with (
        pytest.raises(UnknownCallError, match=reason),
        FaultPlan.parse(f"os.write: nth 1 fails; {name}: nth 1 fails").applied(),
    ):
        pass
    assert os.write is original


def test_one_plan_inside_another_is_taken_out_again() -> None:
    original = os.getpid
    outer = FaultPlan.parse("os.getpid: every 2 fails EPERM")
    with outer.applied() as one, outer.applied() as two:
        os.getpid()
        with pytest.raises(PermissionError):
            os.getpid()
    assert os.getpid is original
    assert (one.met, two.met) == ({"os.getpid": 1}, {"os.getpid": 2})


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match="rules"):
        FaultPlan(("os.write: nth 1 fails",))  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="seed"):
        FaultPlan(seed=1.5)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="text"):
        FaultPlan.parse(3)  # type: ignore[arg-type]
    with FaultPlan().applied() as faults, pytest.raises(ArgumentError, match="function"):
        faults.callback(3)  # type: ignore[arg-type]
    with FaultPlan().applied() as faults, pytest.raises(ArgumentError, match="prefix"):
        faults.port(Store(), prefix="db.")


def test_in_an_execution_a_slow_call_takes_virtual_time_and_a_fault_is_a_finding() -> None:
    plan = FaultPlan.parse("step: always slow 3600s; step: nth 2 fails EIO")

    def body() -> None:
        with plan.applied() as faults:
            threads = [threading.Thread(target=faults.meet, args=("step",)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    began_s = time.monotonic()
    result = harness.explore(body, "random", executions=20)
    assert time.monotonic() - began_s < 30
    assert result.finding is not None
    assert "[Errno 5]" in result.finding.message
    again = harness.replay(body, result.finding.token)
    assert again is not None
    assert again.message == result.finding.message

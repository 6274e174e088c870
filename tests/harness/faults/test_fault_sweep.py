"""Every call fails in its turn: what breaks is named, and what is right passes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from harness import ArgumentError
from harness.faults import (
    FILE_CALLS,
    SOCKET_CALLS,
    THREAD_CALLS,
    BodyFailsError,
    Broken,
    Faults,
    NothingToFailError,
    PlanError,
    UnevenSweepError,
    each_failure,
    replay_fault,
)

if TYPE_CHECKING:
    from pathlib import Path

CALLS = ("os.open", "os.write", "os.fsync", "os.close", "os.replace")


class Saving:
    """Saves a new text over an old one; `careful` writes beside it and moves it into place."""

    def __init__(self, folder: Path, *, careful: bool) -> None:
        self._path = folder / "saved"
        self._new = folder / "saved.new"
        self._careful = careful

    def __call__(self, faults: Faults) -> None:
        self._path.write_text("old", "ascii")
        target = self._new if self._careful else self._path
        number = os.open(target, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        try:
            os.write(number, b"new")
            os.fsync(number)
        finally:
            os.close(number)
        target.replace(self._path)

    def whole(self) -> None:
        assert self._path.read_bytes() in {b"old", b"new"}, "neither the old nor the new"


def test_a_careful_save_survives_every_fault(tmp_path: Path) -> None:
    saving = Saving(tmp_path, careful=True)
    sweep = each_failure(saving, calls=CALLS, check=saving.whole)
    assert sweep, str(sweep)
    assert sweep.failed == {
        "os.open": 1,
        "os.write": 1,
        "os.fsync": 1,
        "os.close": 1,
        "os.replace": 1,
    }
    assert sweep.endings == {"OSError": 4, "PermissionError": 1}
    assert "5 faults (os.close 1, os.fsync 1" in str(sweep)


def test_a_careless_save_is_found_with_the_call_and_its_replay_line(
    tmp_path: Path,
) -> None:
    saving = Saving(tmp_path, careful=False)
    sweep = each_failure(saving, calls=CALLS, check=saving.whole)
    assert not sweep
    (finding,) = sweep.findings
    assert (finding.call, finding.nth, finding.number) == ("os.write", 1, 2)
    assert finding.broken is Broken.INVARIANT
    assert "neither the old nor the new" in str(finding)
    assert "'os.write: nth 1 fails')" in finding.again
    again = replay_fault(saving, finding.plan, calls=CALLS, check=saving.whole)
    assert again is not None
    assert again.broken is Broken.INVARIANT
    assert replay_fault(saving, "os.fsync: nth 1 fails", check=saving.whole) is None


def forgets_to_close(faults: Faults) -> None:
    number = os.open(os.devnull, os.O_WRONLY)
    os.write(number, b"x")
    os.close(number)


def test_a_descriptor_that_an_error_path_leaves_open_is_found() -> None:
    sweep = each_failure(forgets_to_close, calls=CALLS)
    (finding,) = sweep.findings
    assert (finding.call, finding.broken) == ("os.write", Broken.LEAK)
    assert "1 new descriptors" in finding.message
    assert "/dev/null" in finding.message


def test_what_is_opened_once_and_kept_is_no_leak() -> None:
    kept: list[int] = []

    def opens_lazily(faults: Faults) -> None:
        try:
            faults.meet("step")
        except OSError:
            if not kept:
                kept.append(os.open(os.devnull, os.O_RDONLY))

    assert each_failure(opens_lazily)
    os.close(kept[0])


def test_a_lock_that_an_error_path_keeps_is_found_as_a_hang() -> None:
    lock = threading.Lock()

    def keeps_its_lock(faults: Faults) -> None:
        lock.acquire()
        faults.meet("commit")
        lock.release()

    sweep = each_failure(keeps_its_lock, limit_s=0.3)
    (finding,) = sweep.findings
    assert finding.broken is Broken.HANG
    assert "lock.acquire()" in finding.message
    lock.release()  # lets the given-up run end


def test_an_error_of_another_kind_is_found() -> None:
    def stumbles(faults: Faults) -> None:
        found = None
        with contextlib.suppress(OSError):
            faults.meet("read")
            found = "text"
        found.upper()  # type: ignore[union-attr]  # that is the mistake

    (finding,) = each_failure(stumbles).findings
    assert finding.broken is Broken.WRONG_ERROR
    assert "AttributeError: 'NoneType' object has no attribute 'upper'" in finding.message
    assert "test_fault_sweep.py" in finding.message


def test_an_error_that_ends_a_thread_of_the_body_is_found() -> None:
    def works_in_a_thread(faults: Faults) -> None:
        worker = threading.Thread(target=faults.meet, args=("step",))
        worker.start()
        worker.join()

    (finding,) = each_failure(works_in_a_thread).findings
    assert finding.broken is Broken.WRONG_ERROR
    assert "in one of its threads: OSError" in finding.message


def test_a_call_that_is_made_only_after_a_fault_fails_too() -> None:
    def tries_twice(faults: Faults) -> None:
        try:
            faults.meet("first")
        except OSError:
            faults.meet("second")

    assert each_failure(tries_twice).failed == {"first": 1}

    def cleans_up(faults: Faults) -> None:
        try:
            faults.meet("first")
        finally:
            faults.meet("cleaning")

    assert each_failure(cleans_up).failed == {"first": 1, "cleaning": 1}


def test_the_effect_is_ones_own_choice() -> None:
    def body(faults: Faults) -> None:
        faults.callback(len, name="listener")("")

    assert each_failure(body).endings == {"OSError": 1}
    sweep = each_failure(body, how="raises KeyboardInterrupt", allow=(KeyboardInterrupt,))
    assert sweep.endings == {"KeyboardInterrupt": 1}


def test_a_body_that_fails_by_itself_or_has_nothing_to_fail_is_refused() -> None:
    def fails(faults: Faults) -> None:
        raise OSError("always")

    with pytest.raises(BodyFailsError, match="it raised OSError"):
        each_failure(fails)

    def asserts(faults: Faults) -> None:
        raise AssertionError("wrong from the start")

    with pytest.raises(BodyFailsError, match="wrong from the start"):
        each_failure(asserts)
    with pytest.raises(NothingToFailError, match=r"os\.fsync were watched"):
        each_failure(lambda faults: None, calls=("os.fsync",))


def test_a_body_that_tries_for_ever_is_given_up() -> None:
    def tries_again(faults: Faults) -> None:
        for _ in range(10):
            try:
                faults.meet("step")
            except OSError:
                continue

    with pytest.raises(UnevenSweepError, match="a call number 5"):
        each_failure(tries_again, most=5)


def test_a_fault_that_lasts_finds_what_a_second_try_hides(tmp_path: Path) -> None:
    path = tmp_path / "saved"
    path.write_text("old", "ascii")

    def saves(faults: Faults) -> None:
        path.write_text("new", "ascii")  # a flush that failed is tried again when it is closed

    def whole() -> None:
        found = path.read_text("ascii")
        path.write_text("old", "ascii")
        assert found in {"old", "new"}, f"torn: {found!r}"

    assert each_failure(saves, calls=FILE_CALLS, check=whole)
    (finding,) = each_failure(saves, calls=FILE_CALLS, check=whole, lasting=True).findings
    assert str(finding.plan) == "file.write: after 0 fails"
    assert "when file.write number 1 fails and all later ones do" in str(finding)
    again = replay_fault(saves, finding.plan, check=whole)
    assert again is not None
    assert "torn: ''" in again.message


def test_what_a_fault_breaks_for_good_ends_the_sweep_and_is_told_once() -> None:
    lost: list[int] = []

    def loses_something(faults: Faults) -> None:
        try:
            faults.meet("write")
        except OSError:
            lost.append(1)

    def nothing_is_lost() -> None:
        assert not lost, "lost for good"

    sweep = each_failure(loses_something, check=nothing_is_lost)
    assert [(each.call, each.broken) for each in sweep.findings] == [("write", Broken.INVARIANT)]


def test_what_shows_only_when_the_faults_are_over_is_told_too() -> None:
    tired: list[int] = []

    def tires(faults: Faults) -> None:
        if tired:
            raise LookupError("worn out by a fault of an earlier run")
        try:
            faults.meet("write")
        except OSError:
            tired.append(1)

    (finding,) = each_failure(tires).findings
    assert finding.number == 0
    assert "after all the faults, with none" in str(finding)


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ArgumentError, match="limit_s"):
        each_failure(forgets_to_close, limit_s=0)
    with pytest.raises(ArgumentError, match="most"):
        each_failure(forgets_to_close, most=0)
    with pytest.raises(ArgumentError, match="executions"):
        each_failure(forgets_to_close, executions=0)
    with pytest.raises(ArgumentError, match="how"):
        each_failure(forgets_to_close, how=5)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="fails takes the name of an errno"):
        each_failure(forgets_to_close, how="fails ENOSUCH")


class Account:
    """Counts what is paid in; `careful` counts only what was written down."""

    def __init__(self, *, careful: bool) -> None:
        self.lock = threading.Lock()
        self.balance = 0
        self.written = 0
        self._careful = careful

    def pay(self, faults: Faults) -> None:
        if not self._careful:
            with self.lock:
                self.balance += 1
        try:
            faults.meet("write")
        except OSError:
            return
        with self.lock:
            self.written += 1
            if self._careful:
                self.balance += 1


@pytest.mark.parametrize("careful", [True, False])
def test_under_the_engine_each_fault_meets_many_schedules(careful: bool) -> None:  # noqa: FBT001
    def body(faults: Faults) -> None:
        account = Account(careful=careful)
        threads = [threading.Thread(target=account.pay, args=(faults,)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert account.balance == account.written, "the balance is not what was written down"

    began_s = time.monotonic()
    sweep = each_failure(body, executions=30)
    assert time.monotonic() - began_s < 60
    assert bool(sweep) is careful
    assert sweep.failed == {"write": 2}
    if not careful:
        finding = sweep.findings[0]
        assert finding.broken is Broken.SCHEDULE
        assert finding.token in finding.again
        again = replay_fault(body, finding.plan, token=finding.token)
        assert again is not None
        assert "not what was written down" in again.message


def test_every_socket_call_and_every_start_of_a_thread_can_be_made_to_fail() -> None:
    """R-TS-09 for sockets: a server that answers once, and its client."""

    def answer(server: socket.socket) -> None:
        with contextlib.suppress(OSError), server, contextlib.closing(server.accept()[0]) as end:
            end.sendall(end.recv(16).upper())

    def asks_a_server(faults: Faults) -> None:
        with socket.socket() as server, socket.socket() as client:
            server.bind(("127.0.0.1", 0))
            server.listen()
            server.settimeout(5)
            client.settimeout(5)
            thread = threading.Thread(target=answer, args=(server,))
            thread.start()
            try:
                client.connect(server.getsockname())
                client.sendall(b"word")
                assert client.recv(16) in {b"WORD", b""}
            finally:
                client.close()
                if not faults.log:
                    thread.join()
                server.close()
                thread.join()

    sweep = each_failure(
        asks_a_server, calls=(*SOCKET_CALLS, *THREAD_CALLS), allow=(OSError, RuntimeError)
    )
    assert sweep, str(sweep)
    made = {"bind", "listen", "accept", "connect", "sendall", "recv", "close"}
    assert {f"socket.socket.{name}" for name in made} <= set(sweep.failed)
    assert {"socket.socket", "threading.Thread.start"} <= set(sweep.failed)


def test_every_file_call_can_be_made_to_fail(tmp_path: Path) -> None:
    """R-TS-09 for files: whatever pathlib and file objects do, one by one."""

    def uses_files(faults: Faults) -> None:
        folder = tmp_path / "deep"
        folder.mkdir(exist_ok=True)
        with (folder / "a").open("w", encoding="utf-8") as file:
            file.write("x" * 20_000)
            file.flush()
            file.truncate(5)
        (folder / "b").write_bytes(b"y")
        (folder / "a").replace(folder / "b")
        assert (folder / "b").read_bytes() == b"xxxxx"
        (folder / "b").unlink()
        for left in folder.iterdir():
            left.unlink()
        folder.rmdir()

    sweep = each_failure(uses_files, calls=FILE_CALLS)
    assert sweep, str(sweep)
    assert {"open", "file.read", "file.write", "file.truncate", "file.close", "os.replace"} <= set(
        sweep.failed
    )

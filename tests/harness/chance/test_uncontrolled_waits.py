"""Waits that no twin stands for are refused at once, by name, with the ways out."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from multiprocessing import connection
from typing import TYPE_CHECKING, Any

import pytest

import harness

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="waits of POSIX systems")


def pair() -> tuple[socket.socket, socket.socket]:
    return socket.socketpair()


def _poll(timeout: float | None) -> None:
    one, two = pair()
    with one, two:
        watching = select.poll()
        watching.register(one, select.POLLIN)
        watching.poll(timeout)


def _epoll() -> None:
    one, two = pair()
    with one, two, select.epoll() as watching:
        watching.register(one.fileno(), select.EPOLLIN)
        watching.poll(0.2)


def _receive() -> None:
    one, two = connection.Pipe()
    with one, two:
        one.recv()


def _readv() -> None:
    reading, writing = os.pipe()
    try:
        os.readv(reading, [bytearray(1)])
    finally:
        os.close(reading)
        os.close(writing)


WAITS: dict[str, Callable[[], object]] = {
    "select.poll().poll that would block": lambda: _poll(None),
    "select.poll().poll that would block, with a timeout": lambda: _poll(200),
    "select.epoll().poll that would block": _epoll,
    "multiprocessing.Connection.recv that would block": _receive,
    "os.readv that would block": _readv,
    "os.waitid": lambda: os.waitid(os.P_ALL, 0, os.WEXITED),
    "os.wait4": lambda: os.wait4(-1, 0),
    "signal.pause": lambda: signal.pause(),  # noqa: PLW0108  # looked up while it is replaced
    "signal.sigwait": lambda: signal.sigwait([signal.SIGUSR1]),
    "signal.sigtimedwait": lambda: signal.sigtimedwait([signal.SIGUSR1], 0.2),
}


@pytest.mark.parametrize("what", WAITS)
def test_a_wait_in_real_time_is_refused_with_its_name_and_line(what: str) -> None:
    with pytest.raises(harness.UncontrolledError) as caught:
        harness.explore(WAITS[what], executions=2)
    assert caught.value.what == what.partition(",")[0]
    assert "test_uncontrolled_waits.py:" in caught.value.where
    assert "holdfast stress" in caught.value.remedy or "outside the body" in caught.value.remedy


def test_a_file_that_another_has_locked_is_refused(tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "locked"
    with path.open("w") as mine:

        def take() -> None:
            with path.open("w") as other:
                fcntl.flock(other, fcntl.LOCK_EX)

        assert harness.explore(take, executions=2).verdict is harness.Verdict.PASSED
        fcntl.flock(mine, fcntl.LOCK_EX)
        with pytest.raises(harness.UncontrolledError, match=r"fcntl\.flock that would block"):
            harness.explore(take, executions=2)


def test_what_would_not_wait_is_one_step() -> None:
    def body() -> None:
        one, two = pair()
        with one, two:
            two.send(b"x")
            watching = select.poll()
            watching.register(one, select.POLLIN)
            assert watching.poll()
            assert watching.poll(0)
            with select.epoll() as other:
                other.register(one.fileno(), select.EPOLLIN)
                assert other.poll()
        left, right = connection.Pipe()
        with left, right:
            right.send("hello")
            assert left.recv() == "hello"

    assert harness.explore(body, executions=3).verdict is harness.Verdict.PASSED


def test_waiting_for_a_connection_with_a_timeout_takes_virtual_time() -> None:
    seen: list[Any] = []

    def body() -> None:
        one, two = connection.Pipe()
        with one, two:
            seen.append(connection.wait([one], 300))

    result = harness.explore(body, executions=2)
    assert result.verdict is harness.Verdict.PASSED
    assert seen[-1] == []
    assert result.elapsed_s < 20


def test_outside_an_execution_all_is_as_it_was() -> None:
    poll, flock = select.poll, signal.sigtimedwait
    harness.explore(lambda: None, executions=1)
    assert (select.poll, signal.sigtimedwait) == (poll, flock)

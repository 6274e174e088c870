"""What cannot be controlled is reported at the user's line, however deep the library goes."""

from __future__ import annotations

import io
import json
import multiprocessing
import multiprocessing.pool
import os
import platform
import socket
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import harness
from harness.engine.place import caller_site

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(sys.platform == "win32", reason="fork, and commands that exist")


def run() -> None:
    subprocess.run(["true"], check=True)  # noqa: S607


def check_output() -> None:
    subprocess.check_output(["true"])  # noqa: S607


def popen() -> None:
    os.popen("true")  # noqa: S605, S607


def process() -> None:
    multiprocessing.get_context("fork").Process(target=print).start()


def pool() -> None:
    multiprocessing.get_context("fork").Pool(1)


def syscmd() -> None:
    platform._syscmd_file("/bin/ls")  # type: ignore[attr-defined]


def makefile() -> None:
    one, two = socket.socketpair()
    with one, two, one.makefile() as reader:
        reader.readline()


def request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # noqa: SIM117  # one needs the other
        with closing(HTTPConnection(*server.getsockname())) as http:
            http.request("GET", "/")
            http.getresponse()


@posix
@pytest.mark.parametrize(
    "body", [run, check_output, popen, process, pool, syscmd, makefile, request]
)
def test_the_line_is_the_users(body: Callable[[], None]) -> None:
    with pytest.raises(harness.UncontrolledError) as caught:
        harness.explore(body, executions=2)
    where = caught.value.where
    file, _, rest = where.partition(":")
    assert (file, rest.partition(" in ")[2]) == (Path(__file__).name, body.__qualname__)
    line = int(rest.partition(" ")[0])
    first = body.__code__.co_firstlineno
    assert first < line <= first + 4


def test_a_library_that_is_not_skipped_is_named_itself() -> None:
    # json calls read() from its own file: that line is what a trace of json should show.
    seen: list[str] = []

    class Seen(io.StringIO):
        def read(self, *_: object) -> str:
            frame = sys._getframe(1)
            seen.append(caller_site(frame).path)
            return "1"

    json.load(Seen())
    assert Path(seen[0]).parent.name == "json"

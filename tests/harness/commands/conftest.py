"""The program as a user runs it: a process of its own, in a folder with the user's module."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

APP = """
import threading

class Counter:
    value = 0

def lost_update():
    counter = Counter()

    def add():
        counter.value += 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 2

def sound():
    counter, lock = Counter(), threading.Lock()

    def add():
        with lock:
            counter.value += 1

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter.value == 2

def polls():
    done = Counter()
    threading.Thread(target=lambda: None).start()
    turns = 0
    while not done.value:
        turns += 1

def crashes():
    import ctypes
    counter = Counter()
    thread = threading.Thread(target=lambda: setattr(counter, "value", 1))
    thread.start()
    if counter.value:
        ctypes.string_at(0)
    thread.join()

def stops_to_look():
    counter = Counter()

    def add():
        breakpoint()
        counter.value += 1

    thread = threading.Thread(target=add)
    thread.start()
    value = counter.value
    thread.join()
    assert value == 0

def starts_a_process():
    import os
    os.fork()

def takes_one(argument):
    pass

async def stream():
    yield

async def coroutine():
    import asyncio
    n = 0
    async def add():
        nonlocal n
        seen = n
        await asyncio.sleep(0)
        n = seen + 1
    await asyncio.gather(add(), add())
    assert n == 2

NUMBER = 3
"""


@dataclass(frozen=True)
class Program:
    """`holdfast`, in a folder."""

    folder: Path

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "holdfast.cli", *words]

    def options(self) -> dict[str, Any]:
        environment = {**os.environ, "COLUMNS": "120", "PYTHONPATH": "", "TERM": "dumb"}
        return {"cwd": self.folder, "env": environment, "text": True}

    def __call__(self, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            timeout=60,
            check=False,
            **self.options(),
            **more,
        )

    def write(self, name: str, source: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), "utf-8")


@pytest.fixture
def holdfast(tmp_path: Path) -> Program:
    program = Program(tmp_path)
    program.write("app.py", APP)
    return program

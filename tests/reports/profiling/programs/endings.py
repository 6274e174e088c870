"""Targets that end badly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import tracemalloc
from pathlib import Path

NOT_CALLABLE = 3


def raises() -> None:
    raise ValueError("the disk is on fire")


def exits() -> None:
    sys.exit(3)


def leaves() -> None:
    os._exit(7)


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hangs() -> None:
    threading.Event().wait()


def floods() -> None:
    for _ in range(2_000):
        sys.stdout.write("x" * 1_000 + "\n")
    raise RuntimeError("after two megabytes of output")


def leaves_a_process() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(os.environ["SLEEPER"]).write_text(str(sleeper.pid), "utf-8")


def wants_arguments(first: int) -> int:
    return first


def raises_when_traced() -> None:
    if tracemalloc.is_tracing():
        raise MemoryError("no room for tracing")


async def coroutine() -> None:
    sum(range(1000))

"""Scenarios that each leave one kind of thing behind, and twins that do the same and clear up."""

from __future__ import annotations

import ctypes
import mmap
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stress.scenarios import Scale, Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT: list[Any] = []
PAGE = mmap.PAGESIZE
SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]


def scenario(body: Callable[[], None]) -> Scenario:
    """A scenario that does its thing at full scale only."""

    def at_full_scale(scale: Scale) -> None:
        if scale.gather:
            body()

    small = Scale(threads=1, operations=1)
    full = Scale(threads=1, operations=1, gather=True)
    return Scenario(
        name=body.__name__, body=at_full_scale, exploration_scale=small, stress_scale=full,
        what="keeps something, or gives it back",
    )  # fmt: skip


def started_thread() -> None:
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def joined_thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def started_process() -> None:
    KEPT.append(subprocess.Popen(SLEEPER))


def unawaited_process() -> None:
    if (copy := os.fork()) == 0:
        os._exit(0)
    KEPT.append(copy)


def awaited_process() -> None:
    with subprocess.Popen(SLEEPER) as process:
        process.kill()


def kept_descriptor() -> None:
    KEPT.append(os.dup(0))


def closed_descriptor() -> None:
    os.close(os.dup(0))


def kept_file() -> None:
    os.close(tempfile.mkstemp()[0])


def removed_file() -> None:
    with tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).exists()


def _locked_page() -> mmap.mmap:
    page = mmap.mmap(-1, PAGE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    assert ctypes.CDLL(None).mlock(ctypes.c_void_p(address), ctypes.c_size_t(PAGE)) == 0
    return page


def locked_page() -> None:
    KEPT.append(_locked_page())


def unlocked_page() -> None:
    _locked_page()  # unmapped, and unlocked with it, as nobody keeps it


def _some_mappings() -> list[mmap.mmap]:
    # Every second page with another protection, or the system would join them into one mapping.
    return [
        mmap.mmap(-1, PAGE, prot=mmap.PROT_READ if at % 2 else mmap.PROT_READ | mmap.PROT_WRITE)
        for at in range(100)
    ]


def kept_mappings() -> None:
    KEPT.extend(_some_mappings())


def closed_mappings() -> None:
    for one in _some_mappings():
        one.close()


def kept_memory() -> None:
    KEPT.append(bytearray(b"x" * (300 << 10)))


def freed_memory() -> None:
    assert bytearray(b"x" * (300 << 10))


def opened_once() -> None:
    if not KEPT or len(KEPT) < 20:
        KEPT.append(None)
    elif len(KEPT) == 20:
        KEPT.append(os.dup(0))  # in a later round, once: a connection that is kept, a log file


for body in list(globals().values()):
    if callable(body) and getattr(body, "__module__", "") == __name__ and body is not scenario:
        globals()[body.__name__.upper()] = scenario(body)

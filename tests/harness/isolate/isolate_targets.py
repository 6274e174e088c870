"""Bodies that a child imports by name; some end the process."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time


class Cell:
    """Something that two threads share."""

    def __init__(self) -> None:
        self.value = 0


def race(effect: object = None) -> Cell:
    """Let two threads write; return what they shared."""
    cell = Cell()

    def write() -> None:
        cell.value += 1

    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return cell


def sound() -> None:
    race()


def loses_an_update() -> None:
    assert race().value == 2


def reads_freed_memory() -> None:
    """Use after free, in small: the one order in which the reader comes late kills the process."""
    freed = threading.Event()
    page = Cell()

    def close() -> None:
        page.value = 1
        freed.set()

    closer = threading.Thread(target=close)
    closer.start()
    if page.value:
        ctypes.string_at(0)
    closer.join()


def always_crashes() -> None:
    ctypes.string_at(0)


def aborts() -> None:
    os.abort()


def leaves() -> None:
    os._exit(7)


def hangs_in_c() -> None:
    """Hold the GIL for ever, where no watchdog thread can run."""
    threading.Thread(target=time.monotonic).start()
    ctypes.PyDLL(None).pause()


def eats_memory() -> None:
    block = bytearray(1 << 33)
    assert block


def stops_itself() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def starts_what_outlives_it() -> None:
    """A crash after a real child was started behind the engine's back."""
    os.environ.setdefault("HOLDFAST_TEST", "1")
    ctypes.string_at(0)

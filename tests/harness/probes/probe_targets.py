"""What the probed children of these tests run."""

import ctypes
import mmap
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

KEPT: list[object] = []


def says_hello(probe: Any, word: str) -> None:
    sys.stdout.write("printing is the target's own business\n")
    probe.checkpoint("first", word=word)
    probe.checkpoint("second")


def keeps_a_part(probe: Any, start: int, end: int) -> None:
    key = bytearray(32)
    probe.key_into(key)
    # Of a memoryview: a slice of the bytearray would be one more copy, and it would be found.
    KEPT.append(bytes(memoryview(key)[start:end]))
    key[:] = bytes(32)
    probe.checkpoint("kept a part")


def keeps_across_a_chunk(probe: Any, before: int) -> None:
    chunk = 1 << 16
    pages = mmap.mmap(-1, 4 * chunk)
    base = ctypes.addressof((ctypes.c_char * len(pages)).from_buffer(pages))
    # The search takes stretches of one chunk from the start of a mapping, and the kernel may have
    # merged this mapping with a neighbour: only the map itself says where it starts.
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    bounds = [line.split()[0].split("-") for line in lines]
    start = next(int(a, 16) for a, b in bounds if int(a, 16) <= base < int(b, 16))
    at = (start - base) % chunk + chunk - before
    probe.key_into(memoryview(pages)[at : at + 32])
    KEPT.append(pages)
    probe.checkpoint("kept", address=base + at)


def frees_in_a_worker(probe: Any) -> None:
    key = bytearray(32)
    probe.key_into(key)
    probe.in_worker(lambda: [bytes(key) for _ in range(40)] and None)
    key[:] = bytes(32)
    probe.checkpoint("joined")


def loses_its_control(probe: Any) -> None:
    probe._control[:] = bytes(8)
    probe.checkpoint("blind")


def fails_in_a_worker(probe: Any) -> None:
    def fail() -> None:
        raise LookupError("a worker's failure is the target's")

    probe.in_worker(fail)


def is_killed(probe: Any) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def is_killed_before_a_copy(probe: Any) -> None:
    if os.fork() == 0:
        signal.alarm(5)  # ends it; until then it holds the channel
        signal.pause()
    os.kill(os.getpid(), signal.SIGSEGV)


def exits_early(probe: Any) -> None:
    sys.stderr.write("leaving early\n")
    sys.stderr.flush()
    os._exit(3)


def sleeps_for_a_needlessly_long_time(probe: Any) -> None:
    time.sleep(600)


def asks_for_a_longer_key(probe: Any) -> None:
    probe.key_into(bytearray(33))


def maps_a_secret_file(probe: Any) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    number = libc.syscall(447, 0)  # memfd_secret
    if number < 0:
        probe.checkpoint("no memfd_secret", errno=ctypes.get_errno())
        return
    os.ftruncate(number, mmap.PAGESIZE)
    page = mmap.mmap(number, mmap.PAGESIZE)
    page[:32] = bytes(range(32))
    KEPT.append(page)
    probe.checkpoint("secret page")


def keeps_in_a_thread_of_its_own(probe: Any) -> None:
    inside, leave = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        leave.wait()

    worker = threading.Thread(target=hold, name="holder", daemon=True)
    worker.start()
    inside.wait()
    tasks = Path("/proc/self/task") / str(worker.native_id)
    time.sleep(0.05)  # until it sleeps in the kernel, which tells its stack pointer only then
    pointer = int((tasks / "syscall").read_text("ascii").split()[-2], 16)
    # Far below the frames in use, in the same mapping: what a call that has returned left there.
    landing = (ctypes.c_char * 32).from_address(pointer - 65_536)
    probe.key_into(landing)
    probe.checkpoint("kept", thread=worker.native_id)
    leave.set()

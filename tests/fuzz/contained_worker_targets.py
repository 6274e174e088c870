"""Targets that misbehave in ways that a worker has to contain."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

from fuzz import Target

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def forks_and_returns(data: bytes) -> None:
    if data and not os.fork():
        return  # the copy comes back to the fuzzer as if it were the one
    if data:
        raise LookupError("the first of two")


def forks_and_raises(data: bytes) -> None:
    if data and not os.fork():
        raise KeyError("the copy")


def leaves_a_child(data: bytes) -> None:
    if data:
        subprocess.Popen(SLEEPER, start_new_session=True)
        os.kill(os.getpid(), signal.SIGKILL)


def leaves_an_orphan(data: bytes) -> None:
    if data and not os.fork():
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execv(sys.executable, SLEEPER)  # noqa: S606  # as it must be
    if data:
        time.sleep(30)


def kills_its_group(data: bytes) -> None:
    if data:
        os.killpg(0, signal.SIGKILL)


def kills_its_parent(data: bytes) -> None:
    if data:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(30)


def prints_without_end(data: bytes) -> None:
    while data:
        os.write(1, b"x" * 65_536)


def prints_much(data: bytes) -> None:
    sys.stdout.write("y" * 100_000 + "\n")


def fills_a_file(data: bytes) -> None:
    if data:
        with tempfile.TemporaryFile() as file:
            os.truncate(file.fileno(), 1 << 40)


def closes_descriptors(data: bytes) -> None:
    os.closerange(0, 100)
    if len(data) > 6:
        raise LookupError("after all was closed")


def wrecks_its_process(data: bytes) -> None:
    os.chdir("/")
    os.environ.clear()
    sys.path.clear()
    sys.stdout = sys.stderr = None
    if len(data) > 6:
        raise LookupError("after all was wrecked")


def interrupts(data: bytes) -> None:
    if data:
        raise KeyboardInterrupt("by the target itself")


def recurses(data: bytes) -> None:
    if data:
        recurses(data)


def wants_a_terabyte(data: bytes) -> None:
    if data:
        bytearray(1 << 40)


def is_slow_at_times(data: bytes) -> None:
    if slow.is_set():
        time.sleep(0.2)
    slow_after.append(1)
    if len(slow_after) > 20_000:
        slow.set()


slow = threading.Event()
slow_after: list[int] = []


def holds_the_interpreter(data: bytes) -> None:
    if data:
        b"a" * 40 in (b"a" * 39 + b"b") * 10  # noqa: B015  # only for its time
        sum(range(10**12))


def fails_on_most(data: bytes) -> list[int]:
    if data:
        raise LookupError("any input but the empty")
    return [1]


FORKS = Target(name="forks", run=forks_and_returns, what="forks")
FORKS_RAISES = Target(name="forks", run=forks_and_raises, what="the copy raises")
LEAVES_CHILD = Target(name="child", run=leaves_a_child, what="leaves a process")
LEAVES_ORPHAN = Target(name="orphan", run=leaves_an_orphan, what="leaves a daemon", hang_s=0.7)
KILLS_GROUP = Target(name="group", run=kills_its_group, what="kills its process group")
KILLS_PARENT = Target(name="parent", run=kills_its_parent, what="kills its parent")
PRINTS_WITHOUT_END = Target(name="floods", run=prints_without_end, what="prints", hang_s=0.7)
PRINTS_MUCH = Target(name="prints", run=prints_much, what="prints 100 kB an input")
FILLS = Target(name="fills", run=fills_a_file, what="a file of a terabyte")
CLOSES = Target(name="closes", run=closes_descriptors, what="closes every descriptor")
WRECKS = Target(name="wrecks", run=wrecks_its_process, what="folder, environment, path, output")
INTERRUPTS = Target(name="interrupts", run=interrupts, what="KeyboardInterrupt")
RECURSES = Target(name="recurses", run=recurses, what="recurses")
TERABYTE = Target(name="terabyte", run=wants_a_terabyte, what="allocates")
SLOW = Target(name="slow", run=is_slow_at_times, what="quick first, then slow")
HOLDS = Target(name="holds", run=holds_the_interpreter, what="in native code", hang_s=0.7)
FAILS = Target(name="fails", run=fails_on_most, what="fails on most", instrument=(__name__,))

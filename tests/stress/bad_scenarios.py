"""Scenarios that each end in one way on purpose, so that every ending is seen to be told."""

import ctypes
import mmap
import os
import signal
import threading
import time
from collections.abc import Callable

from stress.scenarios import Scale, Scenario
from stress.scenarios.flow import waiters_all_pass
from tests.planted.flow.twins import WakesOne

KEPT: list[object] = []
SMALL = Scale(threads=1, operations=1)
FULL = Scale(threads=2, operations=1, gather=True)


def scenario(body: Callable[[Scale], None], hang_s: float = 20.0) -> Scenario:
    """A scenario around a body that is bad at full scale only."""

    def only_at_full_scale(scale: Scale) -> None:
        if scale.gather:
            body(scale)

    return Scenario(
        name=body.__name__,
        body=only_at_full_scale,
        exploration_scale=SMALL,
        stress_scale=FULL,
        what="bad on purpose",
        hang_s=hang_s,
    )


def _pass(scale: Scale) -> None:
    pass


def _raise(scale: Scale) -> None:
    raise ValueError("raised on purpose")


def _raise_in_thread(scale: Scale) -> None:
    thread = threading.Thread(target=_raise, args=(scale,))
    thread.start()
    thread.join()


def _raise_in_destructor(scale: Scale) -> None:
    class Angry:
        def __del__(self) -> None:
            raise ValueError("raised on purpose")

    Angry()


def _read_address_zero(scale: Scale) -> None:
    ctypes.string_at(0)


def _kill_itself(scale: Scale) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _terminate_itself(scale: Scale) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _send_itself_a_user_signal(scale: Scale) -> None:
    os.kill(os.getpid(), signal.SIGUSR2)


def _die_before_a_copy(scale: Scale) -> None:
    if os.fork() == 0:
        signal.pause()  # holds all that its parent had open, the channel as well
    os.kill(os.getpid(), signal.SIGSEGV)


def _close_all_and_wait(scale: Scale) -> None:
    os.closerange(3, 256)
    threading.Event().wait()


def _exit(scale: Scale) -> None:
    os._exit(7)


def _wait_for_itself(scale: Scale) -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def _spin(scale: Scale) -> None:
    while True:
        pass


def _leave_thread(scale: Scale) -> None:
    threading.Thread(target=threading.Event().wait, daemon=True).start()


def _leave_descriptor(scale: Scale) -> None:
    KEPT.append(os.dup(0))


def _leave_mappings(scale: Scale) -> None:
    # Every second page with another protection, or the system would join them into one mapping.
    for number in range(100):
        access = mmap.PROT_READ if number % 2 else mmap.PROT_READ | mmap.PROT_WRITE
        KEPT.append(mmap.mmap(-1, mmap.PAGESIZE, prot=access))


def _take_memory(scale: Scale) -> None:
    while True:
        KEPT.append(bytearray(8 << 20))
        time.sleep(0.005)


def _ask_for_too_much(scale: Scale) -> None:
    KEPT.append(bytearray(1 << 40))


PASSES = scenario(_pass)
RAISES = scenario(_raise)
RAISES_IN_THREAD = scenario(_raise_in_thread)
RAISES_IN_DESTRUCTOR = scenario(_raise_in_destructor)
CRASHES = scenario(_read_address_zero)
KILLED = scenario(_kill_itself)
TERMINATED = scenario(_terminate_itself)
TOLD_BY_A_NUMBER = scenario(_send_itself_a_user_signal)
DIES_BEFORE_A_COPY = scenario(_die_before_a_copy)
CLOSES_ALL_AND_WAITS = scenario(_close_all_and_wait)
EXITS = scenario(_exit)
DEADLOCKS = scenario(_wait_for_itself, hang_s=1.0)
SPINS = scenario(_spin, hang_s=1.0)
LEAKS_THREAD = scenario(_leave_thread)
LEAKS_DESCRIPTOR = scenario(_leave_descriptor)
LEAKS_MAPPINGS = scenario(_leave_mappings)
TAKES_MEMORY = scenario(_take_memory)
ASKS_FOR_TOO_MUCH = scenario(_ask_for_too_much)
WAKES_ONE_OF_MANY = Scenario(
    name="wakes_one_of_many",
    body=lambda scale: waiters_all_pass(scale, make=WakesOne) if scale.gather else None,
    exploration_scale=SMALL,
    stress_scale=Scale(threads=100, operations=1, gather=True),
    what="the flow scenario over its bad twin",
)
NOT_A_SCENARIO = "text"

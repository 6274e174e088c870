"""What protection costs: a secret's access against the cheapest that C could do."""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from c_floor import CFloor, NoCompilerError
from figure import Effort, Figure, NotComparedError
from rounds import no_collection, ratios, thread_cpu_s

from reports import Direction
from secmem.memory import SecretFactory

if TYPE_CHECKING:
    from secmem.memory import Secret

ACCESS_LIMIT: Final = 3.5  # times the C floor; a ctypes prototype with lock and counter took 2.9
SECOND_READER_LIMIT: Final = 0.5  # of a first access: it finds the page open, so no mprotect
SECRET_BYTES: Final = 32  # one AES-256 key
_READY_TIMEOUT_S: Final = 10.0


def read_many(secret: Secret, times: int) -> None:
    """Enter, read all bytes, leave; so many times."""
    for _ in range(times):
        with secret.access() as view:
            view.tobytes()


def access_ratio(effort: Effort) -> list[float]:
    """Return a first access over the C floor."""
    times, rounds = effort.pick(quick=500, full=2_000), effort.pick(quick=15, full=61)
    with tempfile.TemporaryDirectory() as folder, SecretFactory().random(SECRET_BYTES) as secret:
        try:
            floor = CFloor(Path(folder))
        except NoCompilerError as error:
            raise NotComparedError(str(error)) from error
        with closing(floor), no_collection():
            read_many(secret, times)
            found = ratios(
                lambda: thread_cpu_s(lambda: read_many(secret, times)),
                lambda: floor.cpu_s(times),
                rounds=rounds,
            )
    return found


def second_reader_ratio(effort: Effort) -> list[float]:
    """Return an access while another thread reads over an access that opens the page."""
    times, rounds = effort.pick(quick=500, full=2_000), effort.pick(quick=15, full=61)
    factory = SecretFactory()
    with factory.random(SECRET_BYTES) as held, factory.random(SECRET_BYTES) as idle:
        entered, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with held.access():
                entered.set()
                leave.wait()

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            if not entered.wait(_READY_TIMEOUT_S):
                raise TimeoutError("the holding reader did not enter")
            with no_collection():
                found = ratios(
                    lambda: thread_cpu_s(lambda: read_many(held, times)),
                    lambda: thread_cpu_s(lambda: read_many(idle, times)),
                    rounds=rounds,
                )
        finally:
            leave.set()
            holder.join()
    return found


def create_close_s(effort: Effort) -> list[float]:
    """Return the CPU seconds of one life: mapped, filled, locked, wiped, unmapped."""
    times, rounds = effort.pick(quick=50, full=200), effort.pick(quick=7, full=31)
    factory = SecretFactory()
    found = []
    with no_collection():
        for _ in range(rounds):
            start = time.thread_time()
            for _ in range(times):
                factory.random(SECRET_BYTES).close()
            found.append((time.thread_time() - start) / times)
    return found


FIGURES: Final = (
    Figure(
        name="access",
        about="access to a 32-byte secret, times a C floor of two mprotect calls",
        metric="ratio",
        unit="x",
        direction=Direction.LOWER,
        measure=access_ratio,
        limit=ACCESS_LIMIT,
    ),
    Figure(
        name="second-reader",
        about="access to a secret that is open already, times a first access",
        metric="ratio",
        unit="x",
        direction=Direction.LOWER,
        measure=second_reader_ratio,
        limit=SECOND_READER_LIMIT,
    ),
    Figure(
        name="create-close",
        about="CPU time to create and close a 32-byte secret",
        metric="time",
        unit="s",
        direction=Direction.LOWER,
        measure=create_close_s,
    ),
)

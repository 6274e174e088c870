"""For each kind of chaos a subject that breaks under it and its twin that does not."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from harness.probes import census
from secmem.memory import SecretError, SecretFactory, memory_usage
from secmem.memory.system_calls import default_system_calls
from stress.chaos_applied import calm
from stress.chaos_signals import on_signal
from stress.scenarios import Scale, Scenario
from stress.scenarios.durability import durable

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from pathlib import Path


def scenario(
    body: Callable[[Scale], object], *, threads: int = 2, hang_s: float = 60.0
) -> Scenario:
    return Scenario(
        name=body.__name__,
        body=body,
        exploration_scale=Scale(threads=1, operations=1),
        stress_scale=Scale(threads=2, operations=40),
        what=body.__name__,
        hang_s=hang_s,
    )


# -- kill: a file named after its content is whole


def in_place(folder: Path, chance: random.Random) -> str:
    data = chance.randbytes(100)
    name = hashlib.sha256(data).hexdigest()
    with (folder / name).open("wb", buffering=0) as file:
        file.write(data[:50])
        file.write(data[50:])
    return name


def beside(folder: Path, chance: random.Random) -> str:
    return put(folder, chance.randbytes(100))


def put(folder: Path, data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    partial = folder / f".{name}"
    with partial.open("wb", buffering=0) as file:
        file.write(data[:50])
        file.write(data[50:])
    partial.replace(folder / name)
    return name


def files_are_whole(folder: Path, committed: frozenset[str]) -> None:
    present = {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}
    for name, data in present.items():
        assert hashlib.sha256(data).hexdigest() == name, f"a file of {len(data)} bytes is torn"
    assert committed <= present.keys(), "a file that was written is gone"


def forgets(folder: Path, chance: random.Random) -> str:
    """Say that it is written when it is not yet: what is in memory dies with the process."""
    waiting.append(chance.randbytes(100))
    if len(waiting) > 3:
        put(folder, waiting.pop(0))
    return hashlib.sha256(waiting[-1]).hexdigest()


waiting: list[bytes] = []
KILL_BAD = durable(in_place, files_are_whole, name="in_place", what="torn by a kill")
KILL_GOOD = durable(beside, files_are_whole, name="beside", what="whole after a kill")
KILL_FORGETS = durable(forgets, files_are_whole, name="forgets", what="lost by a kill")


# -- disk: what is said to be saved is saved


def swallows(folder: Path, chance: random.Random) -> str:
    with contextlib.suppress(OSError):
        return beside(folder, chance)
    return hashlib.sha256(b"").hexdigest()


DISK_BAD = durable(swallows, files_are_whole, name="swallows", what="says saved on a full disk")
DISK_GOOD = KILL_GOOD


# -- clock: an age is not negative, and what was put in a moment ago is there


class Cache:
    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._entries: dict[int, float] = {}

    def put(self, key: int) -> None:
        self._entries[key] = self._now_s()

    def fresh(self, key: int) -> bool:
        return 0 <= self._now_s() - self._entries[key] < 30.0


def by_the_wall(scale: Scale) -> None:
    keeps_for_30_s(scale, Cache(lambda: float(time.time())))


def by_the_monotonic(scale: Scale) -> None:
    keeps_for_30_s(scale, Cache(time.monotonic))


def keeps_for_30_s(scale: Scale, cache: Cache) -> None:
    for key in range(scale.operations):
        cache.put(key)
        assert cache.fresh(key), "an entry of a moment ago has expired"


CLOCK_BAD = scenario(by_the_wall)
CLOCK_GOOD = scenario(by_the_monotonic)


# -- descriptors: a file that cannot be opened is not a file that is not there


def counts_in_a_file(scale: Scale, absent: type[OSError]) -> None:
    import tempfile  # noqa: PLC0415  # where the child says

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/count"
        done = 0
        for _ in range(scale.operations):
            spare = None
            try:
                spare = os.open(os.devnull, os.O_RDONLY)  # so that scarcity hits in between
                try:
                    with open(path, encoding="ascii") as file:  # noqa: PTH123
                        count = int(file.read())
                except absent:
                    count = 0
                os.close(spare)
                spare = None
                with open(path + ".new", "w", encoding="ascii") as file:  # noqa: PTH123
                    file.write(str(count + 1))
                os.replace(path + ".new", path)  # noqa: PTH105
                done += 1
            except OSError:
                continue
            finally:
                if spare is not None:
                    os.close(spare)
        calm()
        with contextlib.suppress(FileNotFoundError), open(path, encoding="ascii") as file:  # noqa: PTH123
            found = int(file.read())
            assert found == done, f"{done} times counted, and the file says {found}"


def takes_any_error_for_absence(scale: Scale) -> None:
    counts_in_a_file(scale, OSError)


def knows_absence(scale: Scale) -> None:
    counts_in_a_file(scale, FileNotFoundError)


class Logged:
    """Opens a second file beside the first, and forgets the first when that fails."""

    def __init__(self, *, careful: bool) -> None:
        self._careful = careful

    def use(self) -> None:
        first = os.open(os.devnull, os.O_RDONLY)
        try:
            second = os.open(os.devnull, os.O_RDONLY)
        except OSError:
            if self._careful:
                os.close(first)
            raise
        os.close(second)
        os.close(first)


def leaves_the_first_open(scale: Scale) -> None:
    for _ in range(scale.operations):
        Logged(careful=False).use()


def closes_the_first(scale: Scale) -> None:
    for _ in range(scale.operations):
        Logged(careful=True).use()


DESCRIPTORS_BAD = scenario(leaves_the_first_open)
DESCRIPTORS_GOOD = scenario(closes_the_first)
ABSENCE_BAD = scenario(takes_any_error_for_absence)
ABSENCE_GOOD = scenario(knows_absence)


# -- locks: what counts as locked is locked


class SwallowsRefusals:
    def __init__(self) -> None:
        self._real: Any = default_system_calls()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def lock(self, address: int, size: int) -> None:
        with contextlib.suppress(OSError):
            self._real.lock(address, size)


def locked_as_it_says(scale: Scale, calls: Any) -> None:
    before = census().locked_bytes
    kept = []
    for _ in range(scale.operations):
        with contextlib.suppress(SecretError):
            kept.append(SecretFactory(calls=calls).new(bytearray(b"a key")))
    said, found = memory_usage().locked_bytes, census().locked_bytes
    for secret in kept:
        secret.close()
    assert before is not None
    assert found is not None
    assert said == found - before, f"{said} bytes count as locked, and {found - before} are"


def counts_refused_locks(scale: Scale) -> None:
    locked_as_it_says(scale, SwallowsRefusals())


def refuses_unlocked_secrets(scale: Scale) -> None:
    locked_as_it_says(scale, None)


LOCKS_BAD = scenario(counts_refused_locks)
LOCKS_GOOD = scenario(refuses_unlocked_secrets)


# -- signals: a handler that takes a lock which the main thread holds


def takes_a_lock_in_its_handler(scale: Scale) -> None:
    lock, noted = threading.Lock(), []

    def note() -> None:
        with lock:
            noted.append(1)

    with on_signal(note):
        for _ in range(scale.operations * 500):
            with lock:
                sum(noted)  # most of the time the lock is held
                sum(range(100))


def leaves_a_note_in_its_handler(scale: Scale) -> None:
    notes: queue.SimpleQueue[int] = queue.SimpleQueue()  # made for that: put() may be re-entered
    lock = threading.Lock()
    with on_signal(lambda: notes.put(1)):
        for _ in range(scale.operations * 500):
            with lock:
                sum(range(100))


SIGNALS_BAD = scenario(takes_a_lock_in_its_handler, hang_s=5.0)
SIGNALS_GOOD = scenario(leaves_a_note_in_its_handler)


# -- slow: what takes long has not failed


def pays(scale: Scale, *, again: bool) -> None:
    paid = 0
    for _ in range(scale.operations):
        began_s = time.monotonic()
        os.stat(".")  # noqa: PTH116  # stands for a payment
        paid += 1
        if again and time.monotonic() - began_s > 0.001:
            os.stat(".")  # noqa: PTH116
            paid += 1
    assert paid == scale.operations, "somebody has paid twice"


def pays_again_when_it_takes_long(scale: Scale) -> None:
    pays(scale, again=True)


def pays_once(scale: Scale) -> None:
    pays(scale, again=False)


SLOW_BAD = scenario(pays_again_when_it_takes_long)
SLOW_GOOD = scenario(pays_once)


# -- failing: an error path that keeps its lock; the calm round after it hangs


SHARED = threading.Lock()


def keeps_its_lock(scale: Scale) -> None:
    for _ in range(scale.operations):
        SHARED.acquire()
        os.stat(".")  # noqa: PTH116
        SHARED.release()


def gives_its_lock_back(scale: Scale) -> None:
    for _ in range(scale.operations):
        with SHARED:
            os.stat(".")  # noqa: PTH116


FAILING_BAD = scenario(keeps_its_lock, hang_s=5.0)
FAILING_GOOD = scenario(gives_its_lock_back)

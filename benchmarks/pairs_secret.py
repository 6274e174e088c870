"""Pairs of secrets: the page's locks and system calls before and after the documents' repairs."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

from pairs import Claim, ClaimKind, Pair, Side

from secmem.memory import AlignedMemory, MemoryProtection, ProtectionState, Secret
from tests.planted.secret import memory_twins, state_twins
from tests.planted.secret.assembly import assemble

if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BYTES: Final = 32
THREADS: Final = 4
WAITED_S: Final = 0.001  # in each callback, as one that reads or writes a file would
_DOCUMENT: Final = "SecureMemory Implementation Status, Performance Results"


def _read_only(view: memoryview) -> int:
    return len(view.tobytes())


def _key() -> bytearray:
    return bytearray(range(KEY_BYTES))


def sequential(side: Side, times: int) -> float:
    """Return the CPU seconds of one access, one thread."""
    made = _in_order(side)(_key())
    with made as secret:
        start = time.thread_time()
        for _ in range(times):
            secret.with_bytes(_read_only)
        return (time.thread_time() - start) / times


def parallel(side: Side, times: int) -> float:
    """Return the CPU seconds of one access while four threads read one secret."""
    with _in_order(side)(_key()) as secret:
        start = time.process_time()
        _crowd(lambda: _read_many(secret, times, _read_only))
        return (time.process_time() - start) / (THREADS * times)


def overlapping(side: Side, times: int) -> float:
    """Return the seconds by the clock of one access whose callback waits for a millisecond."""
    secret_type: type[Secret] = state_twins.CallsUnderLock if side is Side.BEFORE else Secret

    def wait(view: memoryview) -> int:
        time.sleep(WAITED_S)
        return len(view)

    with assemble(secret=secret_type)(_key()) as secret:
        start = time.perf_counter()
        _crowd(lambda: _read_many(secret, times, wait))
        return (time.perf_counter() - start) / (THREADS * times)


def create_close(side: Side, times: int) -> float:
    """Return the CPU seconds of one life: made, closed."""
    broken = side is Side.BEFORE
    make = assemble(state=state_twins.WaitsHoldingThePage) if broken else assemble()
    start = time.thread_time()
    for _ in range(times):
        make(_key()).close()
    return (time.thread_time() - start) / times


def same_state(side: Side, times: int) -> float:
    """Return the CPU seconds of asking for the protection that holds already."""
    kind = memory_twins.AsksAgain if side is Side.BEFORE else ProtectionState
    memory = AlignedMemory(KEY_BYTES)
    try:
        state = kind(MemoryProtection.READ_WRITE)
        start = time.thread_time()
        for _ in range(times):
            state.transition_to(memory, MemoryProtection.READ_WRITE)
        return (time.thread_time() - start) / times
    finally:
        memory.release()


def _in_order(side: Side) -> Any:  # noqa: ANN401  # what assemble returns
    return assemble(state=state_twins.LeavesInOtherOrder) if side is Side.BEFORE else assemble()


def _read_many(secret: Secret, times: int, use: Callable[[memoryview], object]) -> None:
    for _ in range(times):
        secret.with_bytes(use)


def _crowd(work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


PAIRS: Final = (
    Pair(
        name="secret-sequential",
        about="CPU time of one access by one thread",
        planted="B-02: a leaving access takes the page's lock first, then the access lock",
        claim=Claim(
            kind=ClaimKind.FASTER_BY,
            words="Sequential Operations: ~4% performance improvement",
            source=f"{_DOCUMENT} 1",
            figure=1.04,
        ),
        measure=sequential,
        quick=500,
        full=5_000,
    ),
    Pair(
        name="secret-parallel",
        about="CPU time of one access while four threads read one secret",
        planted="B-02: a leaving access takes the page's lock first, then the access lock",
        claim=Claim(
            kind=ClaimKind.FASTER_BY,
            words="Parallel Operations: ~7.6% performance improvement",
            source=f"{_DOCUMENT} 2",
            figure=1.076,
        ),
        measure=parallel,
        quick=125,
        full=1_250,
    ),
    Pair(
        name="secret-create-close",
        about="CPU time of making and closing a secret",
        planted="B-01: close waits with the lock of the page's state held",
        claim=Claim(
            kind=ClaimKind.SAME,
            words="Basic Memory Operations: No significant change (within noise threshold)",
            source=f"{_DOCUMENT} 3",
        ),
        measure=create_close,
        quick=50,
        full=500,
    ),
    Pair(
        name="secret-overlapping",
        about="time by the clock of one access whose callback waits for 1 ms, four threads",
        planted="B-03: the callback runs with a lock of the secret held",
        claim=Claim(
            kind=ClaimKind.FASTER,
            words="Reduced contention during concurrent operations",
            source="SecureMemory Implementation Status, Key Accomplishments 5",
        ),
        measure=overlapping,
        quick=5,
        full=25,
    ),
    Pair(
        name="secret-same-state",
        about="CPU time of asking for the protection that holds already",
        planted="B-18: asking again costs a system call each time",
        claim=Claim(
            kind=ClaimKind.NONE,
            words="none: the document only asks for a checked state machine",
            source="SecureMemory Improvement Plan, Protection State State Machine",
        ),
        measure=same_state,
        quick=500,
        full=12_500,
    ),
)

"""Load beside the program: threads that compute, and memory that is written over."""

from __future__ import annotations

import hashlib
import threading
from typing import Final

MIB: Final = 1 << 20
JOIN_S: Final = 5.0  # a turn of either loop takes milliseconds
# A digest of more than 2047 bytes runs without the GIL: so a busy thread takes processors from the
# others, and the GIL only for a moment each 0.1 ms.
BUSY_BYTES: Final = 65_536
PAUSE_S: Final = 0.001
PAGE_BYTES: Final = 4_096


class Pressure:
    """Load on this process, from entering to leaving.

    Args:
        busy: Threads that compute without end.
        memory_mib: Memory that is held and written over page by page, so that it stays resident.
    """

    def __init__(self, *, busy: int, memory_mib: int) -> None:
        self._stop = threading.Event()
        self._memory = bytearray(memory_mib * MIB)
        works = [self._compute] * busy + [self._churn] * bool(memory_mib)
        self._threads = [
            threading.Thread(target=work, name=f"pressure {number}", daemon=True)
            for number, work in enumerate(works)
        ]

    def __enter__(self) -> Pressure:  # noqa: PYI034  # final in effect
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_S)
        self._memory = bytearray()

    def _compute(self) -> None:
        block = bytes(BUSY_BYTES)
        while not self._stop.is_set():
            hashlib.sha256(block).digest()

    def _churn(self) -> None:
        turn = 0
        while not self._stop.is_set():
            for begin in range(0, len(self._memory), MIB):
                turn = (turn + 1) % 256
                self._memory[begin : begin + MIB : PAGE_BYTES] = bytes([turn]) * (MIB // PAGE_BYTES)
                if self._stop.wait(PAUSE_S):
                    return

"""The page layer's real calls, each written down, and failing where a check asks for it.

Under it lie real pages, so what is measured is what the pages hold: before each unlock and unmap it
looks through /proc/self/mem, which no page protection stops, for bytes that are not zero.
"""

from __future__ import annotations

import errno
import functools
import os
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from secmem.memory.system_calls import default_system_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory.protection import MemoryProtection


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One call that was made; `unwiped` counts bytes that were not zero just before it."""

    call: str
    size: int
    failed: bool
    unwiped: int = 0


class LedgerCalls:
    """`SystemCalls` that keeps a ledger. Not safe to share between real threads."""

    def __init__(self) -> None:
        self._real = default_system_calls()
        self.page_size = self._real.page_size
        self.entries: list[Entry] = []
        self.mapped: dict[int, int] = {}
        self.locked: dict[int, int] = {}
        self._met: Counter[str] = Counter()
        self._failing: set[tuple[str, int]] = set()

    def fail(self, call: str, nth: int = 1, *, times: int = 1) -> None:
        """Let the `nth` next `call`, counted from now, fail, and `times - 1` after it.

        A change of protection is a "protect", and also answers to the protection's name.
        """
        self._met.clear()
        self._failing = {(call, number) for number in range(nth, nth + times)}

    def allow_all(self) -> None:
        """Let no call fail from now on."""
        self._failing.clear()

    def count(self, call: str) -> int:
        """Return how often `call` was asked for, failures included."""
        return sum(entry.call == call for entry in self.entries)

    def unwiped_at(self, call: str) -> int:
        """Return the most bytes that any `call` found unwiped in its range."""
        return max((entry.unwiped for entry in self.entries if entry.call == call), default=0)

    def _note(self, call: str, size: int, *, unwiped: int = 0, also: str = "") -> None:
        self._met.update((call, also))
        failed = any((name, self._met[name]) in self._failing for name in (call, also))
        self.entries.append(Entry(call=call, size=size, failed=failed, unwiped=unwiped))
        if failed:
            raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM), call)

    def map_pages(self, size: int) -> int:
        self._note("map", size)
        address = self._real.map_pages(size)
        self.mapped[address] = size
        return address

    def map_secret_pages(self, address: int, size: int) -> None:
        self._note("map_secret", size)
        self._real.map_secret_pages(address, size)

    def unmap(self, address: int, size: int) -> None:
        self._note("unmap", size, unwiped=bytes_not_zero(address, size))
        self._real.unmap(address, size)
        self.mapped.pop(address, None)

    def protect(self, address: int, size: int, protection: MemoryProtection) -> None:
        self._note("protect", size, also=protection.name)
        self._real.protect(address, size, protection)

    def protector(
        self, address: int, size: int, protection: MemoryProtection
    ) -> Callable[[], int | None]:
        return functools.partial(self._quick_protect, address, size, protection)

    def _quick_protect(self, address: int, size: int, protection: MemoryProtection) -> int:
        names = ("protect", protection.name)
        if any((name, self._met[name] + 1) in self._failing for name in names):
            # The page layer asks again through `protect`, for the errno; that is the same call to
            # the one who counts, and it is `protect` that writes it down as failed.
            return 1
        self.protect(address, size, protection)
        return 0

    def lock(self, address: int, size: int) -> None:
        self._note("lock", size)
        self._real.lock(address, size)
        self.locked[address] = size

    def unlock(self, address: int, size: int) -> None:
        self._note("unlock", size, unwiped=bytes_not_zero(address, size))
        self._real.unlock(address, size)
        self.locked.pop(address, None)

    def exclude_from_dump(self, address: int, size: int) -> None:
        self._note("exclude_from_dump", size)
        self._real.exclude_from_dump(address, size)

    def wipe_on_fork(self, address: int, size: int) -> None:
        self._note("wipe_on_fork", size)
        self._real.wipe_on_fork(address, size)

    def skip_on_fork(self, address: int, size: int) -> None:
        self._note("skip_on_fork", size)
        self._real.skip_on_fork(address, size)

    def fill_random(self, address: int, size: int) -> None:
        self._note("fill_random", size)
        self._real.fill_random(address, size)

    def wipe(self, address: int, size: int) -> None:
        self._note("wipe", size)
        self._real.wipe(address, size)

    def force_wipe(self, address: int, size: int) -> None:
        self._note("force_wipe", size)
        self._real.force_wipe(address, size)


def bytes_not_zero(address: int, size: int) -> int:
    """Return how many bytes of this process's memory differ from zero there."""
    memory = os.open("/proc/self/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.pread(memory, size, address)
    finally:
        os.close(memory)
    return size - found.count(0)


def write_through(address: int, data: bytes | bytearray) -> None:
    """Write to this process's memory whatever its protection, as a stray writer would have."""
    memory = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.pwrite(memory, data, address)
    finally:
        os.close(memory)

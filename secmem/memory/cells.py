"""Where one secret's bytes lie, behind the three moves a secret needs.

`reveal` and `conceal` come in pairs, one pair per run of overlapping accesses. Each cell has a
protection lock; a secret takes it only here, always after its access lock (R-SM-15).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Protocol

from secmem.memory.aligned import AlignedMemory
from secmem.memory.policy import Backing, Policy, Storage
from secmem.memory.protection import MemoryProtection, ProtectionState

if TYPE_CHECKING:
    from secmem.memory.hardening import Hardening
    from secmem.memory.system_calls import SystemCalls

__all__ = ["Cell", "PageCell"]

_NO_ACCESS: Final = MemoryProtection.NO_ACCESS
_READ_ONLY: Final = MemoryProtection.READ_ONLY
_READ_WRITE: Final = MemoryProtection.READ_WRITE


class Cell(Protocol):
    """Memory for the bytes of one secret. Dropping the last reference destroys it."""

    @property
    def address(self) -> int:
        """Where the first byte lies."""

    @property
    def length(self) -> int:
        """How many bytes the secret has."""

    @property
    def capacity(self) -> int:
        """How many bytes are wiped at the end."""

    @property
    def storage(self) -> Storage:
        """Whether the pages are shared with other secrets."""

    @property
    def hardening(self) -> Hardening:
        """What holds for the pages beside their protection."""

    @property
    def protection(self) -> MemoryProtection:
        """The protection of the pages now."""

    def fill(self, source: memoryview | None) -> None:
        """Write the bytes of `source`, or random ones, and leave the pages without access."""

    def reveal(self) -> None:
        """Make the bytes readable."""

    def conceal(self) -> None:
        """Take the right to read back. Counts as done even when it raises."""

    def conceal_soon(self) -> None:
        """Conceal without waiting for a lock, as a garbage collector's callback must."""

    def wipe_in_place(self) -> None:
        """Overwrite the bytes at once, with no lock, whoever reads them."""

    def destroy(self) -> None:
        """Wipe and give back; every step is tried, the first error is raised."""


class PageCell:
    """Pages that belong to one secret."""

    __slots__ = ("_memory", "_protection", "_protection_lock")

    def __init__(
        self,
        size: int,
        *,
        policy: Policy = Policy.STRICT,
        backing: Backing = Backing.ANONYMOUS,
        calls: SystemCalls | None = None,
    ) -> None:
        self._protection_lock = threading.Lock()
        self._memory = AlignedMemory(size, policy=policy, backing=backing, calls=calls)
        self._protection = ProtectionState(_READ_WRITE)

    @property
    def address(self) -> int:
        """Where the first byte lies."""
        return self._memory.address

    @property
    def length(self) -> int:
        """How many bytes the secret has."""
        return len(self._memory)

    @property
    def capacity(self) -> int:
        """How many bytes are wiped at the end: whole pages."""
        return self._memory.capacity

    @property
    def storage(self) -> Storage:
        """Pages of its own."""
        return Storage.PAGE

    @property
    def hardening(self) -> Hardening:
        """What holds for the pages beside their protection."""
        return self._memory.hardening

    @property
    def protection(self) -> MemoryProtection:
        """The protection of the pages now."""
        return self._protection.current

    def fill(self, source: memoryview | None) -> None:
        """Write the bytes of `source`, or random ones, and leave the pages without access."""
        with self._protection_lock:
            if source is None:
                self._memory.fill_random()
            else:
                self._memory.fill(source)
            self._protection.transition_to(self._memory, _NO_ACCESS)

    def reveal(self) -> None:
        """Make the bytes readable."""
        lock = self._protection_lock
        lock.acquire()  # half the price of `with`, on the path of every access
        try:
            self._protection.transition_to(self._memory, _READ_ONLY)
        finally:
            lock.release()

    def conceal(self) -> None:
        """Take the right to read back.

        A failure leaves the state as it is, `READ_ONLY`, so that the next `reveal` costs nothing
        and the next `conceal` tries again: that is the repair of R-SM-20.
        """
        lock = self._protection_lock
        lock.acquire()
        try:
            self._protection.transition_to(self._memory, _NO_ACCESS)
        finally:
            lock.release()

    def conceal_soon(self) -> None:
        """Conceal without waiting. The lock is free: all its other users hold the access lock."""
        if self._protection_lock.acquire(blocking=False):
            try:
                self._protection.transition_to(self._memory, _NO_ACCESS)
            finally:
                self._protection_lock.release()

    def wipe_in_place(self) -> None:
        """Overwrite the bytes at once, with no lock, whoever reads them."""
        self._memory.wipe_in_place(self._memory.capacity)

    def destroy(self) -> None:
        """Wipe and unmap; every step is tried, the first error is raised."""
        with self._protection_lock:
            self._memory.release()

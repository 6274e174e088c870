"""Many small secrets in few locked pages.

A lock limit of 8 MiB holds 2048 secrets of a page each, or 262 144 slots of 32 bytes. The price:
while one secret of a page is read, its neighbours are readable too, and no guard page lies
between two slots.

A page's lock is the protection lock of all its slots. Finalisers must not wait for it, so what
they have to do is put on a queue, and whoever holds the lock looks at the queue after giving it
back: either the finaliser gets the lock, or the holder sees its entry.
"""

from __future__ import annotations

import threading
import weakref
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final

from secmem.memory.aligned import AlignedMemory
from secmem.memory.errors import EmptySecret, SystemCallFailed
from secmem.memory.policy import Backing, Policy, Storage
from secmem.memory.process_mark import current_mark, mark
from secmem.memory.protection import MemoryProtection, ProtectionState
from secmem.memory.system_calls import SystemCalls, default_system_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory.hardening import Hardening

__all__ = ["Slab", "SlabPage", "SlotCell"]

_NO_ACCESS: Final = MemoryProtection.NO_ACCESS
_READ_ONLY: Final = MemoryProtection.READ_ONLY
_READ_WRITE: Final = MemoryProtection.READ_WRITE
_SLOT_SIZES: Final = (32, 64, 128, 256, 512, 1024)  # past a quarter page a slab saves little
_CONCEAL: Final = -1  # on the queue of a page: not a slot to wipe but a reader that left


class Slab:
    """Slots for secrets up to `largest` bytes. Safe to share between threads."""

    def __init__(
        self,
        *,
        policy: Policy = Policy.STRICT,
        backing: Backing = Backing.ANONYMOUS,
        calls: SystemCalls | None = None,
    ) -> None:
        self._policy = policy
        self._backing = backing
        self._calls = calls or default_system_calls()
        self._lock = threading.Lock()
        # Weak: the secrets in a page keep it, and the last one to go takes it along.
        self._pages: dict[int, list[weakref.ref[SlabPage]]] = {size: [] for size in _SLOT_SIZES}
        self._mark = current_mark()

    @property
    def largest(self) -> int:
        """The longest secret that fits a slot, in bytes."""
        return _SLOT_SIZES[-1]

    def allocate(self, size: int) -> SlotCell:
        """Return a slot for `size` bytes, on a new page if need be.

        Raises:
            LockBudgetExceeded, MappingLimitExceeded, SystemCallFailed: The system refused a page.
        """
        if not 1 <= size <= self.largest:
            raise (
                EmptySecret(size)
                if size < 1
                else ValueError(f"a slot holds up to {self.largest} bytes, not {size}")
            )
        slot_size = next(fits for fits in _SLOT_SIZES if size <= fits)
        self._forget_parent_pages()
        with self._lock:
            pages = self._pages[slot_size]
            for reference in pages:
                page = reference()
                slot = None if page is None else page.take_slot()
                if page is not None and slot is not None:
                    return SlotCell(page, slot, length=size)
            page = SlabPage(
                slot_size, policy=self._policy, backing=self._backing, calls=self._calls
            )
            pages[:] = [kept for kept in pages if kept() is not None]
            pages.append(weakref.ref(page))
            slot = page.take_slot()
            assert slot is not None, "a new page has free slots"
            return SlotCell(page, slot, length=size)

    def _forget_parent_pages(self) -> None:
        # In a child the lock may be held by a thread that is not here, and the pages hold zeros.
        if self._mark != mark[0]:
            self._lock = threading.Lock()
            self._pages = {size: [] for size in _SLOT_SIZES}
            self._mark = current_mark()


class SlabPage:
    """One page of equal slots with one protection. Safe to share between threads."""

    __slots__ = (
        "__weakref__",
        "_free",
        "_lock",
        "_memory",
        "_protection",
        "_queue",
        "_readers",
        "_slots",
        "slot_size",
    )

    def __init__(
        self, slot_size: int, *, policy: Policy, backing: Backing, calls: SystemCalls
    ) -> None:
        self.slot_size = slot_size
        self._lock = threading.Lock()
        self._readers = 0
        self._queue: deque[int] = deque()
        self._memory = AlignedMemory(calls.page_size, policy=policy, backing=backing, calls=calls)
        self._protection = ProtectionState(_READ_WRITE)
        self._slots = calls.page_size // slot_size
        self._free = list(range(self._slots))[::-1]

    @property
    def memory(self) -> AlignedMemory:
        """The page."""
        return self._memory

    @property
    def protection(self) -> MemoryProtection:
        """The protection of the page now."""
        return self._protection.current

    def take_slot(self) -> int | None:
        """Return a free slot's number, or None when the page is full or given back."""
        self._sweep()
        try:
            with self._lock:
                if self._memory.released or not self._free:
                    return None
                return self._free.pop()
        finally:
            self._sweep()

    def write(self, slot: int, *, length: int, source: memoryview | None) -> None:
        """Fill a slot with `source`, or with `length` random bytes."""
        offset = slot * self.slot_size
        try:
            with self._lock:
                self._write(offset, length=length, source=source)
        finally:
            self._sweep()

    def _write(self, offset: int, *, length: int, source: memoryview | None) -> None:
        try:
            self._protection.transition_to(self._memory, _READ_WRITE)
            if source is None:
                self._memory.fill_random(length, offset=offset)
            else:
                self._memory.fill(source, offset=offset)
        finally:
            self._protect_for_readers()

    def reveal(self) -> None:
        """Count a reader in; the first opens the page."""
        try:
            with self._lock:
                self._protection.transition_to(self._memory, _READ_ONLY)
                self._readers += 1
        finally:
            if self._queue:
                self._sweep()

    def conceal(self) -> None:
        """Count a reader out; the last closes the page."""
        try:
            with self._lock:
                self._readers -= 1
                self._protect_for_readers()
        finally:
            if self._queue:
                self._sweep()

    def conceal_soon(self) -> None:
        """Count a reader out without waiting."""
        self._queue.append(_CONCEAL)
        self._sweep()

    def give_back(self, slot: int) -> None:
        """Wipe a slot; the last one to come back takes the page along."""
        errors: list[Exception] = []
        with self._lock:
            self._wipe_slot(slot, errors)
            if len(self._free) == self._slots:
                self._release_page(errors)
        self._sweep()
        if errors:
            raise errors.pop(0)  # out of the list: in it, error and frame would be a cycle

    def give_back_soon(self, slot: int) -> None:
        """Wipe a slot without waiting: now, or when the lock's holder gives it back."""
        self._queue.append(slot)
        self._sweep()

    def _wipe_slot(self, slot: int, errors: list[Exception]) -> None:
        for step in self._cleanup_steps(slot):
            try:
                step()
            except (SystemCallFailed, MemoryError) as error:
                errors.append(error)
        self._free.append(slot)

    def _cleanup_steps(self, slot: int) -> tuple[Callable[[], None], ...]:
        offset = slot * self.slot_size
        return (
            partial(self._protection.transition_to, self._memory, _READ_WRITE),
            partial(self._memory.wipe, self.slot_size, offset=offset),
            self._protect_for_readers,
        )

    def _protect_for_readers(self) -> None:
        self._protection.transition_to(self._memory, _READ_ONLY if self._readers else _NO_ACCESS)

    def _release_page(self, errors: list[Exception]) -> None:
        try:
            self._memory.release()
        except (SystemCallFailed, MemoryError) as error:
            errors.append(error)

    def _sweep(self) -> None:
        while self._queue and self._lock.acquire(blocking=False):
            try:
                self._work_off_queue()
            finally:
                self._lock.release()

    def _work_off_queue(self) -> None:
        errors: list[Exception] = []
        while self._queue:
            entry = self._queue.popleft()
            if self._memory.released:  # a dead cycle's finalisers run in any order
                continue
            if entry == _CONCEAL:
                self._readers -= 1
                self._protect_for_readers()
            else:
                self._wipe_slot(entry, errors)
        if errors:
            raise errors.pop(0)  # out of the list: in it, error and frame would be a cycle


class SlotCell:
    """A slot of a slab page as the memory of one secret."""

    __slots__ = ("_destroyed", "_length", "_mark", "_page", "_slot")

    def __init__(self, page: SlabPage, slot: int, *, length: int) -> None:
        self._destroyed = False
        self._mark = current_mark()
        self._page = page
        self._slot = slot
        self._length = length

    @property
    def address(self) -> int:
        """Where the first byte lies."""
        return self._page.memory.address + self._slot * self._page.slot_size

    @property
    def length(self) -> int:
        """How many bytes the secret has."""
        return self._length

    @property
    def capacity(self) -> int:
        """How many bytes are wiped at the end: the slot."""
        return self._page.slot_size

    @property
    def storage(self) -> Storage:
        """A shared page."""
        return Storage.SLAB

    @property
    def hardening(self) -> Hardening:
        """What holds for the page beside its protection."""
        return self._page.memory.hardening

    @property
    def protection(self) -> MemoryProtection:
        """The protection of the page now, whoever opened it."""
        return self._page.protection

    def fill(self, source: memoryview | None) -> None:
        """Write the bytes of `source`, or random ones."""
        self._page.write(self._slot, length=self._length, source=source)

    def reveal(self) -> None:
        """Make the page readable."""
        self._page.reveal()

    def conceal(self) -> None:
        """Take the right to read back, unless a neighbour is being read."""
        self._page.conceal()

    def conceal_soon(self) -> None:
        """Conceal without waiting for a lock."""
        self._page.conceal_soon()

    def wipe_in_place(self) -> None:
        """Overwrite the slot at once, with no lock, whoever reads it."""
        page = self._page
        page.memory.wipe_in_place(page.slot_size, offset=self._slot * page.slot_size)

    def destroy(self) -> None:
        """Wipe the slot and give it back; the page goes with its last slot."""
        self._destroyed = True
        self._page.give_back(self._slot)

    def __del__(self) -> None:
        # A child's copy of the page is zeros, and its lock may be held by nobody here.
        if not self._destroyed and self._mark == mark[0]:
            self._page.give_back_soon(self._slot)

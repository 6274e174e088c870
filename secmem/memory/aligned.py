"""Whole pages between two guard pages, with one owner.

    [guard, no access][data: length bytes, rounded up to pages][guard, no access]

A read or write that runs off either end of the data pages kills the process instead of reaching
a neighbour. The slack between `length` and `capacity` is ours too, and is wiped with the rest.
"""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING, Final

from secmem.memory import accounting
from secmem.memory.errors import (
    EmptySecret,
    MemoryReleased,
    ProtectionRefused,
    SystemCallFailed,
    ViewEscaped,
)
from secmem.memory.exporter import Exporter, lend, lend_writable
from secmem.memory.hardening import Hardening, InChildren, harden
from secmem.memory.limits import explain_failure
from secmem.memory.policy import Backing, Policy
from secmem.memory.process_mark import current_mark, mark
from secmem.memory.protection import MemoryProtection
from secmem.memory.system_calls import SystemCalls, default_system_calls

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AlignedMemory"]

_NO_ACCESS: Final = MemoryProtection.NO_ACCESS
_READ_ONLY: Final = MemoryProtection.READ_ONLY
_READ_WRITE: Final = MemoryProtection.READ_WRITE


class AlignedMemory:
    """Locked pages for `size` bytes; writable at first, wiped and unmapped at the end.

    Not safe to share between threads: its owner holds a lock. Dropping the last reference
    releases it; a view that still lives keeps it.

    Raises:
        EmptySecret: `size` is below 1.
        LockBudgetExceeded, MappingLimitExceeded, SystemCallFailed: The system refused; nothing
            of it stays mapped.
        CapabilityMissing: Policy `STRICT`, and this system lacks a protection.
    """

    __slots__ = (
        "__weakref__",
        "_address",
        "_base",
        "_calls",
        "_capacity",
        "_hardening",
        "_length",
        "_lent",
        "_mark",
        "_protection",
        "_protectors",
        "_released",
    )

    def __init__(
        self,
        size: int,
        *,
        policy: Policy = Policy.STRICT,
        backing: Backing = Backing.ANONYMOUS,
        calls: SystemCalls | None = None,
    ) -> None:
        self._released = True  # for `__del__`, until there is something to release
        if type(size) is not int:
            raise TypeError(f"size is a number of bytes, not {type(size).__name__}")
        if size < 1:
            raise EmptySecret(size)
        self._calls = calls = calls or default_system_calls()
        page = calls.page_size
        self._length = size
        self._capacity = -(-size // page) * page
        self._mark = current_mark()
        self._protection = _NO_ACCESS
        self._lent: list[weakref.ref[Exporter]] = []
        self._hardening = Hardening()
        self._base = self._map()
        self._address = self._base + page
        self._released = False
        try:
            self._protectors = self._bind_protectors()
            self.set_protection(_READ_WRITE)  # before the lock: mlock faults the pages in
            self._harden(policy, backing)
        except BaseException:
            self._undo_construction()
            raise

    @classmethod
    def with_data(
        cls,
        data: bytes | bytearray | memoryview,
        *,
        policy: Policy = Policy.STRICT,
        backing: Backing = Backing.ANONYMOUS,
        calls: SystemCalls | None = None,
    ) -> AlignedMemory:
        """Return memory that holds a copy of `data`; `data` itself is left as it is."""
        with memoryview(data).cast("B") as source:
            memory = cls(source.nbytes, policy=policy, backing=backing, calls=calls)
            memory.fill(source)
        return memory

    @property
    def address(self) -> int:
        """Where the first data byte lies."""
        return self._address

    @property
    def capacity(self) -> int:
        """The length rounded up to whole pages, in bytes."""
        return self._capacity

    @property
    def protection(self) -> MemoryProtection:
        """The protection in force."""
        return self._protection

    @property
    def locked(self) -> bool:
        """Whether the pages are kept out of swap."""
        return self._hardening.locked

    @property
    def hardening(self) -> Hardening:
        """Which protections beside the page protection hold."""
        return self._hardening

    @property
    def released(self) -> bool:
        """Whether the pages were given back."""
        return self._released

    def __len__(self) -> int:
        return self._length

    def __repr__(self) -> str:
        state = "released" if self._released else self._protection.name
        return f"<AlignedMemory of {self._length} bytes, {state}>"

    def set_protection(self, protection: MemoryProtection) -> None:
        """Set what may be done with the data pages; always one system call.

        Raises:
            MemoryReleased: There are no pages any more.
            ViewEscaped: A view from `read_view` or `write_view` still lives.
            SystemCallFailed: The system refused; the old protection still holds.
        """
        if self._released:
            raise MemoryReleased
        if self._lent:
            self._refuse_while_lent("set_protection")
        try:
            if self._protectors[protection]():
                # The quick call failed without an errno. Ask again through the one that keeps
                # it; should that succeed, the protection holds and nothing is to report.
                self._calls.protect(self._address, self._capacity, protection)
        except KeyError:
            raise TypeError(
                f"protection is a MemoryProtection, not {type(protection).__name__}"
            ) from None
        except OSError as error:
            raise explain_failure(error, "mprotect", self._capacity) from error
        self._protection = protection

    def read_view(self) -> memoryview:
        """Return a read-only view of the `len` bytes; drop it before changing the protection.

        Raises:
            ProtectionRefused: The pages have no access.
        """
        return self._lend("read-only", lend, least=_READ_ONLY)

    def write_view(self) -> memoryview:
        """Return a writable view of the `len` bytes; drop it before changing the protection.

        Raises:
            ProtectionRefused: The pages are not writable.
        """
        return self._lend("writable", lend_writable, least=_READ_WRITE)

    def _lend(
        self, wanted: str, make: Callable[[int, int], memoryview], *, least: MemoryProtection
    ) -> memoryview:
        if self._released:
            raise MemoryReleased
        if self._protection < least:
            raise ProtectionRefused(wanted, self._protection.name)
        view = make(self._address, self._length)
        exporter = view.obj
        exporter.owner = self  # type: ignore[attr-defined]  # the view keeps its pages mapped
        self._lent.append(weakref.ref(exporter))  # type: ignore[arg-type]
        return view

    def fill(self, source: memoryview, *, offset: int = 0) -> None:
        """Copy `source` into the writable pages, `offset` bytes from their start."""
        self._refuse_range(offset, source.nbytes)
        if self._protection is not _READ_WRITE:
            raise ProtectionRefused("writable", self._protection.name)
        with lend_writable(self._address + offset, source.nbytes) as target:
            target[:] = source

    def fill_random(self, size: int | None = None, *, offset: int = 0) -> None:
        """Let the system write `size` random bytes in place, all of them by default.

        Raises:
            SystemCallFailed: The system refused.
        """
        size = self._length if size is None else size
        self._refuse_range(offset, size)
        if self._protection is not _READ_WRITE:
            raise ProtectionRefused("writable", self._protection.name)
        try:
            self._calls.fill_random(self._address + offset, size)
        except OSError as error:
            raise explain_failure(error, "getrandom", size) from error

    def wipe(self, size: int | None = None, *, offset: int = 0) -> None:
        """Write zeros over `size` bytes, the full capacity by default.

        Goes through the kernel if the pages are not writable.

        Raises:
            SystemCallFailed: The pages are not writable and the kernel refused too.
        """
        size = self._capacity if size is None else size
        self._refuse_range(offset, size)
        if self._protection is _READ_WRITE:
            self._calls.wipe(self._address + offset, size)
            return
        try:
            self._calls.force_wipe(self._address + offset, size)
        except OSError as error:
            raise explain_failure(error, "wipe", size) from error

    def wipe_in_place(self, size: int, *, offset: int = 0) -> None:
        """Overwrite bytes under whoever reads them, for a process that is about to end.

        Through the kernel, which no other thread's protection change can disturb; where it
        refuses (memfd_secret, a sandbox, other systems) by making the pages writable.

        Raises:
            OSError: Neither worked.
        """
        address = self._address + offset
        try:
            self._calls.force_wipe(address, size)
        except OSError:
            self._calls.protect(self._address, self._capacity, _READ_WRITE)
            self._calls.wipe(address, size)

    def _refuse_range(self, offset: int, size: int) -> None:
        if self._released:
            raise MemoryReleased
        if offset < 0 or size < 0 or offset + size > self._capacity:
            raise ValueError(
                f"bytes {offset} to {offset + size} do not lie in 0 to {self._capacity}"
            )

    def release(self) -> None:
        """Make writable, wipe, unlock, unmap: every step is tried. Does nothing the second time.

        Raises:
            ViewEscaped: A view still lives; nothing was done.
            SystemCallFailed: The first step that failed; the later ones were done all the same.
        """
        if self._released:
            return
        if self._lent:
            self._refuse_while_lent("release")
        errors: list[Exception] = []
        for step in self._cleanup_steps():
            try:
                step()
            except (SystemCallFailed, MemoryError) as error:
                errors.append(error)
        self._released = True
        if errors:
            raise errors.pop(0)  # out of the list: in it, error and frame would be a cycle

    def _cleanup_steps(self) -> tuple[Callable[[], None], ...]:
        return (self._make_writable, self.wipe, self._unlock, self._unmap)

    def _make_writable(self) -> None:
        if self._protection is not _READ_WRITE:
            self.set_protection(_READ_WRITE)

    def _unlock(self) -> None:
        if not self._hardening.locked:
            return
        accounting.note_locked(self._address, 0)  # the unmap unlocks too, should this fail
        try:
            self._calls.unlock(self._address, self._capacity)
        except OSError as error:
            raise explain_failure(error, "munlock", self._capacity) from error

    def _unmap(self) -> None:
        size = self._mapped_size()
        accounting.note_unmapped(self._base)
        try:
            self._calls.unmap(self._base, size)
        except OSError as error:
            self._unmap_again(size)
            raise explain_failure(error, "munmap", size) from error

    def _unmap_again(self, size: int) -> None:
        # The one step whose failure leaves something behind, and it can be a passing one.
        try:
            self._calls.unmap(self._base, size)
        except OSError:
            accounting.note_mapped(self._base, size)

    def _mapped_size(self) -> int:
        return self._capacity + 2 * self._calls.page_size

    def _map(self) -> int:
        size = self._mapped_size()
        try:
            base = self._calls.map_pages(size)
        except OSError as error:
            raise explain_failure(error, "mmap", size) from error
        accounting.note_mapped(base, size)
        return base

    def _harden(self, policy: Policy, backing: Backing) -> None:
        self._hardening = harden(
            self._calls, self._address, size=self._capacity, backing=backing, policy=policy
        )
        if self._hardening.locked:
            accounting.note_locked(self._address, self._capacity)

    def _bind_protectors(self) -> dict[MemoryProtection, Callable[[], int | None]]:
        bind, address, capacity = self._calls.protector, self._address, self._capacity
        return {protection: bind(address, capacity, protection) for protection in MemoryProtection}

    def _undo_construction(self) -> None:
        # No wipe: nothing was written yet, and the pages may not even be there. The error that
        # brought us here is the one to report.
        for step in (self._unlock, self._unmap):
            with contextlib.suppress(SystemCallFailed, MemoryError):
                step()
        self._released = True

    def _refuse_while_lent(self, during: str) -> None:
        self._lent = [ref for ref in self._lent if ref() is not None]
        if self._lent:
            raise ViewEscaped(len(self._lent), during)

    def __del__(self) -> None:
        if self._released:
            return
        if self._mark != mark[0]:
            self._drop_inherited()
            return
        self.release()

    def _drop_inherited(self) -> None:
        # A forked child's copy. Pages that were not inherited may be somebody else's by now.
        if self._hardening.in_children is not InChildren.ABSENT:
            self._calls.unmap(self._base, self._mapped_size())

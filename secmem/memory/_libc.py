"""The page layer's calls on Linux and macOS: the one owner of ctypes function pointers."""

from __future__ import annotations

import ctypes
import errno
import functools
import mmap
import os
import sys
from typing import TYPE_CHECKING, Final

from secmem.memory.protection import MemoryProtection

if TYPE_CHECKING:
    from collections.abc import Callable

assert sys.platform != "win32", "loaded by default_system_calls on Linux and macOS"

__all__ = ["LibcCalls"]

_MAP_FAILED: Final = ctypes.c_void_p(-1).value
_MAP_FIXED: Final = 0x10
_MADV_DONTFORK: Final = 10
_MADV_DONTDUMP: Final = 16
_MADV_WIPEONFORK: Final = 18
_SYS_MEMFD_SECRET: Final = 447  # the same on every architecture that has it
_DARWIN_INHERIT_NONE: Final = 2
_GETENTROPY_MAX: Final = 256  # macOS refuses more at once
_PROT: Final = {
    MemoryProtection.NO_ACCESS: 0,
    MemoryProtection.READ_ONLY: 1,
    MemoryProtection.READ_WRITE: 3,
}
_ADDRESS_SIZE: Final = (ctypes.c_void_p, ctypes.c_size_t)
_ADDRESS_SIZE_INT: Final = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


class LibcCalls:
    """`SystemCalls` through the C library. Safe to share between threads."""

    def __init__(self) -> None:
        self.page_size = mmap.PAGESIZE
        libc = ctypes.CDLL(None, use_errno=True)
        self._libc = libc
        # PyDLL keeps the interpreter lock for the half microsecond the call takes, and bound
        # argument objects skip the conversions: together 0.4 of the two calls' own time.
        self._quick_mprotect = ctypes.PyDLL(None).mprotect
        self._mmap = libc.mmap
        self._mmap.restype = ctypes.c_void_p
        self._mmap.argtypes = (*_ADDRESS_SIZE_INT, ctypes.c_int, ctypes.c_int, ctypes.c_long)
        self._munmap = libc.munmap
        self._mlock = libc.mlock
        self._munlock = libc.munlock
        self._mprotect = libc.mprotect
        self._madvise = libc.madvise
        for function in (self._munmap, self._mlock, self._munlock):
            function.argtypes = _ADDRESS_SIZE
        for function in (self._mprotect, self._madvise):
            function.argtypes = _ADDRESS_SIZE_INT

    def map_pages(self, size: int) -> int:
        """Return the address of `size` new private bytes with no access."""
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        address = self._mmap(None, size, 0, flags, -1, 0)
        if address == _MAP_FAILED:
            raise _last_error("mmap")
        return int(address)

    def map_secret_pages(self, address: int, size: int) -> None:
        """Replace mapped pages by writable memfd_secret pages."""
        descriptor = self._open_secret_file()
        try:
            os.ftruncate(descriptor, size)
            self._map_over(address, size, mmap.MAP_SHARED, descriptor)
        except OSError:
            # A refused mapping has already removed the pages that were there.
            self._map_over(address, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1)
            raise
        finally:
            os.close(descriptor)  # the mapping keeps the pages

    def _map_over(self, address: int, size: int, flags: int, descriptor: int) -> None:
        access = _PROT[MemoryProtection.READ_WRITE]
        got = self._mmap(address, size, access, flags | _MAP_FIXED, descriptor, 0)
        if got == _MAP_FAILED:
            raise _last_error("mmap")

    def _open_secret_file(self) -> int:
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), "memfd_secret")
        descriptor = int(self._libc.syscall(_SYS_MEMFD_SECRET, os.O_CLOEXEC))
        if descriptor < 0:
            raise _last_error("memfd_secret")
        return descriptor

    def unmap(self, address: int, size: int) -> None:
        """Give pages back."""
        if self._munmap(address, size):
            raise _last_error("munmap")

    def protect(self, address: int, size: int, protection: MemoryProtection) -> None:
        """Set what may be done with pages."""
        if self._mprotect(address, size, _PROT[protection]):
            raise _last_error("mprotect")

    def protector(
        self, address: int, size: int, protection: MemoryProtection
    ) -> Callable[[], int | None]:
        """Return `protect` with its arguments bound; true when it failed, errno unknown."""
        return functools.partial(
            self._quick_mprotect,
            ctypes.c_void_p.from_param(address),
            ctypes.c_size_t.from_param(size),
            ctypes.c_int.from_param(_PROT[protection]),
        )

    def lock(self, address: int, size: int) -> None:
        """Keep pages out of swap."""
        if self._mlock(address, size):
            raise _last_error("mlock")

    def unlock(self, address: int, size: int) -> None:
        """Undo `lock`; the kernel does it by page, so the range must be ours alone."""
        if self._munlock(address, size):
            raise _last_error("munlock")

    def exclude_from_dump(self, address: int, size: int) -> None:
        """Keep pages out of core files (Linux)."""
        self._advise(address, size, _MADV_DONTDUMP)

    def wipe_on_fork(self, address: int, size: int) -> None:
        """Give children zeros in place of the pages (Linux, private pages)."""
        self._advise(address, size, _MADV_WIPEONFORK)

    def skip_on_fork(self, address: int, size: int) -> None:
        """Give children nothing in place of the pages."""
        if sys.platform == "darwin":
            if self._libc.minherit(
                ctypes.c_void_p(address), ctypes.c_size_t(size), _DARWIN_INHERIT_NONE
            ):
                raise _last_error("minherit")
            return
        self._advise(address, size, _MADV_DONTFORK)

    def _advise(self, address: int, size: int, advice: int) -> None:
        if sys.platform != "linux":
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), "madvise")
        if self._madvise(address, size, advice):
            raise _last_error("madvise")

    def fill_random(self, address: int, size: int) -> None:
        """Write the system's randomness in place, with no copy elsewhere."""
        done = 0
        while done < size:
            done += self._some_random(address + done, size - done)

    def _some_random(self, address: int, size: int) -> int:
        if sys.platform == "darwin":
            some = min(size, _GETENTROPY_MAX)
            if self._libc.getentropy(ctypes.c_void_p(address), ctypes.c_size_t(some)):
                raise _last_error("getentropy")
            return some
        written = int(
            self._libc.getrandom(ctypes.c_void_p(address), ctypes.c_size_t(size), ctypes.c_uint(0))
        )
        if written < 0:
            if ctypes.get_errno() == errno.EINTR:
                return 0
            raise _last_error("getrandom")
        return written

    def wipe(self, address: int, size: int) -> None:
        """Write zeros to writable memory. Cannot fail."""
        ctypes.memset(address, 0, size)

    def force_wipe(self, address: int, size: int) -> None:
        """Write zeros through the kernel, which ignores the protection of private pages."""
        descriptor = os.open("/proc/self/mem", os.O_WRONLY | os.O_CLOEXEC)
        try:
            written = os.pwrite(descriptor, bytes(size), address)
        finally:
            os.close(descriptor)
        if written != size:
            raise OSError(errno.EIO, os.strerror(errno.EIO), "pwrite")


def _last_error(call: str) -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code), call)

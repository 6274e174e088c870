"""The page layer's calls on Windows. Written and type-checked; not run by the authors.

VirtualProtect, VirtualLock and the crash report's exclusion list stand in for mprotect, mlock
and MADV_DONTDUMP. Windows does not fork, so what keeps pages from children does nothing here.
VirtualLock is bounded by the minimum working set, which the report cannot read as a number.
"""

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

assert sys.platform == "win32", "loaded by default_system_calls on Windows alone"

__all__ = ["WindowsCalls"]

_MEM_COMMIT_RESERVE: Final = 0x3000
_MEM_RELEASE: Final = 0x8000
_PAGE: Final = {
    MemoryProtection.NO_ACCESS: 0x01,
    MemoryProtection.READ_ONLY: 0x02,
    MemoryProtection.READ_WRITE: 0x04,
}
_NO_QUOTA: Final = frozenset({1453, 1455})  # ERROR_WORKING_SET_QUOTA, ERROR_COMMITMENT_LIMIT
_SYSTEM_PREFERRED_RNG: Final = 2


class WindowsCalls:  # pragma: no cover  # runs on Windows alone
    """`SystemCalls` through kernel32 and bcrypt. Safe to share between threads."""

    def __init__(self) -> None:
        self.page_size = mmap.PAGESIZE
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        self._alloc = kernel.VirtualAlloc
        self._alloc.restype = ctypes.c_void_p
        self._alloc.argtypes = (
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_uint32,
            ctypes.c_uint32,
        )
        self._free = kernel.VirtualFree
        self._free.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32)
        self._protect = kernel.VirtualProtect
        self._protect.argtypes = (
            ctypes.c_void_p,
            ctypes.c_size_t,
            ctypes.c_uint32,
            ctypes.c_void_p,
        )
        self._lock = kernel.VirtualLock
        self._unlock = kernel.VirtualUnlock
        self._exclude = kernel.WerRegisterExcludedMemoryBlock
        self._exclude.restype = ctypes.c_long  # an HRESULT
        self._include = kernel.WerUnregisterExcludedMemoryBlock
        self._include.restype = ctypes.c_long
        self._include.argtypes = (ctypes.c_void_p,)
        for function in (self._lock, self._unlock, self._exclude):
            function.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
        self._random = ctypes.WinDLL("bcrypt").BCryptGenRandom
        self._random.restype = ctypes.c_long  # an NTSTATUS
        self._random.argtypes = (
            ctypes.c_void_p,
            ctypes.c_void_p,
            ctypes.c_uint32,
            ctypes.c_uint32,
        )

    def map_pages(self, size: int) -> int:
        """Return the address of `size` new private bytes with no access."""
        address = self._alloc(None, size, _MEM_COMMIT_RESERVE, _PAGE[MemoryProtection.NO_ACCESS])
        if not address:
            raise _last_error("VirtualAlloc")
        return int(address)

    def map_secret_pages(self, address: int, size: int) -> None:
        """Refuse: Windows has no memory that its kernel cannot read."""
        del address, size
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), "memfd_secret")

    def unmap(self, address: int, size: int) -> None:
        """Give pages back; the guard page in front is where the reservation starts."""
        self._include(address + self.page_size)  # an unknown block is an error nobody needs
        del size  # VirtualFree releases whole reservations
        if not self._free(address, 0, _MEM_RELEASE):
            raise _last_error("VirtualFree")

    def protect(self, address: int, size: int, protection: MemoryProtection) -> None:
        """Set what may be done with pages."""
        old = ctypes.c_uint32()
        if not self._protect(address, size, _PAGE[protection], ctypes.byref(old)):
            raise _last_error("VirtualProtect")

    def protector(
        self, address: int, size: int, protection: MemoryProtection
    ) -> Callable[[], int | None]:
        """Return `protect` with its arguments bound."""
        return functools.partial(self.protect, address, size, protection)

    def lock(self, address: int, size: int) -> None:
        """Keep pages in the working set."""
        if not self._lock(address, size):
            raise _last_error("VirtualLock")

    def unlock(self, address: int, size: int) -> None:
        """Undo `lock`."""
        if not self._unlock(address, size):
            raise _last_error("VirtualUnlock")

    def exclude_from_dump(self, address: int, size: int) -> None:
        """Keep pages out of Windows error reports."""
        if self._exclude(address, size):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), "WerRegisterExcludedMemory")

    def wipe_on_fork(self, address: int, size: int) -> None:
        """Do nothing: no process here inherits memory."""

    def skip_on_fork(self, address: int, size: int) -> None:
        """Do nothing: no process here inherits memory."""

    def fill_random(self, address: int, size: int) -> None:
        """Write the system's randomness in place, with no copy elsewhere."""
        if self._random(None, address, size, _SYSTEM_PREFERRED_RNG):
            raise OSError(errno.EIO, os.strerror(errno.EIO), "BCryptGenRandom")

    def wipe(self, address: int, size: int) -> None:
        """Write zeros to writable memory. Cannot fail."""
        ctypes.memset(address, 0, size)

    def force_wipe(self, address: int, size: int) -> None:
        """Refuse: Windows has no write that ignores the protection."""
        del address, size
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), "WriteProcessMemory")


def _last_error(call: str) -> OSError:  # pragma: no cover  # runs on Windows alone
    code = ctypes.get_last_error()
    kind = errno.ENOMEM if code in _NO_QUOTA else errno.EINVAL
    return OSError(kind, ctypes.FormatError(code), call)

"""Reading the memory of another process, by two ways that differ in what they may see.

`Reach.READABLE` asks with process_vm_readv(2), which honours the page protection: a no-access page
answers EFAULT. It is also the probe that tells from outside, without a crash, whether a page is
readable. `Reach.FORCED` reads /proc/<pid>/mem, which overrides the protection for a tracer: it sees
no-access pages too (not memfd_secret). A direct read would kill the reader; neither of these does.
"""

import ctypes
import errno
import os
import sys
from enum import StrEnum
from functools import cache
from types import TracebackType
from typing import Final, Self

from harness.probes.errors import ForeignMemoryError, NotAvailableHereError

# Page not readable, not there any more, or shielded by the kernel: the bytes cannot be had.
_UNREADABLE: Final = frozenset({errno.EFAULT, errno.EIO, errno.ENXIO})


class Reach(StrEnum):
    """How far a scan sees."""

    READABLE = "process_vm_readv: what the page protection lets be read"
    FORCED = "/proc/<pid>/mem: no-access pages too"


class ForeignMemory:
    """The memory of one other process. Not safe to share: one reader, one open file.

    Use it as a context manager; leaving it closes the file, if one was opened.
    """

    __slots__ = ("_file", "pid", "reach")

    def __init__(self, pid: int, *, reach: Reach) -> None:
        _need_linux()
        if pid == os.getpid():
            # Its own buffers would hold what it looks for: every scan would find something.
            raise ForeignMemoryError(pid, reach.name, "this is the scanning process itself")
        self.pid = pid
        self.reach = reach
        self._file = self._open() if reach is Reach.FORCED else -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read_into(self, buffer: bytearray, address: int, *, size: int) -> int:
        """Fill the front of `buffer` from `address`; return how many bytes could be had.

        Fewer than `size` bytes come back where an unreadable page begins, 0 where `address`
        itself lies in one.

        Raises:
            ForeignMemoryError: The process is gone, or may not be read at all.
        """
        if size > len(buffer):
            raise ValueError(f"size {size} does not fit a buffer of {len(buffer)} bytes")
        try:
            if sys.platform != "win32" and self._file >= 0:
                return os.preadv(self._file, [memoryview(buffer)[:size]], address)
            return _process_vm_readv(self.pid, buffer, address, size=size)
        except OSError as error:
            if error.errno in _UNREADABLE:
                return 0
            reason = error.strerror or str(error)
            raise ForeignMemoryError(self.pid, self.reach.name, reason) from error

    def _open(self) -> int:
        path = f"/proc/{self.pid}/mem"
        try:
            return os.open(path, os.O_RDONLY)
        except OSError as error:
            raise ForeignMemoryError(self.pid, path, error.strerror or str(error)) from error


def _need_linux() -> None:
    if not sys.platform.startswith("linux"):
        raise NotAvailableHereError(
            "reading another process's memory", "Linux (process_vm_readv, /proc)", sys.platform
        )


def page_is_readable(pid: int, address: int) -> bool:
    """Return whether process `pid` could read the byte at `address` now; never a crash.

    Works on the calling process too.

    Raises:
        NotAvailableHereError: Not Linux.
        ForeignMemoryError: The process is gone, or may not be asked.
    """
    if not sys.platform.startswith("linux"):
        raise NotAvailableHereError("asking for a page's state", "Linux", sys.platform)
    try:
        return _process_vm_readv(pid, bytearray(1), address, size=1) == 1
    except OSError as error:
        if error.errno in _UNREADABLE:
            return False
        reason = error.strerror or str(error)
        raise ForeignMemoryError(pid, Reach.READABLE.name, reason) from error


class _Span(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    span = ctypes.POINTER(_Span)
    number = ctypes.c_ulong
    libc.process_vm_readv.argtypes = (ctypes.c_int, span, number, span, number, number)
    libc.process_vm_readv.restype = ctypes.c_ssize_t
    return libc


def _process_vm_readv(pid: int, buffer: bytearray, address: int, *, size: int) -> int:
    landing = (ctypes.c_char * size).from_buffer(buffer)
    here = _Span(ctypes.addressof(landing), size)
    there = _Span(address, size)
    got = int(
        _libc().process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0),
    )
    if got < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return got

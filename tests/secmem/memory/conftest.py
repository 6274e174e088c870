"""Real system calls that fail on request, probes of real pages, and real child processes."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import faulthandler
import functools
import gc
import os
import signal
import subprocess
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from secmem.memory import MemoryProtection, live_secret_count, memory_usage
from secmem.memory.system_calls import default_system_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = b"correct horse battery staple...."  # 32 bytes


class FaultyCalls:
    """The system's calls, of which the nth fails once, or all of some names fail always."""

    def __init__(
        self,
        *,
        fail_at: int | None = None,
        always: tuple[str, ...] = (),
        code: int = errno.ENOMEM,
    ) -> None:
        self._real = default_system_calls()
        self.page_size = self._real.page_size
        self.fail_at = fail_at
        self.always = always
        self.code = code
        self.made: list[str] = []
        self.failed: list[str] = []
        self.mapped: dict[int, int] = {}
        self.needle: bytes | None = None
        self.unwiped: list[int] = []

    def _enter(self, name: str) -> None:
        self.made.append(name)
        if len(self.made) == self.fail_at or name in self.always:
            self.failed.append(name)
            raise OSError(self.code, os.strerror(self.code), name)

    def map_pages(self, size: int) -> int:
        self._enter("mmap")
        address = self._real.map_pages(size)
        self.mapped[address] = size
        return address

    def unmap(self, address: int, size: int) -> None:
        self._enter("munmap")
        if self.needle is not None:
            data = read_forced(address + self.page_size, size - 2 * self.page_size)
            if data is not None and self.needle in data:
                self.unwiped.append(address)
        self._real.unmap(address, size)
        self.mapped.pop(address)

    def protect(self, address: int, size: int, protection: MemoryProtection) -> None:
        self._enter("mprotect")
        self._real.protect(address, size, protection)

    def protector(self, address: int, size: int, protection: MemoryProtection) -> Any:
        return functools.partial(self.protect, address, size, protection)

    def wipe(self, address: int, size: int) -> None:
        self._real.wipe(address, size)

    def __getattr__(self, name: str) -> Callable[..., None]:
        real = getattr(self._real, name)

        def call(*arguments: int) -> None:
            self._enter(name)
            real(*arguments)

        return call


def read_forced(address: int, size: int) -> bytes | None:
    """Read own memory whatever its protection; None where even the kernel may not."""
    with open("/proc/self/mem", "rb", buffering=0) as memory:  # noqa: PTH123  # unbuffered
        try:
            return os.pread(memory.fileno(), size, address)
        except OSError:
            return None


class _IoVec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def readable(address: int, size: int = 1) -> bool:
    """Ask the kernel, without touching the page, whether this process may read there."""
    libc = ctypes.CDLL(None, use_errno=True)
    sink = ctypes.create_string_buffer(size)
    local = _IoVec(ctypes.addressof(sink), size)
    remote = _IoVec(address, size)
    got = libc.process_vm_readv(
        os.getpid(), ctypes.byref(local), 1, ctypes.byref(remote), 1, ctypes.c_ulong(0)
    )
    return bool(got == size)


def in_child(body: Callable[[], object]) -> int:
    """Run `body` in a forked child; return its exit status, or minus the signal that killed it."""
    pid = os.fork()
    if not pid:
        faulthandler.disable()
        code = 1
        try:
            body()
            code = 0
        except BaseException:  # noqa: BLE001  # the child must not run the parent's tests
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def run_script(source: str, *, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """Run Python source in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-c", source],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def address_of(secret: Any) -> int:
    return int(secret._state.cell.address)


class Probes:
    """What the tests borrow from here."""

    secret_bytes = SECRET
    FaultyCalls = FaultyCalls
    readable = staticmethod(readable)
    read_forced = staticmethod(read_forced)
    in_child = staticmethod(in_child)
    run_script = staticmethod(run_script)
    address_of = staticmethod(address_of)
    segv = frozenset({-signal.SIGSEGV, -signal.SIGBUS})


@pytest.fixture
def probes() -> type[Probes]:
    return Probes


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    before = (memory_usage(), live_secret_count())
    yield
    with contextlib.suppress(AttributeError):
        del sys.last_value
    if (memory_usage(), live_secret_count()) != before:
        gc.collect()  # dear, and only what sits in a dead cycle needs it
    assert (memory_usage(), live_secret_count()) == before

"""Page states and stacks, asked from outside."""

import ctypes
import faulthandler
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import threading

import pytest

from harness.probes import (
    ForeignMemoryError,
    NotAvailableHereError,
    Reach,
    arm,
    page_is_readable,
    stacks_of,
)
from harness.probes.foreign_memory import ForeignMemory
from harness.probes.mappings import mappings_of

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's /proc")


def protect(address: int, protection: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    assert libc.mprotect(address, mmap.PAGESIZE, protection) == 0


@linux_only
def test_a_page_tells_its_state_without_a_crash() -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    assert page_is_readable(os.getpid(), address)
    protect(address, 0)
    closed = page_is_readable(os.getpid(), address)
    protect(address, mmap.PROT_READ | mmap.PROT_WRITE)
    assert not closed
    assert page_is_readable(os.getpid(), address)


@linux_only
def test_mappings_name_the_interpreter_and_their_sizes_add_up() -> None:
    seen = mappings_of(os.getpid())
    assert any("python" in mapping.name for mapping in seen)
    assert all(mapping.end > mapping.start for mapping in seen)
    with_residents = mappings_of(os.getpid(), resident=True)
    assert sum(mapping.resident_bytes or 0 for mapping in with_residents) > 1 << 20


@linux_only
def test_a_process_that_is_gone_is_an_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    with pytest.raises(ForeignMemoryError, match=f"process {child.pid}"):
        mappings_of(child.pid)
    with pytest.raises(ForeignMemoryError, match="No such process"):
        page_is_readable(child.pid, 4096)
    with pytest.raises(ForeignMemoryError):
        ForeignMemory(child.pid, reach=Reach.FORCED)


def test_elsewhere_than_on_linux_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NotAvailableHereError, match="and this is win32"):
        mappings_of(1)
    with pytest.raises(NotAvailableHereError):
        page_is_readable(1, 4096)
    with pytest.raises(NotAvailableHereError):
        ForeignMemory(1, reach=Reach.READABLE)


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="needs user signals")
def test_an_armed_process_shows_the_stacks_of_all_its_threads() -> None:
    leave = threading.Event()

    def a_thread_that_waits() -> None:
        leave.wait()

    thread = threading.Thread(target=a_thread_that_waits)
    thread.start()
    try:
        with tempfile.TemporaryFile() as output:
            arm(output)
            stacks = stacks_of(os.getpid(), output)
            again = stacks_of(os.getpid(), output)
            faulthandler.unregister(signal.SIGUSR1)
    finally:
        leave.set()
        thread.join()
    assert "a_thread_that_waits" in stacks
    assert "test_an_armed_process_shows_the_stacks" in stacks
    assert "a_thread_that_waits" in again


def test_a_process_that_does_not_answer_gives_an_empty_report() -> None:
    code = "import signal; signal.signal(signal.SIGUSR1, signal.SIG_IGN); print(1); input()"
    command = [sys.executable, "-uc", code]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child,
        tempfile.TemporaryFile() as output,
    ):
        assert child.stdout is not None
        child.stdout.readline()
        assert stacks_of(child.pid, output, limit_s=0.05) == ""
        child.communicate(b"\n")


def test_importing_harness_does_not_load_the_probes() -> None:
    code = "import harness, sys; sys.exit('harness.probes' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0

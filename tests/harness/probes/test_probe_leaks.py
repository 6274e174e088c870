"""The census of what a process holds."""

import ctypes
import mmap
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from harness.probes import ForeignMemoryError, census, child_processes, leaks
from harness.probes.child_processes import DEFUNCT, children_of
from harness.probes.leaks import Census, Growth


@pytest.fixture(params=["proc", "psutil"])
def taken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "psutil":
        monkeypatch.setattr(leaks, "_from_proc", leaks._from_psutil)
    return str(request.param)


def test_nothing_gained_is_no_growth(taken: str) -> None:
    census()  # warms what the reading itself allocates
    before = census()
    growth = census().growth_since(before)
    assert not growth.threads
    assert not growth.descriptors


def test_a_thread_that_stays_is_growth(taken: str) -> None:
    before = census()
    leave = threading.Event()
    thread = threading.Thread(target=leave.wait)
    thread.start()
    growth = census().growth_since(before)
    leave.set()
    thread.join()
    assert growth.threads == (thread.native_id,)
    assert "1 new threads" in str(growth)


def test_a_descriptor_that_stays_is_growth_and_is_named(taken: str) -> None:
    before = census()
    ends = os.pipe()
    growth = census().growth_since(before)
    for end in ends:
        os.close(end)
    assert len(growth.descriptors) == 2
    if taken == "proc":
        assert all("pipe" in each for each in growth.descriptors)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts Linux mappings")
def test_mappings_that_stay_are_growth() -> None:
    before = census()
    # Read-only beside writable, so that the kernel cannot merge them into one.
    protections = [mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE] * 4
    kept = [mmap.mmap(-1, 1 << 20, prot=protection) for protection in protections]
    growth = census().growth_since(before)
    assert growth.mappings >= 4
    assert growth.mapped_bytes >= len(kept) << 20


def test_an_empty_growth_is_false_and_says_so() -> None:
    growth = Growth(threads=(), descriptors=(), mappings=0, mapped_bytes=0)
    assert not growth
    assert str(growth) == "no new thread, descriptor, mapping, locked page, child or file"


def test_locked_pages_that_stay_are_growth() -> None:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    libc = ctypes.CDLL(None, use_errno=True)
    address = ctypes.c_void_p(ctypes.addressof((ctypes.c_char * 1).from_buffer(page)))
    before = census()
    if libc.mlock(address, ctypes.c_size_t(mmap.PAGESIZE)):
        pytest.skip("this user may not lock a single page")
    growth = census().growth_since(before)
    libc.munlock(address, ctypes.c_size_t(mmap.PAGESIZE))
    if census().locked_bytes is None:
        pytest.skip("this system does not tell what is locked")
    assert growth.locked_bytes == mmap.PAGESIZE
    assert growth
    assert f"+{mmap.PAGESIZE} locked bytes" in str(growth)
    assert census().growth_since(before).locked_bytes == 0


def test_a_child_that_stays_is_growth_and_so_is_one_nobody_waited_for(taken: str) -> None:
    before = census()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        growth = census().growth_since(before)
        assert [each.partition(":")[0] for each in growth.children] == [str(child.pid)]
        assert "1 new child processes" in str(growth)
        assert child.stdin is not None
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet collected
        (ended,) = census().growth_since(before).children
        assert DEFUNCT in ended
    assert not census().growth_since(before).children


def test_children_are_found_where_the_kernel_keeps_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_processes, "_listed", lambda pid: None)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in children_of(os.getpid())
        child.communicate(b"\n")


def test_files_that_stay_are_growth(tmp_path: Path) -> None:
    (tmp_path / "before").touch()
    before = census(folder=tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "left").touch()
    growth = census(folder=tmp_path).growth_since(before)
    assert growth.files == ("deep", str(Path("deep") / "left"))
    assert "2 new files" in str(growth)


def test_of_a_folder_that_is_none_there_is_no_census(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError, match=r"got .*missing"):
        census(folder=tmp_path / "missing")


def test_another_process_is_counted_too() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        seen = census(child.pid)
        assert seen.pid == child.pid
        assert len(seen.threads) == 1
        child.communicate(b"\n")
    with pytest.raises(ForeignMemoryError):
        census(child.pid)


def test_censuses_of_two_processes_do_not_compare() -> None:
    def empty(pid: int) -> Census:
        return Census(pid=pid, threads=frozenset(), descriptors={}, mappings=0, mapped_bytes=0)

    with pytest.raises(ValueError, match="processes 2 and 1 do not compare"):
        empty(1).growth_since(empty(2))

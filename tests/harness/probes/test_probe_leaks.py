"""The census of threads, descriptors and mappings."""

import mmap
import os
import subprocess
import sys
import threading

import pytest

from harness.probes import ForeignMemoryError, census, leaks
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
    assert str(growth) == "no new thread, descriptor or mapping"


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

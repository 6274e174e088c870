from __future__ import annotations

import ctypes
import errno
import gc
import warnings
from typing import Any

import pytest

from secmem.memory import (
    AlignedMemory,
    Backing,
    CapabilityMissing,
    DegradedProtectionWarning,
    EmptySecret,
    InChildren,
    MemoryProtection,
    MemoryReleased,
    Policy,
    ProtectionRefused,
    SystemCallFailed,
    ViewEscaped,
    capabilities,
    memory_usage,
)
from secmem.memory.accounting import note_unmapped

PAGE = 4096


def test_new_memory_is_writable_locked_and_rounded_up_to_pages() -> None:
    memory = AlignedMemory(PAGE + 1)
    assert (len(memory), memory.capacity) == (PAGE + 1, 2 * PAGE)
    assert memory.protection is MemoryProtection.READ_WRITE
    assert memory.locked
    assert memory.hardening.complete
    assert memory_usage().locked_bytes == 2 * PAGE
    assert memory_usage().mapped_bytes == 4 * PAGE
    memory.release()
    assert memory_usage().mapped_bytes == 0


def test_with_data_holds_a_copy_and_leaves_the_data_alone(probes: Any) -> None:
    data = bytearray(probes.secret_bytes)
    memory = AlignedMemory.with_data(data)
    with memory.read_view() as view:
        assert bytes(view) == probes.secret_bytes
        assert view.readonly
    assert data == probes.secret_bytes
    memory.release()


def test_dropping_the_last_reference_unmaps() -> None:
    memory = AlignedMemory(1)
    del memory
    assert memory_usage().mapped_bytes == 0


def test_a_live_view_keeps_dropped_memory_mapped() -> None:
    memory = AlignedMemory.with_data(b"x" * 64)
    view = memory.read_view()[8:16]
    del memory
    gc.collect()
    assert bytes(view) == b"x" * 8
    assert memory_usage().mapped_bytes
    del view
    gc.collect()
    assert memory_usage().mapped_bytes == 0


def test_protection_does_not_change_under_a_live_view() -> None:
    memory = AlignedMemory(8)
    view = memory.write_view()
    with pytest.raises(ViewEscaped, match="set_protection"):
        memory.set_protection(MemoryProtection.NO_ACCESS)
    with pytest.raises(ViewEscaped, match="release"):
        memory.release()
    view.release()
    memory.set_protection(MemoryProtection.NO_ACCESS)
    memory.release()


def test_views_that_the_protection_forbids_are_refused() -> None:
    memory = AlignedMemory(8)
    memory.set_protection(MemoryProtection.READ_ONLY)
    with pytest.raises(ProtectionRefused, match="writable view"):
        memory.write_view()
    with pytest.raises(ProtectionRefused):
        memory.fill(memoryview(b"12345678"))
    with pytest.raises(ProtectionRefused):
        memory.fill_random()
    memory.set_protection(MemoryProtection.NO_ACCESS)
    with pytest.raises(ProtectionRefused, match="read-only view"):
        memory.read_view()
    memory.release()


def test_released_memory_refuses_everything() -> None:
    memory = AlignedMemory(8)
    memory.release()
    memory.release()
    assert memory.released
    for refused in (
        memory.read_view,
        memory.wipe,
        lambda: memory.set_protection(MemoryProtection.READ_ONLY),
    ):
        with pytest.raises(MemoryReleased):
            refused()
    assert repr(memory) == "<AlignedMemory of 8 bytes, released>"


@pytest.mark.parametrize(
    ("size", "error"), [(0, EmptySecret), (-1, EmptySecret), ("1", TypeError), (True, TypeError)]
)
def test_a_size_that_is_no_number_of_bytes_is_refused(size: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        AlignedMemory(size)


def test_a_protection_that_is_none_is_refused() -> None:
    memory = AlignedMemory(8)
    with pytest.raises(TypeError, match="MemoryProtection, not str"):
        memory.set_protection("r")  # type: ignore[arg-type]
    memory.release()


def test_ranges_outside_of_the_pages_are_refused() -> None:
    memory = AlignedMemory(8)
    with pytest.raises(ValueError, match="4090 to 4106 do not lie in 0 to 4096"):
        memory.fill(memoryview(bytes(16)), offset=4090)
    memory.release()


def test_random_bytes_are_written_in_place() -> None:
    memory = AlignedMemory(700)
    memory.fill_random()
    with memory.read_view() as view:
        assert view[350:].tobytes().count(0) < 50  # 350 bytes: P(50 zeros) < 1e-40
    memory.release()


def test_the_wipe_covers_the_slack_up_to_the_capacity(probes: Any) -> None:
    memory = AlignedMemory(8)
    memory.fill(memoryview(b"slack"), offset=4000)
    assert probes.read_forced(memory.address + 4000, 5) == b"slack"
    memory.wipe()
    assert probes.read_forced(memory.address, PAGE) == bytes(PAGE)
    memory.release()


def test_pages_that_cannot_be_made_writable_are_wiped_through_the_kernel(probes: Any) -> None:
    memory = AlignedMemory.with_data(probes.secret_bytes)
    memory.set_protection(MemoryProtection.NO_ACCESS)
    memory.wipe()
    assert probes.read_forced(memory.address, PAGE) == bytes(PAGE)
    memory.release()


@pytest.mark.parametrize("offset", [-1, PAGE], ids=["in front", "behind"])
def test_a_read_past_either_end_kills_the_process(probes: Any, offset: int) -> None:
    memory = AlignedMemory(8)
    assert probes.in_child(lambda: ctypes.string_at(memory.address, 1)) == 0
    assert not probes.readable(memory.address + offset)
    assert probes.in_child(lambda: ctypes.string_at(memory.address + offset, 1)) in probes.segv
    memory.release()


def test_no_access_pages_kill_the_toucher_and_answer_no_probe(probes: Any) -> None:
    memory = AlignedMemory(8)
    assert probes.readable(memory.address)
    memory.set_protection(MemoryProtection.NO_ACCESS)
    assert not probes.readable(memory.address)
    assert probes.in_child(lambda: ctypes.string_at(memory.address, 1)) in probes.segv
    memory.set_protection(MemoryProtection.READ_ONLY)
    assert probes.readable(memory.address)
    assert probes.in_child(lambda: ctypes.memset(memory.address, 1, 1)) in probes.segv
    memory.release()


def _has_memfd_secret() -> bool:
    found = {entry.name: entry.available for entry in capabilities().capabilities}
    return found["memfd_secret"]


@pytest.mark.skipif(not _has_memfd_secret(), reason="this kernel has no memfd_secret")
def test_secret_file_pages_are_hidden_from_the_kernel_and_absent_in_children(probes: Any) -> None:
    memory = AlignedMemory.with_data(probes.secret_bytes, backing=Backing.MEMFD_SECRET)
    assert memory.hardening.in_children is InChildren.ABSENT
    assert memory.locked
    with memory.read_view() as view:
        assert view == probes.secret_bytes
    assert probes.read_forced(memory.address, 32) is None
    assert probes.in_child(lambda: ctypes.string_at(memory.address, 1)) in probes.segv
    memory.release()


def test_strict_refuses_where_the_kernel_lacks_a_protection(probes: Any) -> None:
    calls = probes.FaultyCalls(always=("map_secret_pages",), code=errno.ENOSYS)
    with pytest.raises(CapabilityMissing, match="memfd_secret"):
        AlignedMemory(8, backing=Backing.MEMFD_SECRET, calls=calls)
    assert not calls.mapped


def test_fallback_goes_on_and_says_what_is_missing(probes: Any) -> None:
    calls = probes.FaultyCalls(
        always=("lock", "exclude_from_dump", "map_secret_pages", "wipe_on_fork", "skip_on_fork"),
        code=errno.ENOSYS,
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        memory = AlignedMemory(8, policy=Policy.FALLBACK, backing=Backing.MEMFD_SECRET, calls=calls)
    assert {entry.category for entry in caught} == {DegradedProtectionWarning}
    assert any("mlock of 4096 bytes failed" in str(entry.message) for entry in caught)
    assert memory.hardening.backing is Backing.ANONYMOUS
    assert not memory.locked
    assert memory.hardening.in_children is InChildren.COPIED
    assert len(memory.hardening.failures) >= 3
    assert not memory.hardening.complete
    memory.release()


def test_an_unmap_that_fails_for_good_stays_on_the_books(probes: Any) -> None:
    calls = probes.FaultyCalls()
    memory = AlignedMemory(8, calls=calls)
    calls.always = ("munmap",)
    with pytest.raises(SystemCallFailed, match="munmap"):
        memory.release()
    assert memory.released
    assert memory_usage().mapped_bytes == 3 * PAGE
    calls.always = ()
    base = memory.address - PAGE
    calls.unmap(base, 3 * PAGE)
    note_unmapped(base)

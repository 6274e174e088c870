"""Each operating system call of the page layer fails once, in each scenario."""

from __future__ import annotations

import contextlib
import gc
import itertools
import sys
from pathlib import Path
from typing import Any

import pytest

from secmem.memory import (
    AlignedMemory,
    Backing,
    Secret,
    SecretError,
    SecretFactory,
    SecretStream,
    Storage,
    SystemCallFailed,
    live_secret_count,
    memory_usage,
)

NEEDLE = b"correct horse battery staple...."


def _use(secret: Secret) -> None:
    try:
        with secret.access() as view:
            assert len(view) == 32
        with secret.access(), secret.access():
            pass
    finally:
        secret.close()


def page_secret(calls: Any) -> None:
    _use(SecretFactory(calls=calls).new(bytearray(NEEDLE)))


def random_secret(calls: Any) -> None:
    _use(SecretFactory(calls=calls).random(32))


def secret_file(calls: Any) -> None:
    _use(SecretFactory(calls=calls, backing=Backing.MEMFD_SECRET).new(bytearray(NEEDLE)))


def slab_secrets(calls: Any) -> None:
    factory = SecretFactory(calls=calls, storage=Storage.SLAB)
    first = factory.new(bytearray(NEEDLE))
    try:
        _use(factory.new(bytearray(NEEDLE)))
    finally:
        first.close()


def stream(calls: Any) -> None:
    with SecretStream(SecretFactory(calls=calls)) as pipe:
        pipe.write(bytearray(NEEDLE * 700))  # two chunks
        assert len(pipe.read(40)) == 40
        pipe.flush().close()


def plain_memory(calls: Any) -> None:
    memory = AlignedMemory.with_data(NEEDLE, calls=calls)
    memory.release()


SCENARIOS = [
    page_secret,
    random_secret,
    secret_file,
    slab_secrets,
    stream,
    plain_memory,
]


def _own_mappings() -> int:
    return len(Path("/proc/self/maps").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_wherever_a_call_fails_nothing_leaks_and_the_error_is_typed(
    scenario: Any, probes: Any
) -> None:
    before = memory_usage()
    failed: set[str] = set()
    for nth in itertools.count(1):
        calls = probes.FaultyCalls(fail_at=nth)
        calls.needle = NEEDLE
        with contextlib.suppress(SystemCallFailed):  # only that: another error fails the test
            scenario(calls)
        if calls.mapped:
            gc.collect()  # a traceback's cycle
        assert calls.mapped == {}, f"call {nth} ({calls.failed}) left pages mapped"
        assert calls.unwiped == [], f"call {nth} ({calls.failed}) left the bytes"
        assert memory_usage() == before
        assert live_secret_count() == 0
        if not calls.failed:
            break
        failed.update(calls.failed)
    assert {"mmap", "mprotect", "munmap", "exclude_from_dump"} <= failed


def test_the_kernel_agrees_that_nothing_is_left(probes: Any) -> None:
    page_secret(probes.FaultyCalls())
    gc.collect()
    before = _own_mappings()
    for nth in range(1, 12):
        with contextlib.suppress(SecretError):
            page_secret(probes.FaultyCalls(fail_at=nth))
    gc.collect()
    assert abs(_own_mappings() - before) <= 2  # the allocator's own maps come and go


def test_a_failing_construction_leaves_the_callers_buffer_as_it_was(probes: Any) -> None:
    buffer = bytearray(NEEDLE)
    for nth in range(1, 7):
        with pytest.raises(SystemCallFailed):
            SecretFactory(calls=probes.FaultyCalls(fail_at=nth)).new(buffer)
        assert buffer == NEEDLE


def test_a_failing_write_leaves_stream_and_buffer_as_they_were(probes: Any) -> None:
    calls = probes.FaultyCalls()
    pipe = SecretStream(SecretFactory(calls=calls))
    pipe.write(bytearray(b"abc"))
    buffer = bytearray(NEEDLE * 700)
    calls.fail_at = len(calls.made) + 9  # in the second of its two chunks
    with pytest.raises(SystemCallFailed):
        pipe.write(buffer)
    assert buffer == NEEDLE * 700
    assert pipe.read() == b"abc"
    pipe.close()


def test_a_failing_read_puts_the_chunk_back(probes: Any) -> None:
    calls = probes.FaultyCalls()
    pipe = SecretStream(SecretFactory(calls=calls))
    pipe.write(bytearray(b"abcdef"))
    assert pipe.read(2) == b"ab"
    calls.fail_at = len(calls.made) + 1
    with pytest.raises(SystemCallFailed):
        pipe.read()
    assert pipe.size == 4
    assert pipe.read() == b"cdef"
    pipe.close()


def test_a_purely_persistent_refusal_to_write_still_unmaps(probes: Any) -> None:
    calls = probes.FaultyCalls()
    secret = SecretFactory(calls=calls).new(bytearray(NEEDLE))
    calls.always = ("mprotect", "force_wipe", "unlock")
    with pytest.raises(SystemCallFailed, match="mprotect"):
        secret.close()
    assert secret.closed
    assert calls.mapped == {}


def test_a_dropped_secret_whose_cleanup_fails_is_reported_not_swallowed(
    probes: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda event: reported.append(event.exc_type))
    calls = probes.FaultyCalls()
    secret = SecretFactory(calls=calls).new(bytearray(NEEDLE))
    calls.fail_at = len(calls.made) + 1
    del secret
    assert reported == [SystemCallFailed]
    assert calls.mapped == {}

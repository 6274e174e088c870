from __future__ import annotations

import gc
import threading
from typing import Any

import pytest

from secmem.memory import (
    EmptySecret,
    MemoryProtection,
    SecretFactory,
    Storage,
    SystemCallFailed,
    live_secret_count,
    memory_usage,
)
from secmem.memory.slab import Slab

PAGE = 4096


def test_small_secrets_share_a_page_and_big_ones_do_not() -> None:
    factory = SecretFactory(storage=Storage.SLAB)
    small = [factory.random(32) for _ in range(128)]
    assert memory_usage().locked_bytes == PAGE
    next_page, big = factory.random(32), factory.random(1025)
    assert memory_usage().locked_bytes == 3 * PAGE
    assert (small[0].storage, big.storage) == (Storage.SLAB, Storage.PAGE)
    for secret in (*small, next_page, big):
        secret.close()
    assert memory_usage().mapped_bytes == 0


def test_a_closed_slot_is_zeros_and_is_used_again(probes: Any) -> None:
    factory = SecretFactory(storage=Storage.SLAB)
    keeper = factory.random(32)
    secret = factory.new(bytearray(probes.secret_bytes))
    address = probes.address_of(secret)
    secret.close()
    assert probes.read_forced(address, 32) == bytes(32)
    again = factory.random(20)
    assert probes.address_of(again) == address
    again.close()
    keeper.close()


def test_a_page_stays_readable_while_any_of_its_secrets_is_read(probes: Any) -> None:
    factory = SecretFactory(storage=Storage.SLAB)
    one, other = factory.random(32), factory.random(32)
    with one.access():
        with other.access():
            pass
        assert probes.readable(probes.address_of(one))
        factory.random(32).close()  # fill and wipe beside a reader
        assert one.protection is MemoryProtection.READ_ONLY
    assert not probes.readable(probes.address_of(one))
    one.close()
    other.close()


def test_a_dropped_slot_is_wiped_even_while_its_page_is_busy(probes: Any) -> None:
    factory = SecretFactory(storage=Storage.SLAB)
    keeper = factory.random(32)
    secret = factory.new(bytearray(probes.secret_bytes))
    address = probes.address_of(secret)
    page = keeper._state.cell._page  # type: ignore[attr-defined]
    with page._lock:
        del secret
        gc.collect()
        assert live_secret_count() == 1
        assert probes.read_forced(address, 32) == probes.secret_bytes
    with keeper.access():  # whoever uses the lock next works off the queue
        pass
    assert probes.read_forced(address, 32) == bytes(32)
    keeper.close()


def test_a_dropped_slot_is_wiped_at_once_when_nobody_holds_the_page(probes: Any) -> None:
    factory = SecretFactory(storage=Storage.SLAB)
    keeper = factory.random(32)
    secret = factory.new(bytearray(probes.secret_bytes))
    address = probes.address_of(secret)
    del secret
    assert probes.read_forced(address, 32) == bytes(32)
    keeper.close()


def test_the_last_dropped_secret_takes_the_page_along() -> None:
    factory = SecretFactory(storage=Storage.SLAB)
    secrets = [factory.random(16) for _ in range(3)]
    secrets.clear()
    gc.collect()
    assert memory_usage().mapped_bytes == 0


def test_a_failing_wipe_of_a_dropped_slot_is_raised_by_who_works_it_off(probes: Any) -> None:
    calls = probes.FaultyCalls()
    factory = SecretFactory(calls=calls, storage=Storage.SLAB)
    keeper, dropped = factory.random(32), factory.random(32)
    page = keeper._state.cell._page  # type: ignore[attr-defined]
    with page._lock:
        del dropped
        gc.collect()
    calls.always = ("mprotect",)
    with pytest.raises(SystemCallFailed):
        page._sweep()
    calls.always = ()
    keeper.close()
    assert calls.mapped == {}


@pytest.mark.parametrize(("size", "error"), [(0, EmptySecret), (1025, ValueError)])
def test_a_slot_has_a_size(size: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        Slab().allocate(size)


def test_threads_make_use_and_close_slots_together() -> None:
    factory = SecretFactory(storage=Storage.SLAB)
    wrong: list[str] = []

    def work(number: int) -> None:
        for turn in range(40):
            data = bytes([number, turn]) * 16
            with factory.new(bytearray(data)) as secret:
                if secret.with_bytes(bytes) != data:
                    wrong.append(f"{number} in turn {turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    gc.collect()
    assert memory_usage().mapped_bytes == 0

from __future__ import annotations

import threading
from typing import Any

import pytest

from secmem.memory import (
    CloseInsideAccess,
    CloseTimeout,
    MemoryProtection,
    PurgeFailed,
    Secret,
    SecretClosed,
    SecretFactory,
    Storage,
    SystemCallFailed,
    live_secret_count,
    memory_usage,
    purge_all,
)
from secmem.memory.state import SecretState

PATIENCE_S = 20.0  # a bound for a hang; nothing here waits for it


@pytest.fixture(params=list(Storage), ids=lambda storage: storage.name.lower())
def factory(request: pytest.FixtureRequest) -> SecretFactory:
    return SecretFactory(storage=request.param)


class Reader(threading.Thread):
    """Stays inside an access until told to leave."""

    def __init__(self, secret: Secret) -> None:
        super().__init__()
        self.secret = secret
        self.inside = threading.Event()
        self.may_leave = threading.Event()
        self.seen = b""
        self.start()
        assert self.inside.wait(PATIENCE_S)

    def run(self) -> None:
        with self.secret.access() as view:
            self.inside.set()
            assert self.may_leave.wait(PATIENCE_S)
            self.seen = bytes(view)

    def leave(self) -> None:
        self.may_leave.set()
        self.join(PATIENCE_S)
        assert not self.is_alive()


def closing(secret: Secret) -> threading.Thread:
    thread = threading.Thread(target=secret.close)
    thread.start()
    while not secret._state.closing:
        pass
    return thread


def test_a_closed_secret_lends_nothing_and_closing_again_does_nothing(
    factory: SecretFactory,
) -> None:
    secret = factory.random(8)
    secret.close()
    secret.close()
    assert secret.closed
    with pytest.raises(SecretClosed, match="closed or closing"), secret.access():
        pass
    assert live_secret_count() == 0
    assert memory_usage().mapped_bytes == 0


def test_close_waits_for_the_access_and_refuses_newcomers_meanwhile(
    factory: SecretFactory, probes: Any
) -> None:
    secret = factory.new(bytearray(probes.secret_bytes))
    reader = Reader(secret)
    closer = closing(secret)
    with pytest.raises(SecretClosed), secret.access():
        pass
    assert not secret.closed
    reader.leave()
    closer.join(PATIENCE_S)
    assert secret.closed
    assert reader.seen == probes.secret_bytes


def test_no_closer_returns_before_the_wipe(factory: SecretFactory) -> None:
    secret = factory.random(8)
    reader = Reader(secret)
    late: list[bool] = []

    def close() -> None:
        secret.close()
        late.append(secret.closed)

    closers = [threading.Thread(target=close) for _ in range(4)]
    for closer in closers:
        closer.start()
    assert late == []
    reader.leave()
    for closer in closers:
        closer.join(PATIENCE_S)
    assert late == [True] * 4


def test_a_close_that_times_out_can_be_continued(factory: SecretFactory) -> None:
    secret = factory.random(8)
    reader = Reader(secret)
    with pytest.raises(CloseTimeout, match=r"waited 0\.001 s and 1 access") as caught:
        secret.close(timeout_s=0.001)
    assert isinstance(caught.value, TimeoutError)
    with pytest.raises(SecretClosed), secret.access():
        pass
    reader.leave()
    assert not secret.closed
    secret.close(timeout_s=0)
    assert secret.closed


@pytest.mark.parametrize(
    ("timeout_s", "error"),
    [(-1, ValueError), (float("nan"), ValueError), ("1", TypeError), (True, TypeError)],
)
def test_a_timeout_is_a_number_of_seconds(timeout_s: Any, error: type[Exception]) -> None:
    with SecretFactory().random(1) as secret:
        with pytest.raises(error, match="timeout_s"):
            secret.close(timeout_s)
        assert not secret._state.closing


def test_close_inside_an_own_access_is_refused_and_has_no_effect(factory: SecretFactory) -> None:
    secret = factory.random(8)
    with secret.access(), secret.access():
        with pytest.raises(CloseInsideAccess, match="inside 2 access"):
            secret.close()
        with secret.access() as view:
            assert len(view) == 8
    secret.close()


def test_a_nested_access_fails_once_a_close_has_started(factory: SecretFactory) -> None:
    secret = factory.random(8)
    with secret.access() as view:
        closer = closing(secret)
        with pytest.raises(SecretClosed), secret.access():
            pass
        assert len(bytes(view)) == 8
    closer.join(PATIENCE_S)
    assert secret.closed


def test_an_access_that_ends_by_exception_lets_the_close_go_on(factory: SecretFactory) -> None:
    secret = factory.random(8)
    with pytest.raises(ZeroDivisionError):
        secret.with_bytes(lambda view: view[0] // 0)
    secret.close(timeout_s=0)


def test_the_full_capacity_is_wiped_while_the_pages_are_still_there(probes: Any) -> None:
    calls = probes.FaultyCalls()
    calls.needle = b"slack"
    secret = SecretFactory(calls=calls).random(8)
    memory = secret._state.cell._memory  # type: ignore[attr-defined]
    memory.set_protection(MemoryProtection.READ_WRITE)
    memory.fill(memoryview(b"slack"), offset=4000)
    memory.set_protection(MemoryProtection.NO_ACCESS)
    secret.close()
    assert calls.unwiped == []
    assert calls.made[-3:] == ["mprotect", "unlock", "munmap"]


@pytest.mark.parametrize("broken", ["mprotect", "unlock", "munmap"])
def test_every_step_of_the_cleanup_is_tried_and_the_first_error_raised(
    probes: Any, broken: str
) -> None:
    calls = probes.FaultyCalls()
    calls.needle = probes.secret_bytes
    secret = SecretFactory(calls=calls).new(bytearray(probes.secret_bytes))
    steps = ["mprotect", "unlock", "munmap"]
    calls.fail_at = len(calls.made) + 1 + steps.index(broken)
    with pytest.raises(SystemCallFailed) as caught:
        secret.close()
    assert caught.value.call in {"mprotect", "munlock", "munmap"}
    assert calls.failed == [broken]
    assert secret.closed
    assert calls.unwiped == []
    assert not calls.mapped
    secret.close()


def test_a_failing_cleanup_of_a_slot_wipes_it_all_the_same(probes: Any) -> None:
    calls = probes.FaultyCalls()
    calls.needle = probes.secret_bytes
    factory = SecretFactory(calls=calls, storage=Storage.SLAB)
    neighbour = factory.random(32)
    secret = factory.new(bytearray(probes.secret_bytes))
    address = probes.address_of(secret)
    calls.always = ("mprotect",)
    with pytest.raises(SystemCallFailed):
        secret.close()
    calls.always = ()
    assert probes.read_forced(address, 32) == bytes(32)
    neighbour.close()
    assert not calls.mapped


def test_purge_closes_every_secret_and_says_how_many(factory: SecretFactory) -> None:
    secrets = [factory.random(3) for _ in range(5)]
    assert purge_all() == 5
    assert all(secret.closed for secret in secrets)
    assert purge_all() == 0


def test_purge_goes_on_past_a_secret_in_use(factory: SecretFactory) -> None:
    busy, idle = factory.random(3), factory.random(3)
    reader = Reader(busy)
    with pytest.raises(PurgeFailed, match="1 secrets closed, 1 did not: CloseTimeout") as caught:
        purge_all(timeout_s=0.001)
    assert idle.closed
    assert not busy.closed
    assert len(caught.value.errors) == 1
    reader.leave()
    assert purge_all() == 1


def test_twenty_threads_against_a_close_see_the_bytes_or_the_refusal(
    factory: SecretFactory, probes: Any
) -> None:
    expected = probes.secret_bytes
    secret = factory.new(bytearray(expected))
    wrong: list[object] = []
    started = threading.Barrier(21, timeout=PATIENCE_S)

    def read() -> None:
        started.wait()
        for _ in range(100):
            try:
                if secret.with_bytes(bytes) != expected:
                    wrong.append("other bytes")
            except SecretClosed:
                return

    threads = [threading.Thread(target=read) for _ in range(20)]
    for thread in threads:
        thread.start()
    started.wait()
    secret.close()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert wrong == []
    assert secret.closed


def test_a_reader_that_passed_the_first_look_is_refused_after_counting_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = SecretFactory().random(8)
    secret.close()
    monkeypatch.setattr(SecretState, "_refuse_newcomer", lambda self: None)
    with pytest.raises(SecretClosed), secret.access():
        pass
    assert secret._state.accesses == 0


@pytest.mark.parametrize("storage", list(Storage), ids=lambda member: member.name)
def test_an_interpreter_that_ends_with_open_secrets_says_nothing(
    probes: Any, storage: Storage
) -> None:
    done = probes.run_script(
        f"""
from secmem.memory import SecretFactory, SecretStream, Storage
factory = SecretFactory(storage=Storage.{storage.name})
secrets = [factory.random(8) for _ in range(3)]
cycle = [factory.random(8)]
cycle.append(cycle)
entered = secrets[0].access()
entered.__enter__()
stream = SecretStream(factory)
stream.write(bytearray(b"abc"))
"""
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
@pytest.mark.parametrize("storage", list(Storage), ids=lambda member: member.name)
def test_a_thousand_lives_thrice_grow_nothing(probes: Any, storage: Storage) -> None:
    done = probes.run_script(
        f"""
import gc, os, threading
from secmem.memory import SecretFactory, Storage, live_secret_count, memory_usage
factory = SecretFactory(storage=Storage.{storage.name})
def lives():
    for number in range(1000):
        secret = factory.new(bytearray(b"k" * 32))
        assert secret.with_bytes(len) == 32
        if number % 2:
            secret.close()
    del secret
    gc.collect()
    with open("/proc/self/maps") as maps:
        return len(maps.readlines()), len(os.listdir("/proc/self/fd")), threading.active_count()
first = lives()
later = [lives() for _ in range(3)]
assert all(after[0] <= first[0] + 4 and after[1:] == first[1:] for after in later), (first, later)
print(live_secret_count(), memory_usage().mapped_bytes)
"""
    )
    assert done.stdout == "0 0\n", done.stderr

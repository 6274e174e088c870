"""Capabilities, signals, older names, errors, the face."""

from __future__ import annotations

import errno
import pickle
import re
import signal
import threading
from typing import Any

import pytest

import secmem.memory
from secmem.memory import (
    CapabilityMissing,
    CloseInsideAccess,
    CloseTimeout,
    EmptySecret,
    ForkedSecret,
    LockBudgetExceeded,
    MappingLimitExceeded,
    MemoryReleased,
    ProtectedMemorySecret,
    ProtectedMemorySecretFactory,
    ProtectedMemorySecretSimple,
    ProtectionRefused,
    PurgeFailed,
    Secret,
    SecretClosed,
    SecretError,
    SecretFactory,
    SystemCallFailed,
    UnsupportedPlatform,
    ViewEscaped,
    capabilities,
    convert_secret,
    purge_on_signals,
)
from secmem.memory.limits import explain_failure
from secmem.memory.system_calls import default_system_calls

# ------------------------------------------------------------------ capabilities


def test_the_report_tries_each_protection_and_leaves_no_page(probes: Any) -> None:
    calls = probes.FaultyCalls()
    report = capabilities(calls)
    assert [entry.name for entry in report.capabilities] == [
        "guard",
        "protect",
        "lock",
        "no-dump",
        "wipe-on-fork",
        "skip-on-fork",
        "memfd_secret",
    ]
    assert calls.mapped == {}
    assert report.page_size == 4096
    assert "core limit" in str(report)


def test_a_missing_protection_is_named_and_refused(probes: Any) -> None:
    report = capabilities(probes.FaultyCalls(always=("lock",), code=errno.EPERM))
    assert report.missing == ("lock",)
    with pytest.raises(CapabilityMissing, match="policy STRICT needs lock"):
        report.require()
    assert "lock                 NO   Operation not permitted" in str(report)
    capabilities().require()


def test_no_pages_at_all_is_a_typed_error(probes: Any) -> None:
    with pytest.raises(SystemCallFailed, match="mmap of 12288 bytes failed"):
        capabilities(probes.FaultyCalls(always=("mmap",)))


def test_a_system_without_a_page_layer_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    default_system_calls.cache_clear()
    monkeypatch.setattr("sys.platform", "plan9")
    try:
        with pytest.raises(UnsupportedPlatform, match="no page layer for plan9"):
            default_system_calls()
    finally:
        monkeypatch.undo()
        default_system_calls.cache_clear()


# ------------------------------------------------------------------ signals

SIGNALLED = """
import os, signal, sys, threading
from secmem.memory import SecretFactory, Storage, Backing, purge_on_signals
from pathlib import Path

def peek(address):
    with open("/proc/self/mem", "rb", buffering=0) as memory:
        return os.pread(memory.fileno(), 32, address)

secrets = [
    SecretFactory().new(bytearray(b"k" * 32)),
    SecretFactory(storage=Storage.SLAB).new(bytearray(b"k" * 32)),
]
addresses = [secret._state.cell.address for secret in secrets]
import secmem.memory.signals as s
die = s._die
def tell_and_die(number):
    print([peek(address) == bytes(32) for address in addresses], flush=True)
    die(number)
s._die = tell_and_die
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda n: n.name)
@pytest.mark.parametrize(
    "place",
    [
        "os.kill(os.getpid(), N)",
        "secrets[0].with_bytes(lambda view: os.kill(os.getpid(), N))",
        "secrets[1].with_bytes(lambda view: os.kill(os.getpid(), N))",
        "secrets[0]._state._access_lock.acquire(); os.kill(os.getpid(), N)",
    ],
    ids=["idle", "inside a callback", "inside a slab callback", "holding the lock"],
)
def test_a_signal_runs_the_handler_wipes_and_ends_the_process(
    probes: Any, number: signal.Signals, place: str
) -> None:
    done = probes.run_script(
        SIGNALLED
        + f"N = {int(number)}\n"
        + "purge_on_signals(lambda number: print('handled', number, flush=True))\n"
        + place
    )
    assert done.stdout.splitlines() == [f"handled {int(number)}", "[True, True]"], done.stderr
    assert done.returncode == -number


def test_a_handler_that_fails_does_not_stop_the_wipe(probes: Any) -> None:
    done = probes.run_script(
        SIGNALLED + "purge_on_signals(lambda number: 1 / 0)\nos.kill(os.getpid(), 15)"
    )
    assert done.stdout.splitlines() == ["[True, True]"]
    assert done.returncode == -15


def test_pages_that_the_kernel_will_not_write_are_wiped_directly(probes: Any) -> None:
    calls = probes.FaultyCalls(always=("force_wipe",))
    secret = SecretFactory(calls=calls).new(bytearray(probes.secret_bytes))
    secret._state.wipe_in_place()
    assert probes.read_forced(probes.address_of(secret), 32) == bytes(32)
    with pytest.raises(SecretClosed), secret.access():
        pass
    secret.close()
    secret._state.wipe_in_place()


def test_signal_arguments_are_checked() -> None:
    with pytest.raises(TypeError, match="not int"):
        purge_on_signals(3)  # type: ignore[arg-type]
    caught: list[Exception] = []

    def elsewhere() -> None:
        try:
            purge_on_signals()
        except ValueError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "only the main thread" in str(caught[0])


# ------------------------------------------------------------------ older names


@pytest.mark.parametrize("kind", [ProtectedMemorySecret, ProtectedMemorySecretSimple])
def test_an_older_kind_warns_and_works(kind: type[ProtectedMemorySecret]) -> None:
    buffer = bytearray(b"abc")
    with pytest.deprecated_call(match=f"{kind.__name__} is deprecated; use SecretFactory"):
        old = kind(buffer)
    assert buffer == bytes(3)
    assert old.with_bytes(bytes) == b"abc"
    assert not old.is_closed()
    new = convert_secret(old)
    assert type(new) is Secret
    assert new.with_bytes(bytes) == b"abc"
    old.close()
    assert new.closed
    assert old.is_closed()


def test_the_older_factory_warns_and_works() -> None:
    with pytest.deprecated_call(match="ProtectedMemorySecretFactory"):
        factory = ProtectedMemorySecretFactory()
    with factory.new(bytearray(b"abc")) as one, factory.create_random(5) as other:
        assert (len(one), len(other)) == (3, 5)
        assert convert_secret(one) is one


def test_only_secrets_are_converted() -> None:
    with pytest.raises(TypeError, match="not bytes"):
        convert_secret(b"abc")  # type: ignore[arg-type]


# ------------------------------------------------------------------ errors and face

ERRORS: list[tuple[SecretError, str]] = [
    (SecretClosed(), "closed or closing"),
    (EmptySecret(0), "at least 1 byte"),
    (CloseInsideAccess(2), "inside 2 access"),
    (CloseTimeout(0.5, 3), r"waited 0.5 s and 3 access\(es\) had not ended"),
    (CloseTimeout(0.5, 0), "another closer's wipe had not ended"),
    (ViewEscaped(1, "close"), "seen at close"),
    (ForkedSecret(10, 11), "belongs to process 10 and this is 11"),
    (MemoryReleased(), "wiped and unmapped"),
    (ProtectionRefused("writable", "NO_ACCESS"), "other protection than NO_ACCESS"),
    (SystemCallFailed("mmap", errno.ENOMEM, 4096), r"mmap of 4096 bytes failed.*\(errno 12\)"),
    (LockBudgetExceeded("mlock", 12, 4096, limit=8, locked=4), "RLIMIT_MEMLOCK is 8 bytes and 4"),
    (MappingLimitExceeded("mmap", 12, 1, limit=9, mappings=8), "vm.max_map_count is 9"),
    (CapabilityMissing(("lock",)), "needs lock"),
    (UnsupportedPlatform("plan9"), "plan9"),
    (PurgeFailed(2, (SecretClosed(),)), "2 secrets closed, 1 did not: SecretClosed"),
]


@pytest.mark.parametrize(("error", "words"), ERRORS, ids=lambda value: type(value).__name__)
def test_an_error_says_what_and_survives_a_process_border(error: SecretError, words: str) -> None:
    assert re.search(words, str(error))
    assert isinstance(error, SecretError)
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert (type(copied), str(copied)) == (type(error), str(error))


def test_a_failure_that_meets_no_known_limit_is_named_by_its_call() -> None:
    explained = explain_failure(OSError(errno.EACCES, "no"), "mprotect", 4096)
    assert type(explained) is SystemCallFailed
    assert explained.code == errno.EACCES


def test_the_face_holds_what_it_names() -> None:
    for name in secmem.memory.__all__:
        assert getattr(secmem.memory, name) is not None
    assert sorted(secmem.memory.__all__) == secmem.memory.__all__

from __future__ import annotations

import gc
import os
from typing import Any

import pytest

from secmem.memory import (
    Backing,
    ForkedSecret,
    Secret,
    SecretFactory,
    SecretStream,
    Storage,
    live_secret_count,
    memory_usage,
    purge_all,
)


def _refuses(touch: Any) -> None:
    try:
        touch()
    except ForkedSecret as error:
        assert error.made_in_pid == os.getppid()  # noqa: PT017  # runs in a child
        assert error.pid == os.getpid()  # noqa: PT017
    else:
        raise AssertionError("the child was let in")


@pytest.mark.parametrize("storage", list(Storage), ids=lambda member: member.name)
@pytest.mark.parametrize("backing", list(Backing), ids=lambda member: member.name)
def test_a_child_gets_a_typed_error_and_never_zeros(
    probes: Any, storage: Storage, backing: Backing
) -> None:
    secret = SecretFactory(storage=storage, backing=backing).new(bytearray(probes.secret_bytes))
    reader = secret.reader()

    def child() -> None:
        for touch in (
            lambda: secret.access().__enter__(),
            lambda: secret.with_bytes(bytes),
            lambda: reader.read(1),
            secret.close,
            secret.clone,
        ):
            _refuses(touch)
        assert live_secret_count() == 0
        assert purge_all() == 0
        assert memory_usage().mapped_bytes == 0

    assert probes.in_child(child) == 0
    assert secret.with_bytes(bytes) == probes.secret_bytes
    secret.close()


def test_the_childs_pages_hold_zeros(probes: Any) -> None:
    secret = SecretFactory().new(bytearray(probes.secret_bytes))
    address = probes.address_of(secret)
    assert probes.read_forced(address, 32) == probes.secret_bytes

    def child() -> None:
        assert probes.read_forced(address, 32) == bytes(32)

    assert probes.in_child(child) == 0
    secret.close()


def test_a_fork_inside_an_access_is_noticed_when_the_child_leaves_it(probes: Any) -> None:
    secret = SecretFactory().new(bytearray(probes.secret_bytes))
    with secret.access() as view:

        def child() -> None:
            access = secret.access()
            access.thread = 1
            access.view = view
            _refuses(lambda: access.__exit__(None, None, None))

        assert probes.in_child(child) == 0
    secret.close()


@pytest.mark.parametrize("storage", list(Storage), ids=lambda member: member.name)
def test_a_child_makes_secrets_of_its_own_and_drops_inherited_ones(
    probes: Any, storage: Storage
) -> None:
    factory = SecretFactory(storage=storage)
    inherited: list[Secret] = [factory.random(32), factory.random(32)]

    def child() -> None:
        own = factory.new(bytearray(b"child"))
        assert own.with_bytes(bytes) == b"child"
        inherited.clear()
        gc.collect()
        assert live_secret_count() == 1
        own.close()

        def grandchild() -> None:
            _refuses(own.close)
            factory.random(3).close()

        assert probes.in_child(grandchild) == 0

    assert probes.in_child(child) == 0
    for secret in inherited:
        assert secret.with_bytes(any)
        secret.close()


def test_a_block_that_a_child_unwinds_closes_nothing(probes: Any) -> None:
    secret = SecretFactory().random(3)

    def child() -> None:
        with secret:
            pass

    assert probes.in_child(child) == 0
    assert not secret.closed
    secret.close()


def test_a_fork_while_a_lock_is_held_cannot_hang_the_child(probes: Any) -> None:
    secret = SecretFactory().random(3)
    stream = SecretStream()
    stream.write(bytearray(b"abc"))
    with secret._state._access_lock, stream._order_lock:

        def child() -> None:
            _refuses(secret.close)
            _refuses(lambda: secret.with_bytes(bytes))
            _refuses(stream.read)
            _refuses(stream.close)

        assert probes.in_child(child) == 0
    secret.close()
    stream.close()


def test_the_mark_moves_without_the_at_fork_hook(probes: Any) -> None:
    # A fork made by C code runs no hook; the kernel wipes the mark's page all the same.
    script = """
import ctypes, os
from secmem.memory import SecretFactory, ForkedSecret
secret = SecretFactory().random(8)
pid = ctypes.PyDLL(None).fork()
if not pid:
    try:
        secret.with_bytes(bytes)
    except ForkedSecret:
        SecretFactory().random(3).close()
        os._exit(7)
    os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
secret.close()
"""
    done = probes.run_script(script)
    assert (done.stdout.strip(), done.stderr) == ("7", "")

"""What the scanned children run: many secrets made, or many transforms, in a joined worker."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any, Final

from secmem.memory import SystemCallFailed
from tests.planted.secret._ledger import LedgerCalls, write_through

if TYPE_CHECKING:
    from harness.probes.child_main import Probe

KEY_BYTES: Final = 32
# The key 1 to 15 times in a row: each size of a block has a free list of its own in the allocator,
# so that what one temporary leaves is not written over by the next one.
REPEATS: Final = range(1, 16)
KEPT: Final[list[object]] = []


def makes_secrets(probe: Probe, maker: str) -> None:
    """Make secrets of the key; afterwards their pages alone may hold it."""
    factory = _load(maker)()

    def work() -> None:
        for repeats in REPEATS:
            buffer = _filled(probe, repeats)
            KEPT.extend((buffer, factory.new(buffer)))

    probe.in_worker(work)
    probe.checkpoint("made")


def transforms_secrets(probe: Probe, maker: str) -> None:
    """Let transforms return copies of the key; afterwards none of them is left."""
    factory = _load(maker)()
    secrets = [factory.new(_filled(probe, repeats)) for repeats in REPEATS]
    KEPT.extend(secrets)

    def work() -> None:
        for secret in secrets:
            secret.with_bytes_func(lambda view: (len(view), bytearray(view)))

    probe.in_worker(work)
    probe.checkpoint("transformed")


def fails_to_conceal(probe: Probe, maker: str) -> None:
    """Let the page stay open after an access, and use it once more where that is told."""
    make = _load(maker)

    def work() -> None:
        for repeats in REPEATS:
            ledger = LedgerCalls()
            secret = _made(make, _filled(probe, repeats), ledger)
            ledger.fail("protect", 2)  # the first opens the page
            try:
                secret.with_bytes(len)
            except SystemCallFailed:
                ledger.allow_all()
                secret.with_bytes(len)  # the next access repairs it
            KEPT.append(secret)

    probe.in_worker(work)
    probe.checkpoint("used")


def fails_to_make(probe: Probe, maker: str) -> None:
    """Let constructions fail when the full page is to be closed."""
    make = _load(maker)

    def work() -> None:
        for repeats in REPEATS:
            ledger = LedgerCalls()
            ledger.fail("protect", 2)  # the first is of the empty page
            with contextlib.suppress(SystemCallFailed):
                _made(make, _filled(probe, repeats), ledger)

    probe.in_worker(work)
    probe.checkpoint("failed")


def stops_at_unlock(probe: Probe, maker: str) -> None:
    """Close a secret with the key in the slack behind it, and stop where its pages are unlocked."""
    calls = _StopsAtUnlock(probe)
    secret = _made(_load(maker), _filled(probe, 1), calls)
    cell = secret._state.cell
    slack = _filled(probe, 1)
    write_through(cell.address + cell.length, slack)
    _forget(slack)
    secret.close()


def wipes_buffers(probe: Probe, maker: str) -> None:
    """Wipe buffers of the key, and keep them."""
    wipe = _load(maker)

    def work() -> None:
        for repeats in REPEATS:
            buffer = _filled(probe, repeats)
            wipe(buffer)
            KEPT.append(buffer)

    probe.in_worker(work)
    probe.checkpoint("wiped")


class _StopsAtUnlock(LedgerCalls):
    """Tells of the first unlock, when it was made; looks at no page itself, which would copy it."""

    def __init__(self, probe: Probe) -> None:
        super().__init__()
        self._probe = probe

    def unlock(self, address: int, size: int) -> None:
        self._real.unlock(address, size)
        self._probe.checkpoint("unlocked")

    def unmap(self, address: int, size: int) -> None:
        self._real.unmap(address, size)


def _made(make: Any, buffer: bytearray, calls: LedgerCalls) -> Any:
    """Make a secret of a buffer that holds the key no longer, however it ends."""
    try:
        return make(buffer, calls=calls)
    finally:
        _forget(buffer)


def _forget(buffer: bytearray) -> None:
    buffer[:] = bytes(len(buffer))


def _filled(probe: Probe, repeats: int) -> bytearray:
    buffer = bytearray(KEY_BYTES * repeats)
    with memoryview(buffer) as view:
        for start in range(0, len(view), KEY_BYTES):
            probe.key_into(view[start : start + KEY_BYTES])
    return buffer


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)

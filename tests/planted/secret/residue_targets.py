"""What the scanned children run: many secrets made, or many transforms, in a joined worker."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

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


def _filled(probe: Probe, repeats: int) -> bytearray:
    buffer = bytearray(KEY_BYTES * repeats)
    with memoryview(buffer) as view:
        for start in range(0, len(view), KEY_BYTES):
            probe.key_into(view[start : start + KEY_BYTES])
    return buffer


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)

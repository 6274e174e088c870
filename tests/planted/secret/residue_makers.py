"""Makers of secrets that a scanned child finds by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from secmem.memory.wiping import WritableBuffer, writable_bytes
from tests.planted.secret import assembly, memory_twins

if TYPE_CHECKING:
    from secmem.memory import Secret, SystemCalls

_conceals_quietly = assembly.assemble(cell=memory_twins.ConcealsQuietly)
_keeps_failed = assembly.assemble(
    memory=memory_twins.KeepsFailedMapping, factory=memory_twins.KeepsFailedCell
)
_unlocks_first = assembly.assemble(memory=memory_twins.UnlocksFirst)
_wipes_length_only = assembly.assemble(memory=memory_twins.WipesLengthOnly)


def good(data: bytearray, *, calls: SystemCalls) -> Secret:
    """Make a secret as the good class does."""
    return assembly.good(data, calls=calls)


def conceals_quietly(data: bytearray, *, calls: SystemCalls) -> Secret:
    """B-13."""
    return _conceals_quietly(data, calls=calls)


def keeps_failed(data: bytearray, *, calls: SystemCalls) -> Secret:
    """B-16."""
    return _keeps_failed(data, calls=calls)


def unlocks_first(data: bytearray, *, calls: SystemCalls) -> Secret:
    """B-17a."""
    return _unlocks_first(data, calls=calls)


def wipes_length_only(data: bytearray, *, calls: SystemCalls) -> Secret:
    """B-17b."""
    return _wipes_length_only(data, calls=calls)


def wipes_a_copy(buffer: WritableBuffer) -> None:
    """B-28: the zeros go into a copy."""
    with writable_bytes(buffer) as view:
        copied = bytearray(view.nbytes)
        copied[:] = bytes(view.nbytes)

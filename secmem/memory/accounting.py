"""How much memory this process's secrets have mapped and locked.

No lock anywhere: finalisers write here too and must not wait. Adding and removing one key of a
dict is one step in CPython, and the sums are taken over a copy.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

__all__ = ["MemoryUsage", "memory_usage", "note_locked", "note_mapped", "note_unmapped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUsage:
    """Bytes that this process's secrets hold of the system, guard pages included."""

    mapped_bytes: int
    locked_bytes: int


_mapped: Final[dict[int, int]] = {}
_locked: Final[dict[int, int]] = {}


def memory_usage() -> MemoryUsage:
    """Return what is mapped and locked now."""
    return MemoryUsage(
        mapped_bytes=sum(tuple(_mapped.values())), locked_bytes=sum(tuple(_locked.values()))
    )


def note_mapped(address: int, size: int) -> None:
    """Count a mapping that was just made."""
    _mapped[address] = size


def note_unmapped(address: int) -> None:
    """Stop counting a mapping; call it before the system may hand out the address again."""
    _mapped.pop(address, None)


def note_locked(address: int, size: int) -> None:
    """Count locked pages; a `size` of 0 stops counting them."""
    if size:
        _locked[address] = size
    else:
        _locked.pop(address, None)


def _forget_all() -> None:
    # A child holds copies of the parent's pages, but none of its secrets.
    _mapped.clear()
    _locked.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)

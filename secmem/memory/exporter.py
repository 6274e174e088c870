"""Views of raw memory whose survivors can be found.

`memoryview.release()` succeeds while a slice lives, and the slice then reads unmapped memory.
But every slice, cast or copy of a view keeps the object that exports the memory alive. So each
lent view gets an exporter of its own, and whoever lent it asks afterwards whether anything else
still holds that exporter (decision D-14; the same on CPython 3.11 to 3.14). A count of references
tells that for half the price of a weak reference; a weak reference then tells when the survivor
dies.
"""

from __future__ import annotations

import ctypes
import functools
from sys import getrefcount
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UNSHARED", "Exporter", "exporter_type", "lend", "lend_writable"]


class _Byte(ctypes.Union):
    """One byte; a union because its array exports the format `B`, which needs no cast."""

    _fields_ = (("value", ctypes.c_ubyte),)


Exporter = ctypes.Array[_Byte]


# Types are dear (20 us) and cyclic garbage; a program's secrets have few lengths.
@functools.lru_cache(maxsize=256)
def exporter_type(length: int) -> Callable[[int], Exporter]:
    """Return what makes an exporter of `length` bytes from an address."""
    return (_Byte * length).from_address


def lend(address: int, length: int) -> memoryview:
    """Return a read-only view with an exporter of its own (`view.obj`)."""
    return memoryview(exporter_type(length)(address)).toreadonly()


def lend_writable(address: int, length: int) -> memoryview:
    """Return a writable view with an exporter of its own (`view.obj`)."""
    return memoryview(exporter_type(length)(address))


class _Holder:
    """Holds an exporter as an access does."""

    __slots__ = ("exporter",)
    exporter: Exporter


def _unshared() -> int:
    # Measured, not written down: how many references a call adds differs between versions.
    byte = ctypes.c_ubyte()
    holder = _Holder()
    holder.exporter = exporter_type(1)(ctypes.addressof(byte))
    memoryview(holder.exporter).toreadonly().release()
    return getrefcount(holder.exporter)


UNSHARED: Final = _unshared()
"""What `getrefcount(holder.exporter)` says when no view keeps the exporter."""

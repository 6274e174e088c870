"""Views of raw memory whose survivors can be found.

`memoryview.release()` succeeds while a slice lives, and the slice then reads unmapped memory.
But every slice, cast or copy of a view keeps the object that exports the memory alive. So each
lent view gets an exporter of its own, and whoever lent it asks a weak reference afterwards
whether that exporter is gone (decision D-14; the same on CPython 3.11 to 3.14). Counting
references instead would be a tenth of an access quicker, but a debugger, a tracer or a rewritten
call holds one for a moment and is no survivor.
"""

from __future__ import annotations

import ctypes
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Exporter", "exporter_type", "lend", "lend_writable"]


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

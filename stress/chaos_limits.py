"""Limits of the process lowered to little more than it holds: descriptors, locked memory."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Final

from harness.probes import census

if TYPE_CHECKING:
    import random

MOST_DESCRIPTORS: Final = 6  # that can still be opened: a program of one file needs two at a time
MOST_PAGES: Final = 8  # that can still be locked
PAGE_BYTES: Final = 4096
_CAP_IPC_LOCK: Final = 14  # whoever has it locks without limit
_CAPABILITY_VERSION: Final = 0x20080522


class FewDescriptors:
    """RLIMIT_NOFILE at a few more than are open."""

    def __init__(self) -> None:
        _need_limits()
        self._before: tuple[int, int] | None = None
        self._left: list[int] = []

    @property
    def done(self) -> str:
        """What the limit was, in words."""
        return f"RLIMIT_NOFILE left {_range(self._left)} more, in {len(self._left)} rounds"

    def begin(self, chance: random.Random) -> None:
        """Lower the limit."""
        if sys.platform == "win32":
            return
        import resource  # noqa: PLC0415  # POSIX only

        left = chance.randint(0, MOST_DESCRIPTORS)
        self._before = resource.getrlimit(resource.RLIMIT_NOFILE)
        limit = _limit_with_free(set(census().descriptors), left)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, *self._before), self._before[1]))
        self._left.append(left)

    def end(self) -> None:
        """Put it back."""
        if sys.platform == "win32":
            return
        import resource  # noqa: PLC0415

        if self._before is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._before)
            self._before = None


class FewLocks:
    """RLIMIT_MEMLOCK at a few pages more than are locked, and no privilege to pass it."""

    def __init__(self) -> None:
        _need_limits()
        self._privilege = _Privilege()
        self._before: tuple[int, int] | None = None
        self._left: list[int] = []

    @property
    def done(self) -> str:
        """What the limit was, in words."""
        how = " (with CAP_IPC_LOCK dropped)" if self._privilege.had else ""
        return f"RLIMIT_MEMLOCK left {_range(self._left)} pages{how}, in {len(self._left)} rounds"

    def begin(self, chance: random.Random) -> None:
        """Lower the limit."""
        if sys.platform == "win32":
            return
        import resource  # noqa: PLC0415

        left = chance.randint(0, MOST_PAGES)
        held = census().locked_bytes or 0
        before = resource.getrlimit(resource.RLIMIT_MEMLOCK)
        wanted = held + left * PAGE_BYTES
        hard = before[1]
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (soft, hard))
        self._before = before
        self._privilege.drop()
        self._left.append(left)

    def end(self) -> None:
        """Put it back."""
        if sys.platform == "win32":
            return
        import resource  # noqa: PLC0415

        if self._before is not None:
            self._privilege.take_back()
            resource.setrlimit(resource.RLIMIT_MEMLOCK, self._before)
            self._before = None


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


class _Privilege:
    """CAP_IPC_LOCK of the calling thread, which new threads inherit: dropped and taken back.

    Of the effective set only, so that the permitted one lets it come back.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self.had = sys.platform == "linux" and bool(self._read()[0].effective >> _CAP_IPC_LOCK & 1)

    def drop(self) -> None:
        self._set(on=False)

    def take_back(self) -> None:
        self._set(on=True)

    def _set(self, *, on: bool) -> None:
        if not self.had:
            return
        sets = self._read()
        bit = 1 << _CAP_IPC_LOCK
        sets[0].effective = sets[0].effective | bit if on else sets[0].effective & ~bit
        if self._libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION, 0)), sets):
            raise OSError(ctypes.get_errno(), "capset")

    def _read(self) -> ctypes.Array[_Sets]:
        sets = (_Sets * 2)()
        if self._libc.capget(ctypes.byref(_Header(_CAPABILITY_VERSION, 0)), sets):
            raise OSError(ctypes.get_errno(), "capget")
        return sets


def _limit_with_free(used: set[int], free: int) -> int:
    """Return the limit below which exactly `free` numbers are free."""
    limit = 0
    while free > 0 or limit in used:
        free -= limit not in used
        limit += 1
    return limit


def _range(values: list[int]) -> str:
    return f"{min(values)} to {max(values)}" if values else "0"


def _need_limits() -> None:
    if os.name != "posix":
        raise OSError("this system has no limits of a process that it may lower itself")

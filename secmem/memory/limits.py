"""The system's limits on locked memory and mappings, and which of them a failed call met."""

from __future__ import annotations

import errno
import sys
from functools import partial
from pathlib import Path
from typing import Final

from secmem.memory.errors import (
    LockBudgetExceeded,
    MappingLimitExceeded,
    SystemCallFailed,
)

# At the top, and bytes below: while a failure is explained, no import or codec lookup may fail.
if sys.platform != "win32":
    import resource

__all__ = [
    "core_limit_bytes",
    "explain_failure",
    "lock_limit_bytes",
    "locked_bytes",
    "mapping_count",
    "mapping_limit",
]

_OUT_OF_BUDGET: Final = frozenset({errno.ENOMEM, errno.EAGAIN, errno.EPERM})
_PIECE_BYTES: Final = 4096
_MAPPINGS_A_CALL_NEEDS: Final = 4  # a change in the middle of a mapping splits it in three


def _resource_limit(name: str) -> int | None:
    if sys.platform != "win32":
        soft, _ = resource.getrlimit(getattr(resource, name))
        return None if soft == resource.RLIM_INFINITY else soft
    return None


def lock_limit_bytes() -> int | None:
    """Return the limit of locked memory in bytes, or None when there is none."""
    return None if _may_lock_all() else _resource_limit("RLIMIT_MEMLOCK")


def core_limit_bytes() -> int | None:
    """Return the size limit of core files in bytes, or None when there is none."""
    return _resource_limit("RLIMIT_CORE")


def locked_bytes() -> int | None:
    """Return how many bytes the whole process has locked, or None where unknown."""
    value = _status_field(b"VmLck:")
    return None if value is None else int(value.split()[0]) * 1024


def mapping_limit() -> int | None:
    """Return the greatest number of mappings, or None where unknown."""
    try:
        return int(Path("/proc/sys/vm/max_map_count").read_bytes())
    except (OSError, MemoryError):
        return None


def mapping_count() -> int | None:
    """Return the number of mappings of this process, or None where unknown."""
    # In small pieces: at the limit, the allocator cannot map room for the whole file.
    try:
        with Path("/proc/self/maps").open("rb", buffering=0) as maps:
            return sum(piece.count(b"\n") for piece in iter(partial(maps.read, _PIECE_BYTES), b""))
    except (OSError, MemoryError):
        return None


def explain_failure(error: OSError, call: str, size: int) -> SystemCallFailed:
    """Return the typed error for a failed `call` on `size` bytes, naming the limit it met."""
    code = error.errno or errno.EIO
    if call in ("mlock", "VirtualLock", "memfd_secret") and code in _OUT_OF_BUDGET:
        limit = lock_limit_bytes()
        locked = locked_bytes() or 0
        if limit is not None and locked + size > limit:
            return LockBudgetExceeded(call, code, size, limit=limit, locked=locked)
    if code == errno.ENOMEM:
        most, have = mapping_limit(), mapping_count()
        if most is not None and have is not None and have + _MAPPINGS_A_CALL_NEEDS > most:
            return MappingLimitExceeded(call, code, size, limit=most, mappings=have)
    return SystemCallFailed(call, code, size)


def _may_lock_all() -> bool:
    # CAP_IPC_LOCK lifts RLIMIT_MEMLOCK (capability number 14, linux/capability.h).
    value = _status_field(b"CapEff:")
    return value is not None and bool(int(value, 16) >> 14 & 1)


def _status_field(name: bytes) -> bytes | None:
    try:
        status = Path("/proc/self/status").read_bytes()
    except (OSError, MemoryError):
        return None
    for line in status.splitlines():
        if line.startswith(name):
            return line.removeprefix(name).strip()
    return None

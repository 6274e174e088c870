"""A disk that is full: a small file system over the temporary folder, filled up to a little.

As root a tmpfs of a megabyte is mounted over the folder, in a mount namespace of this process: no
other process sees it, and it is gone when this one ends, however that happens. Where that may not
be done, writes are made to fail as on a full disk, by a fault plan; which it was is told.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import random
    from pathlib import Path

SIZE_BYTES: Final = 1 << 20
LEFT_BYTES: Final = (0, 1, 512, 4_096, 16_384, 65_536, 262_144)  # before it is full
FILLER: Final = ".holdfast-filler"
_BLOCK: Final = 4_096
_CLONE_NEWNS: Final = 0x20000
_MS_REC_PRIVATE: Final = 0x4000 | 0x40000
_MS_NODEV_NOSUID: Final = 0x4 | 0x2


class FullDisk:
    """The small file system of this process. Belongs to its main thread, whose threads see it.

    Attributes:
        mounted: Whether there is one; else somebody has to make writes fail.
    """

    def __init__(self, scratch: Path) -> None:
        self._filler = scratch / FILLER
        self._left: list[int] = []
        self._reason = ""
        try:
            _mount_over(scratch)
            self.mounted = True
        except OSError as error:
            self.mounted = False
            self._reason = str(error)

    @property
    def done(self) -> str:
        """What was used for it, in words."""
        if not self.mounted:
            return f"writes fail with ENOSPC by a fault plan (no small file system: {self._reason})"
        full = len(self._left)
        return f"a tmpfs of {SIZE_BYTES >> 10} KiB, nearly full in {full} rounds"

    def begin(self, chance: random.Random) -> None:
        """Fill it up, but for a little."""
        if sys.platform == "win32" or not self.mounted:
            return
        left = chance.choice(LEFT_BYTES)
        space = os.statvfs(self._filler.parent)
        size = space.f_bavail * space.f_frsize - left
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while size > 0:
                size -= filler.write(b"\xff" * min(size, _BLOCK)) or 0
        self._left.append(left)

    def end(self) -> None:
        """Make room again."""
        if self.mounted:
            self._filler.unlink(missing_ok=True)


def _mount_over(folder: Path) -> None:
    """Mount a small file system over a folder, for this thread and those that it starts.

    Raises:
        OSError: This process may not, or the system cannot.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "mount namespaces are Linux's")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS):
        raise _last_error("unshare")
    # Nothing that is mounted here may show outside.
    if libc.mount(b"none", b"/", None, ctypes.c_ulong(_MS_REC_PRIVATE), None):
        raise _last_error("mount --make-rprivate")
    options = f"size={SIZE_BYTES},mode=0700".encode()
    target = os.fsencode(folder)
    if libc.mount(b"holdfast", target, b"tmpfs", ctypes.c_ulong(_MS_NODEV_NOSUID), options):
        raise _last_error("mount tmpfs")


def _last_error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")

"""A number that differs in every process of a fork family, read without a system call.

Goal: each access must notice that it runs in a forked child. `os.getpid` costs a system call
twice per access, a tenth of what the two protection changes cost. `os.register_at_fork` alone
misses a fork made by C code. So the mark lies in a page that the kernel wipes in children:
a child reads 0 there until it makes a mark of its own. Where the kernel has no such pages, the
at-fork hook alone moves the mark.
"""

from __future__ import annotations

import mmap
import os
import sys
from typing import Final

__all__ = ["current_mark", "mark"]

_MADV_WIPEONFORK: Final = 18


def _mark_page() -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, mmap.PAGESIZE)
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if sys.platform == "linux":
        try:
            page.madvise(_MADV_WIPEONFORK)
        except OSError:  # a kernel before 4.14: the hook below is all there is
            return page
    return page


mark: Final = memoryview(_mark_page()).cast("Q")
"""`mark[0]` is this process's number, or 0 in a child that has none yet."""

_last = [1]
mark[0] = 1


def current_mark() -> int:
    """Return this process's number, making one in a child that has none. Never 0."""
    if not mark[0]:
        _renew()
    return mark[0]


def _renew() -> None:
    _last[0] += 1
    mark[0] = _last[0]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)

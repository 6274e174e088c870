"""The calls the page layer makes, as a port: the real ones, or a test's that fail."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Protocol

from secmem.memory.errors import UnsupportedPlatform

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory.protection import MemoryProtection

__all__ = ["SystemCalls", "default_system_calls"]


class SystemCalls(Protocol):
    """Every operating system call of the page layer. Failures are `OSError` with `errno`.

    Addresses and sizes are in bytes and multiples of `page_size`, except for `wipe`,
    `force_wipe` and `fill_random`, which work on any range.
    """

    page_size: int

    def map_pages(self, size: int) -> int:
        """Return the address of `size` new private bytes with no access."""

    def map_secret_pages(self, address: int, size: int) -> None:
        """Replace mapped pages by writable memfd_secret pages."""

    def unmap(self, address: int, size: int) -> None:
        """Give pages back."""

    def protect(self, address: int, size: int, protection: MemoryProtection) -> None:
        """Set what may be done with pages."""

    def protector(
        self, address: int, size: int, protection: MemoryProtection
    ) -> Callable[[], int | None]:
        """Return `protect` with its arguments bound, for the access path.

        The result returns something true when it failed without saying why.
        """

    def lock(self, address: int, size: int) -> None:
        """Keep pages out of swap."""

    def unlock(self, address: int, size: int) -> None:
        """Undo `lock`."""

    def exclude_from_dump(self, address: int, size: int) -> None:
        """Keep pages out of core files."""

    def wipe_on_fork(self, address: int, size: int) -> None:
        """Give children zeros in place of the pages."""

    def skip_on_fork(self, address: int, size: int) -> None:
        """Give children nothing in place of the pages."""

    def fill_random(self, address: int, size: int) -> None:
        """Write the system's randomness in place, with no copy elsewhere."""

    def wipe(self, address: int, size: int) -> None:
        """Write zeros to writable memory. Cannot fail."""

    def force_wipe(self, address: int, size: int) -> None:
        """Write zeros through the kernel to pages that are not writable."""


@functools.cache
def default_system_calls() -> SystemCalls:
    """Return this system's calls.

    Raises:
        UnsupportedPlatform: Neither Linux, macOS nor Windows.
    """
    if sys.platform == "win32":
        from secmem.memory._windows import WindowsCalls  # noqa: PLC0415

        return WindowsCalls()
    if sys.platform in ("linux", "darwin"):
        from secmem.memory._libc import LibcCalls  # noqa: PLC0415  # needs a libc to load

        return LibcCalls()
    raise UnsupportedPlatform(sys.platform)

"""Reads a secret piece by piece, as a file is read."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from secmem.memory.wiping import writable_bytes

if TYPE_CHECKING:
    from secmem.memory.secret import Secret
    from secmem.memory.wiping import WritableBuffer

__all__ = ["SecretReader"]


class SecretReader:
    """A position in a secret. Threads may share it: each byte is read once, in order.

    It keeps the secret, and raises `SecretClosed` once that is closed. What it returns is the
    caller's to wipe; `readinto` a buffer of yours makes no other copy.
    """

    __slots__ = ("_position", "_position_lock", "_secret")

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._position = 0
        self._position_lock = threading.Lock()

    def read(self, size: int = -1) -> bytearray:
        """Return up to `size` bytes, all that are left if it is negative; empty at the end.

        Raises:
            SecretClosed: The secret is closed.
        """
        if type(size) is not int:
            raise TypeError(f"size is a number of bytes, not {type(size).__name__}")
        taken = bytearray(len(self._secret) if size < 0 else min(size, len(self._secret)))
        count = self._take_into(memoryview(taken))
        del taken[count:]  # shrinks in place; nothing was written past `count`
        return taken

    def readinto(self, buffer: WritableBuffer) -> int:
        """Fill a writable buffer from the position on and return how many bytes; 0 at the end.

        Raises:
            SecretClosed: The secret is closed.
            TypeError: `buffer` is not writable contiguous memory.
        """
        with writable_bytes(buffer) as target:
            return self._take_into(target)

    def _take_into(self, target: memoryview) -> int:
        # One step for copy and advance: two threads that both read before either advances would
        # get the same bytes twice and skip the next.
        self._secret.refuse_other_process()
        with target, self._position_lock:
            count = self._copy_from(self._position, target)
            self._advance(count)
            return count

    def _copy_from(self, position: int, target: memoryview) -> int:
        with self._secret.access() as view:
            count = max(0, min(len(view) - position, len(target)))
            with view[position : position + count] as piece, target[:count] as place:
                place[:] = piece
            return count

    def _advance(self, count: int) -> None:
        self._position += count

    def tell(self) -> int:
        """Return the position: how many bytes were read. Waits for a read that is under way."""
        # A read that has its bytes may not have moved on yet: whoever closes the secret then, and
        # asks, would be told that nothing was read.
        with self._position_lock:
            return self._position

    def readable(self) -> bool:
        """Return True: readers read."""
        return True

    @property
    def closed(self) -> bool:
        """Whether the secret is closed."""
        return self._secret.closed

    def __repr__(self) -> str:
        return f"<SecretReader at {self._position} of {len(self._secret)} bytes>"

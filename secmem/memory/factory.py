"""Makes secrets, by one policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from secmem.memory.cells import Cell, PageCell
from secmem.memory.errors import EmptySecret
from secmem.memory.policy import Backing, Policy, Storage
from secmem.memory.secret import Secret
from secmem.memory.wiping import writable_bytes

if TYPE_CHECKING:
    from secmem.memory.system_calls import SystemCalls
    from secmem.memory.wiping import WritableBuffer

__all__ = ["SecretFactory"]


class SecretFactory:
    """Makes secrets that follow one policy. Safe to share between threads."""

    _secret_type: type[Secret] = Secret

    def __init__(
        self,
        *,
        policy: Policy = Policy.STRICT,
        storage: Storage = Storage.PAGE,
        backing: Backing = Backing.ANONYMOUS,
        calls: SystemCalls | None = None,
    ) -> None:
        self._policy = policy
        self._storage = storage
        self._backing = backing
        self._calls = calls

    def new(self, buffer: WritableBuffer) -> Secret:
        """Return a secret with a copy of `buffer`, which is wiped once the copy exists.

        Raises:
            TypeError: `buffer` is not writable contiguous memory.
            EmptySecret: It is empty.
            SystemCallFailed, LockBudgetExceeded, MappingLimitExceeded: The system refused;
                nothing is left behind, and `buffer` still holds its bytes.
        """
        with writable_bytes(buffer) as source:
            if not source.nbytes:
                raise EmptySecret(0)
            secret = self._make(source.nbytes, source)
            self._wipe_source(source)
        return secret

    def random(self, size: int) -> Secret:
        """Return a secret of `size` random bytes, written by the system into the page itself.

        Raises:
            EmptySecret: `size` is below 1.
            SystemCallFailed, LockBudgetExceeded, MappingLimitExceeded: The system refused;
                nothing is left behind.
        """
        if type(size) is not int:
            raise TypeError(f"size is a number of bytes, not {type(size).__name__}")
        if size < 1:
            raise EmptySecret(size)
        return self._make(size, None)

    def _make(self, size: int, source: memoryview | None) -> Secret:
        cell = self._allocate(size)
        try:
            cell.fill(source)
            return self._secret_type(cell)
        except BaseException:
            self._undo_construction(cell)
            raise

    def _allocate(self, size: int) -> Cell:
        return PageCell(size, policy=self._policy, backing=self._backing, calls=self._calls)

    def _wipe_source(self, source: memoryview) -> None:
        source[:] = bytes(source.nbytes)

    def _undo_construction(self, cell: Cell) -> None:
        cell.destroy()

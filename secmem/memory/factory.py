"""Makes secrets, by one policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from secmem.memory.cells import Cell, PageCell
from secmem.memory.errors import EmptySecret
from secmem.memory.policy import Backing, Policy, Storage
from secmem.memory.secret import Secret
from secmem.memory.slab import Slab
from secmem.memory.system_calls import default_system_calls
from secmem.memory.wiping import writable_bytes

if TYPE_CHECKING:
    from secmem.memory.system_calls import SystemCalls
    from secmem.memory.wiping import WritableBuffer

__all__ = ["SecretFactory"]


class SecretFactory:
    """Makes secrets that follow one policy. Safe to share between threads.

    Args:
        policy: What to do when the system cannot give a protection.
        storage: `SLAB` packs small secrets of this factory into shared pages; a secret too long
            for a slot gets pages of its own, which its `storage` tells.
        backing: What the pages are made of.
        calls: The operating system's calls; a test passes ones that fail.
    """

    _secret_type: type[Secret] = Secret

    def __init__(
        self,
        *,
        policy: Policy = Policy.STRICT,
        storage: Storage = Storage.PAGE,
        backing: Backing = Backing.ANONYMOUS,
        calls: SystemCalls | None = None,
    ) -> None:
        _refuse_non_member("policy", policy, Policy)
        _refuse_non_member("storage", storage, Storage)
        _refuse_non_member("backing", backing, Backing)
        self._policy = policy
        self._backing = backing
        self._calls = calls or default_system_calls()
        self._slab: Slab | None = None
        if storage is Storage.SLAB:
            self._slab = Slab(policy=policy, backing=backing, calls=calls)

    @property
    def policy(self) -> Policy:
        """What happens when the system cannot give a protection."""
        return self._policy

    @property
    def backing(self) -> Backing:
        """What the pages are made of."""
        return self._backing

    @property
    def calls(self) -> SystemCalls:
        """The operating system's calls."""
        return self._calls

    @property
    def page_size(self) -> int:
        """The size of a page in bytes."""
        return self._calls.page_size

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

    def copy_of(self, buffer: bytes | WritableBuffer) -> Secret:
        """Return a secret with a copy of `buffer`, which stays as it is: wiping it is your part.

        Raises:
            TypeError: `buffer` is not contiguous memory.
            EmptySecret: It is empty.
            SystemCallFailed, LockBudgetExceeded, MappingLimitExceeded: The system refused;
                nothing is left behind.
        """
        with memoryview(buffer).cast("B") as source:
            if not source.nbytes:
                raise EmptySecret(0)
            return self._make(source.nbytes, source)

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
        if self._slab is not None and size <= self._slab.largest:
            return self._slab.allocate(size)
        return PageCell(size, policy=self._policy, backing=self._backing, calls=self._calls)

    def _wipe_source(self, source: memoryview) -> None:
        source[:] = bytes(source.nbytes)

    def _undo_construction(self, cell: Cell) -> None:
        cell.destroy()


def _refuse_non_member(name: str, value: object, kind: type[Policy | Storage | Backing]) -> None:
    if not isinstance(value, kind):
        members = ", ".join(member.name for member in kind)
        raise TypeError(f"{name} is a {kind.__name__} ({members}), not {value!r}")

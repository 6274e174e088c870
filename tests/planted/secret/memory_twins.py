"""Pages, protections and factories that leave bytes behind; the good ones are secmem's own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from secmem.memory import (
    AlignedMemory,
    MemoryProtection,
    ProtectionState,
    Secret,
    SecretFactory,
    SystemCallFailed,
)
from secmem.memory.cells import PageCell

if TYPE_CHECKING:
    from collections.abc import Callable

    from secmem.memory.cells import Cell
    from secmem.memory.protection import Protectable
    from secmem.memory.wiping import WritableBuffer


class StopsAtFirstFailure(AlignedMemory):
    """B-12a: a step of the cleanup that fails keeps the later ones from being tried."""

    def release(self) -> None:
        if self._released:
            return
        try:
            for step in self._cleanup_steps():
                step()
        finally:
            self._released = True


class ConcealsQuietly(PageCell):
    """B-13: a page that cannot be closed stays readable, and nobody is told."""

    def conceal(self) -> None:
        with contextlib.suppress(SystemCallFailed):
            super().conceal()


class KeepsBuffer(SecretFactory):
    """B-15a: the caller's buffer is not wiped once the copy exists."""

    def _wipe_source(self, source: memoryview) -> None:
        pass


class CopiesOnTheWay(SecretFactory):
    """B-15b: the bytes travel through a temporary on the heap, which nobody wipes."""

    def _make(self, size: int, source: memoryview | None) -> Secret:
        temporary = None if source is None else memoryview(bytes(source))
        return super()._make(size, temporary)


class KeepsFailedMapping(AlignedMemory):
    """B-16: pages of a construction that failed are left as they are, and no finaliser helps."""

    def _undo_construction(self) -> None:
        pass

    def __del__(self) -> None:
        pass


class KeepsFailedCell(SecretFactory):
    """B-16: so does the factory when the failure comes after the bytes were written."""

    def _undo_construction(self, cell: Cell) -> None:
        pass


class UnlocksFirst(AlignedMemory):
    """B-17a: the pages may go to swap before they are wiped."""

    def _cleanup_steps(self) -> tuple[Callable[[], None], ...]:
        writable, wipe, unlock, unmap = super()._cleanup_steps()
        return (writable, unlock, wipe, unmap)


class WipesLengthOnly(AlignedMemory):
    """B-17b: what lies in the slack behind the length goes back to the system unwiped."""

    def wipe(self, size: int | None = None, *, offset: int = 0) -> None:
        super().wipe(len(self) if size is None else size, offset=offset)


class RecordsFirst(ProtectionState):
    """B-18a: the new state is recorded before the system has agreed to it."""

    def transition_to(self, memory: Protectable, target: MemoryProtection) -> None:
        if target is not self.current:
            self._current = target
            memory.set_protection(target)


class AsksAgain(ProtectionState):
    """B-18b: asking for the state that holds already costs a system call."""

    def transition_to(self, memory: Protectable, target: MemoryProtection) -> None:
        memory.set_protection(target)
        self._current = target


class _DropsReturned(Secret):
    def _wipe_returned(self, buffer: WritableBuffer) -> None:
        pass


class DropsReturned(SecretFactory):
    """B-19: its secrets drop the bytes that a transform returned without wiping them."""

    _secret_type = _DropsReturned

"""Makes secrets out of chosen parts, so that a twin has to replace only the part it breaks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from secmem.memory import AlignedMemory, MemoryProtection, ProtectionState, Secret, SecretFactory
from secmem.memory.cells import PageCell
from secmem.memory.state import SecretState

if TYPE_CHECKING:
    from secmem.memory import SystemCalls
    from secmem.memory.cells import Cell


class Make(Protocol):
    """Makes one secret of `data`, in pages obtained through `calls`."""

    def __call__(self, data: bytes | bytearray, *, calls: SystemCalls | None = None) -> Secret: ...


def assemble(
    *,
    state: type[SecretState] = SecretState,
    secret: type[Secret] = Secret,
    cell: type[PageCell] = PageCell,
    memory: type[AlignedMemory] = AlignedMemory,
    factory: type[SecretFactory] = SecretFactory,
) -> Make:
    """Return what makes secrets of these parts; the parts not named are the good ones."""

    class AssembledCell(cell):  # type: ignore[misc, valid-type]  # a class that is an argument
        def __init__(self, size: int, **how: Any) -> None:
            # What PageCell does, with memory of our kind.
            self._protection_lock = threading.Lock()
            self._memory = memory(size, **how)
            self._protection = ProtectionState(MemoryProtection.READ_WRITE)

    class AssembledSecret(secret):  # type: ignore[misc, valid-type]
        _state_type = state

    class AssembledFactory(factory):  # type: ignore[misc, valid-type]
        _secret_type = AssembledSecret

        def _allocate(self, size: int) -> Cell:
            return AssembledCell(
                size, policy=self._policy, backing=self._backing, calls=self._calls
            )

    def make(data: bytes | bytearray, *, calls: SystemCalls | None = None) -> Secret:
        # A caller's own buffer as it is: a copy of it would be one more thing to wipe.
        buffer = data if isinstance(data, bytearray) else bytearray(data)
        made: Secret = AssembledFactory(calls=calls).new(buffer)
        return made

    return make


good = assemble()

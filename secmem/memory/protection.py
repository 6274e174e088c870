"""What may be done with a page now, and the one way to change it."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

__all__ = ["MemoryProtection", "Protectable", "ProtectionState"]


class MemoryProtection(IntEnum):
    """What the hardware lets this process do with a page."""

    NO_ACCESS = 0
    READ_ONLY = 1
    READ_WRITE = 2


class Protectable(Protocol):
    """Pages whose protection can be set."""

    def set_protection(self, protection: MemoryProtection) -> None:
        """Make `protection` hold, or raise and leave the old one."""


class ProtectionState:
    """Knows the protection in force, so that asking for it again costs no system call.

    Not safe to share between threads: its owner holds the protection lock.
    """

    __slots__ = ("_current",)

    def __init__(self, initial: MemoryProtection = MemoryProtection.NO_ACCESS) -> None:
        if not isinstance(initial, MemoryProtection):
            raise TypeError(f"initial is a MemoryProtection, not {type(initial).__name__}")
        self._current = initial

    @property
    def current(self) -> MemoryProtection:
        """The protection in force."""
        return self._current

    def transition_to(self, memory: Protectable, target: MemoryProtection) -> None:
        """Make `target` hold for `memory`; does nothing when it holds already.

        Raises:
            TypeError: `target` is no `MemoryProtection`; the memory checks it.
            SystemCallFailed: The system refused; the old state still holds.
        """
        if target is self._current:
            return
        memory.set_protection(target)
        # After the call and not before: a failed call leaves the pages as they were.
        self._current = target

    def __repr__(self) -> str:
        return f"<ProtectionState {self._current.name}>"

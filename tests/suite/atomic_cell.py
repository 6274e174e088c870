"""A value that is changed in one step, as by an instruction of the processor.

The suite does not instrument this module, so a call is one step of an execution, and one access.
With real threads it is atomic by its lock.
"""

from __future__ import annotations

from typing import Any


class AtomicCell:
    """One value. Safe to share between threads of a controlled execution."""

    __slots__ = ("_value",)

    def __init__(self, value: Any) -> None:
        self._value = value

    def load(self) -> Any:
        """Return the value."""
        return self._value

    def store(self, value: Any) -> None:
        """Set the value."""
        self._value = value

    def exchange(self, value: Any) -> Any:
        """Set the value and return the one before."""
        before, self._value = self._value, value
        return before

    def compare_exchange(self, expected: Any, value: Any) -> bool:
        """Set the value if it is the expected one; say whether it was."""
        if self._value != expected:
            return False
        self._value = value
        return True

    def add(self, amount: int) -> int:
        """Add to the value and return the new one."""
        self._value += amount
        return int(self._value)

"""Reads decisions from bytes: whatever the bytes are, they mean something."""

from __future__ import annotations


class ByteReader:
    """A position in an input. Past the end every byte is 0, so that short inputs are whole ones."""

    __slots__ = ("_data", "_next")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next = 0

    @property
    def left(self) -> int:
        """How many bytes were not read."""
        return max(len(self._data) - self._next, 0)

    def byte(self) -> int:
        """Return the next byte."""
        number = self._next
        self._next += 1
        return self._data[number] if number < len(self._data) else 0

    def below(self, limit: int) -> int:
        """Return a number from 0 to below `limit`, at most 256; reads a byte even for one choice.

        A mutation then never shifts the meaning of the bytes behind it.
        """
        return self.byte() % limit

    def rest(self) -> bytes:
        """Return all that is left, and be at the end."""
        rest = self._data[self._next :]
        self._next = len(self._data)
        return rest

"""The running schedule, kept where it survives the process: in memory shared with the parent."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.task import Task

    Pick = Callable[[Sequence[Task], Task | None], Task]

_HEAD: Final = struct.Struct("<QQB")  # executions begun, choices made, early timeouts
_CHOICE: Final = struct.Struct("<I")
MAX_CHOICES: Final = 1 << 20  # 50x the default step bound; the mapping is filled as it is used

active: Journal | None = None  # of this process, if it is an isolated child


class Journal:
    """A schedule in a shared mapping: the child writes, the parent reads after its death."""

    __slots__ = ("_map", "executions")

    def __init__(self) -> None:
        self._map = mmap.mmap(-1, _HEAD.size + MAX_CHOICES * _CHOICE.size)
        self.executions = 0

    def follow(self, pick: Pick, *, early: bool) -> Pick:
        """Return `pick` that writes each choice down before it takes effect."""
        shared = self._map
        write_head, write_choice = _HEAD.pack_into, _CHOICE.pack_into
        self.executions += 1
        number = self.executions
        count = 0
        write_head(shared, 0, number, 0, early)

        def followed(ready: Sequence[Task], current: Task | None) -> Task:
            nonlocal count
            chosen = pick(ready, current)
            if count < MAX_CHOICES:
                write_choice(shared, _HEAD.size + count * _CHOICE.size, chosen.id)
                count += 1
                write_head(shared, 0, number, count, early)
            return chosen

        return followed

    def read(self) -> tuple[int, list[int], bool]:
        """Return the executions begun, the choices of the last one, and whether it was early."""
        executions, count, early = _HEAD.unpack_from(self._map, 0)
        count = min(count, MAX_CHOICES)
        size = _CHOICE.size
        choices = [
            _CHOICE.unpack_from(self._map, _HEAD.size + index * size)[0] for index in range(count)
        ]
        return executions, choices, bool(early)

    def progress(self) -> tuple[int, int]:
        """Return the executions begun and the choices made: it stands still when the child does."""
        executions, count, _ = _HEAD.unpack_from(self._map, 0)
        return executions, count

    def close(self) -> None:
        """Give the mapping back."""
        self._map.close()

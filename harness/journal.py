"""The running schedule, kept where it survives the process: in a file that both map."""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from harness.engine.task import Task

    Pick = Callable[[Sequence[Task], Task | None], Task]

_HEAD: Final = struct.Struct("<QQBB")  # executions begun, choices made, early timeouts, GIL model
_CHOICE: Final = struct.Struct("<I")
MAX_CHOICES: Final = 1 << 20  # 50x the default step bound; the mapping is filled as it is used


@dataclass(frozen=True, slots=True)
class Flight:
    """One execution as a journal tells it.

    Attributes:
        executions: How many were begun, this one included.
        choices: Those that were made before the journal ends.
        early: Timeouts could fire early.
        gil: It ran under the GIL model.
    """

    executions: int
    choices: list[int]
    early: bool
    gil: bool


active: Journal | None = None  # of this process, if it is an isolated child


class Journal:
    """A schedule in a mapped file: the child writes, the parent reads after its death."""

    __slots__ = ("_map", "executions")

    def __init__(self, path: Path) -> None:
        size = _HEAD.size + MAX_CHOICES * _CHOICE.size
        with path.open("a+b") as file:
            file.truncate(size)
            self._map = mmap.mmap(file.fileno(), size)
        self.executions = 0

    def follow(self, pick: Pick, *, early: bool, gil: bool) -> Pick:
        """Return `pick` that writes each choice down before it takes effect."""
        shared = self._map
        write_head, write_choice = _HEAD.pack_into, _CHOICE.pack_into
        self.executions += 1
        number = self.executions
        count = 0
        write_head(shared, 0, number, 0, early, gil)

        def followed(ready: Sequence[Task], current: Task | None) -> Task:
            nonlocal count
            chosen = pick(ready, current)
            if count < MAX_CHOICES:
                write_choice(shared, _HEAD.size + count * _CHOICE.size, chosen.id)
                count += 1
                write_head(shared, 0, number, count, early, gil)
            return chosen

        return followed

    def read(self) -> Flight:
        """Return what the last execution did so far."""
        executions, count, early, gil = _HEAD.unpack_from(self._map, 0)
        count = min(count, MAX_CHOICES)
        size = _CHOICE.size
        choices = [
            _CHOICE.unpack_from(self._map, _HEAD.size + index * size)[0] for index in range(count)
        ]
        return Flight(executions, choices, early=bool(early), gil=bool(gil))

    def progress(self) -> tuple[int, int]:
        """Return the executions begun and the choices made: it stands still when the child does."""
        executions, count, *_ = _HEAD.unpack_from(self._map, 0)
        return executions, count

    def clear(self) -> None:
        """Begin anew: nothing has run yet."""
        _HEAD.pack_into(self._map, 0, 0, 0, 0, 0)

    def close(self) -> None:
        """Give the mapping back."""
        self._map.close()

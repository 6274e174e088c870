"""What can go wrong with a worker's files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.errors import FuzzError

if TYPE_CHECKING:
    from pathlib import Path


class JournalError(FuzzError):
    """A worker cannot write down what it found: the disk is full, or the folder is not writable."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be written: {self.reason}. Nothing is fuzzed meanwhile, since "
            "what is found could not be kept. Make room there or make it writable, and resume."
        )

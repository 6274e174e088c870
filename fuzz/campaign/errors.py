"""What can go wrong with a campaign's folder and its database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.errors import FuzzError

if TYPE_CHECKING:
    from pathlib import Path


class FolderInUseError(FuzzError):
    """Another campaign is running on the same folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        super().__init__(folder, pid)
        self.folder = folder
        self.pid = pid

    def __str__(self) -> str:
        who = "another process" if self.pid is None else f"process {self.pid}"
        return (
            f"{self.folder} is in use by the campaign of {who}. See it with `holdfast fuzz "
            "status`, end it with Ctrl-C, or give this one another --folder."
        )


class FolderError(FuzzError):
    """A campaign's folder cannot be used."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.folder} cannot be used: {self.reason}. Nothing in it was changed. Make it "
            "writable, or give another --folder."
        )


class DatabaseError(FuzzError):
    """A campaign's database is damaged, or another version's."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.path} cannot be used: {self.reason}. Nothing was changed. It keeps figures "
            "only: corpus and crashes lie beside it as files. Move it away to begin a new one."
        )


class NothingToResumeError(FuzzError):
    """No campaign was cut short."""

    def __init__(self, folder: Path, target: str, reason: str) -> None:
        super().__init__(folder, target, reason)
        self.folder = folder
        self.target = target
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"nothing of {self.target or self.folder} to resume: {self.reason}. Begin a campaign "
            "with `holdfast fuzz run`; it takes up corpus and crashes in any case."
        )

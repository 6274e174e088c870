"""What can go wrong with the files that people write for the gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.errors import ReportsError

if TYPE_CHECKING:
    from pathlib import Path


class AcceptedFileError(ReportsError):
    """The file of accepted changes cannot be read, or an entry of it is not one."""

    def __init__(self, path: Path, line: int | None, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        where = f"{self.path}, line {self.line}" if self.line else str(self.path)
        return (
            f"{where}: {self.reason}. Nothing was accepted and nothing was written. "
            "Mend the line, or take the file's last good state from the repository."
        )


class PolicyError(ReportsError):
    """A key of `[tool.holdfast.report]` is unknown or has a value that it does not take."""

    def __init__(self, path: Path, key: str, got: str, takes: str) -> None:
        super().__init__(path, key, got, takes)
        self.path = path
        self.key = key
        self.got = got
        self.takes = takes

    def __str__(self) -> str:
        return f"{self.path}: {self.key} got {self.got}; it takes {self.takes}."


class UnknownAlertError(ReportsError):
    """No change of the store, or no entry of the file, has such an id."""

    def __init__(self, alert: str, known: tuple[str, ...], where: str) -> None:
        super().__init__(alert, known, where)
        self.alert = alert
        self.known = known
        self.where = where

    def __str__(self) -> str:
        shown = ", ".join(self.known[:10]) + (", ..." if len(self.known) > 10 else "")  # noqa: PLR2004
        known = f"known are {shown}" if self.known else "there is none"
        return f"{self.alert!r} is no alert of {self.where}; {known}."


class UnknownCommitError(ReportsError):
    """A commit was named that neither git nor the store knows, or that several match."""

    def __init__(self, commit: str, reason: str) -> None:
        super().__init__(commit, reason)
        self.commit = commit
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.commit!r}: {self.reason}. Name a commit that was measured, or run this "
            "where the whole history is checked out (a shallow clone has not got it)."
        )


class NoAuthorError(ReportsError):
    """Nobody signs an entry."""

    def __str__(self) -> str:
        return (
            "who accepts this? git has no user.name here. Say --author 'Name <mail>', or set it "
            "with `git config user.name`."
        )

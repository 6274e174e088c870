"""What can go wrong with what comes after a campaign: findings, tests, reports, new targets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.errors import FuzzError

if TYPE_CHECKING:
    from pathlib import Path


class InputFileError(FuzzError, ValueError):
    """A file that was to be replayed is not an input."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path} cannot be replayed: {self.reason}"


class UnknownFindingError(FuzzError, ValueError):
    """No saved input shows a finding of that key."""

    def __init__(self, key: str, known: tuple[str, ...]) -> None:
        super().__init__(key, known)
        self.key = key
        self.known = known

    def __str__(self) -> str:
        known = ", ".join(self.known) or "none"
        return (
            f"no finding {self.key!r}; those of the target are: {known}. "
            "`holdfast fuzz triage` shows them with what they do."
        )


class RegressionFileError(FuzzError, ValueError):
    """A file is not one to which regression tests can be added."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}. Nothing was changed; give another file with --output."


class CoverageMissingError(FuzzError):
    """A report of reached code is asked for, and coverage.py is not installed."""

    def __str__(self) -> str:
        return (
            "the report of reached code needs coverage.py, which is not installed: "
            "pip install 'holdfast[fuzz]'"
        )


class NothingReachedError(FuzzError):
    """There is no code to tell of: nothing to run, or nothing to look at."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"nothing to tell of {self.name}: {self.reason}. A campaign makes a corpus: "
            f"holdfast fuzz run {self.name} --time 60s"
        )


class NewTargetError(FuzzError, ValueError):
    """A target of that name cannot be written."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return f"no target {self.name!r} was written: {self.reason}"

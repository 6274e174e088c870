"""What can go wrong with engines, and with corpora that are measured and merged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fuzz.errors import FuzzError

if TYPE_CHECKING:
    from pathlib import Path


class EngineMissingError(FuzzError):
    """The engine that was asked for cannot run here."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"Atheris cannot run here: {self.reason}. It has wheels for Linux on x86-64: "
            "pip install 'holdfast[fuzz]' there, or leave --engine away and fuzz with the plain "
            "seeded generator"
        )


class DictionaryError(FuzzError, ValueError):
    """A dictionary is not of libFuzzer's and AFL's format."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(path, line, reason)
        self.path = path
        self.line = line
        self.reason = reason

    def __str__(self) -> str:
        where = f"line {self.line} of {self.path}" if self.line else str(self.path)
        return f'{where} is no dictionary entry: {self.reason}. An entry reads name="\\x89PNG".'


class MeasureError(FuzzError):
    """Saved inputs could not be measured, for no fault of theirs."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the inputs of {self.name} were not measured to the end: {self.reason}. Nothing was "
            "removed. Give it more time, or run one of the inputs with --replay."
        )


class MergeLostError(FuzzError):
    """The inputs that were chosen show less than all of them do."""

    def __init__(self, name: str, lost: int, features: int) -> None:
        super().__init__(name, lost, features)
        self.name = name
        self.lost = lost
        self.features = features

    def __str__(self) -> str:
        return (
            f"the merged corpus of {self.name} would lose {self.lost} of {self.features} features, "
            "so nothing was removed. A target that does something else each time looks like this: "
            "run one input twice. If it is steady, this is a fault of the merge."
        )

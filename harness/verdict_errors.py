"""How a decorated test fails: with a story."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.exploration import Exploration
    from harness.finding import Finding


class InterleavingError(AssertionError):
    """A test failed under some interleaving, or none could decide it; the text is its story."""

    def __init__(self, result: Exploration) -> None:
        super().__init__(result)
        self.result = result

    def __str__(self) -> str:
        if self.result.finding is None:
            return f"{self.result.name}: {self.result.evidence}"
        return f"{self.result.finding}\n\n{self.result.name}: FAILED: {self.result.evidence}"


class RegressionError(AssertionError):
    """A pinned schedule fails again; the text is its story."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding

    def __str__(self) -> str:
        return f"{self.finding}\n\nThe pinned schedule fails again."


class UndecidedWarning(UserWarning):
    """An exploration ended undecided, and the test said to warn."""

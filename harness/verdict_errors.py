"""How a decorated test fails: with a story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import DriftError, HarnessError

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


class KeptFailureError(RegressionError):
    """The schedule that failed in the last run fails again; the text is its story."""

    def __str__(self) -> str:
        return (
            f"{self.finding}\n\nThis is the failure kept from an earlier run; it was tried first, "
            "and nothing else was explored."
        )


class PinnedDriftError(DriftError):
    """A pinned schedule no longer fits the code of its test."""

    def __init__(self, reason: str, remedy: str, command: str) -> None:
        HarnessError.__init__(self, reason, remedy, command)
        self.reason = reason
        self.remedy = remedy
        self.command = command

    def __str__(self) -> str:
        return (
            f"the pinned schedule cannot be replayed: {self.reason}.\n"
            "The code of the test, or what it calls, has changed since the token was made, so it "
            "guards nothing any more.\n"
            "Record it anew: put the bug back for a moment, run\n\n"
            f"    {self.command}\n\n"
            "and put the token that it prints in the place of this one. Or let "
            "@harness.interleaved explore the test in every run."
        )


class FixtureError(HarnessError):
    """A fixture failed before any thread could have had a part in it.

    Attributes:
        fixture: Its name.
        doing: `set-up` or `teardown`.
        error: The exception in a line; the exception itself is the cause, in this process.
        runs: Executions in which every fixture was set up well before.
    """

    def __init__(self, fixture: str, doing: str, error: str, runs: int = 0) -> None:
        super().__init__(fixture, doing, error, runs)
        self.fixture = fixture
        self.doing = doing
        self.error = error
        self.runs = runs

    def __str__(self) -> str:
        text = f"the {self.doing} of fixture {self.fixture!r} failed: {self.error}"
        if not self.runs or self.doing != "set-up":
            return text
        return (
            f"{text}\nIt is made anew in each execution, and went well in the first "
            f"{self.runs} of them: something that its teardown leaves behind is in the way. "
            "Clean it up there, or make the fixture module-scoped if all executions may share it."
        )


class SharedStateWarning(UserWarning):
    """What all executions of a test share was changed by one of them."""


class UndecidedWarning(UserWarning):
    """An exploration ended undecided, and the test said to warn."""

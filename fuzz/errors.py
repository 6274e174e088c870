"""What can go wrong with targets and inputs; a bug in the subject is a crash, not one of these.

What can go wrong with a campaign, an engine and so on is in the `errors` of its sub-package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FuzzError(Exception):
    """Base of every error of `fuzz`."""


class UnknownTargetError(FuzzError, ValueError):
    """No target goes by that name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"no target {self.name!r}: {self.reason}. Give a name that `holdfast fuzz list` "
            "shows, or package.module:NAME of a fuzz.Target of your own."
        )


class BadTargetError(FuzzError, ValueError):
    """A field of a `Target` is not what it has to be."""

    def __init__(self, field: str, got: object, takes: str) -> None:
        super().__init__(field, got, takes)
        self.field = field
        self.got = got
        self.takes = takes

    def __str__(self) -> str:
        return f"Target.{self.field} takes {self.takes}, got {self.got!r:.80}"


class BrokenTargetError(FuzzError):
    """A target could not even be imported: it raised, hung, or ended its process."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"the target {self.name} is broken: {self.reason}. Import its module by hand to see "
            "all of it; the other targets are not concerned."
        )


class ProjectFileError(FuzzError, ValueError):
    """The project's file cannot be read, or declares targets in another form."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class HypothesisMissingError(FuzzError):
    """A target takes a value of a Hypothesis strategy, and Hypothesis is not installed."""

    def __str__(self) -> str:
        return (
            "this target takes a value of a Hypothesis strategy, and Hypothesis is not installed: "
            "pip install 'holdfast[hypothesis]'"
        )


class ScheduleFailure(AssertionError):  # noqa: N818  # a finding in the subject, not an error of ours
    """An input failed under its schedule; raised by a target that runs under the engine."""

    def __init__(self, finding: str, message: str, frames: tuple[str, ...]) -> None:
        super().__init__(finding, message, frames)
        self.finding = finding
        self.message = message
        self.frames = frames

    def __str__(self) -> str:
        return self.message


class UndecidedError(FuzzError):
    """A target met a bound of its own before it could judge the input: neither good nor bad."""


class StillFailsError(FuzzError, AssertionError):
    """An input that a test keeps fails, still or again."""

    def __init__(self, target: str, message: str, story: str, size_bytes: int) -> None:
        super().__init__(target, message, story, size_bytes)
        self.target = target
        self.message = message
        self.story = story
        self.size_bytes = size_bytes

    def __str__(self) -> str:
        return f"{self.size_bytes} bytes make {self.target} fail: {self.message}\n\n{self.story}"


class InputTextError(FuzzError, ValueError):
    """A text that is to be an input is not the Base64 of one."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text = text
        self.reason = reason

    def __str__(self) -> str:
        return f"data takes bytes, or their Base64 as a text, got {self.text!r:.60}: {self.reason}"

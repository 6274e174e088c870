"""What can go wrong while two commits are built and measured, by side."""

from __future__ import annotations

from reports.errors import ReportsError


class MeasuringError(ReportsError):
    """Base of every error of measuring."""


class SideFailedError(MeasuringError):
    """A command of one side ended badly: a build, an installation or the benchmarks."""

    def __init__(self, side: str, step: str, command: str, ending: str, tail: str) -> None:
        super().__init__(side, step, command, ending, tail)
        self.side = side
        self.step = step
        self.command = command
        self.ending = ending
        self.tail = tail

    def __str__(self) -> str:
        told = f"The end of its output:\n{self.tail}" if self.tail else "It printed nothing."
        return (
            f"{self.side}: {self.step} failed: `{self.command}` {self.ending}. {told}\n"
            "What was measured before is kept. Mend that side, or say how it is built or run "
            "with --install or --command."
        )


class NothingMeasuredError(MeasuringError):
    """The benchmarks ran and wrote no result."""

    def __init__(self, side: str, command: str, reason: str) -> None:
        super().__init__(side, command, reason)
        self.side = side
        self.command = command
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.side}: `{self.command}` ended well, but {self.reason}. A command of your own "
            "must write its results to the file that stands for {json}; and --benchmark must "
            "fit at least one benchmark."
        )


class UnknownCommitError(MeasuringError):
    """What should be a side is neither a commit here nor a folder."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.name!r} cannot be measured: {self.reason}. Name a commit, branch or tag of "
            "the repository here, or . for the working tree as it is."
        )


class UnknownSessionError(MeasuringError):
    """There is no such session to go on with."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(name, known)
        self.name = name
        self.known = known

    def __str__(self) -> str:
        known = f"known are {', '.join(self.known)}" if self.known else "there is none"
        return f"no session {self.name!r} can be resumed here: {known}. Start one with BASE HEAD."

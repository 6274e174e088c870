"""Why a test that passes by itself cannot be explored."""

from __future__ import annotations

from harness.errors import HarnessError


class NeverPassesError(HarnessError):
    """No schedule passes of a test that passes with real threads."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return (
            f"it passes with real threads, and under the engine fails whatever the schedule "
            f"({self.message}): it rests on something that is not the same there, such as real "
            "time, addresses or real I/O."
        )


class NotSetUpError(HarnessError):
    """A test that was set up well cannot be set up again."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(kind, text)
        self.kind = kind
        self.text = text

    def __str__(self) -> str:
        return f"its second set-up raised {self.kind}: {self.text}"


class OvertimeError(HarnessError):
    """A child was ended because it took too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"it was given up after {self.seconds:.0f} s; raise --holdfast-time"

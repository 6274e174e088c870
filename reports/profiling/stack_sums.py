"""What a pass brings home: amounts by stack, as plain values that go from process to process."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.profiling.frames import Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSum:
    """All of a kind's costs that were met at one stack.

    Attributes:
        frames: Innermost first.
        amount: Seconds or bytes.
        count: Samples, calls, waits or blocks.
        longest: Seconds of the longest wait.
        kept: Bytes left after the call.
        what: What was waited for, such as "Lock" or "Thread.join".
        other: Who held it when the wait began, or who ended it; None where nobody knows.
        held: Whether `other` held it; else `other` ended the wait.
    """

    frames: tuple[Frame, ...]
    amount: float
    count: int
    longest: float = 0.0
    kept: float = 0.0
    what: str = ""
    other: Frame | None = None
    held: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` takes."""
        return {
            "frames": [list(frame) for frame in self.frames],
            "amount": self.amount,
            "count": self.count,
            "longest": self.longest,
            "kept": self.kept,
            "what": self.what,
            "other": list(self.other) if self.other else None,
            "held": self.held,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> StackSum:
        """Return what `to_json` gave."""
        other = values["other"]
        return cls(
            frames=tuple(Frame(*one) for one in values["frames"]),
            amount=float(values["amount"]),
            count=int(values["count"]),
            longest=float(values["longest"]),
            kept=float(values["kept"]),
            what=str(values["what"]),
            other=Frame(*other) if other else None,
            held=bool(values["held"]),
        )

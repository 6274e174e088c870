"""What can go wrong with noise: a text that names none, a process that has it already."""

from __future__ import annotations

from stress.errors import StressError


class NoiseTextError(StressError, ValueError):
    """A text, or a description in JSON, names no noise."""

    def __init__(self, text: str, word: str, reason: str, choices: str) -> None:
        super().__init__(text, word, reason, choices)
        self.text = text
        self.word = word
        self.reason = reason
        self.choices = choices

    def __str__(self) -> str:
        where = f" at {self.word!r}" if self.word and self.word != self.text else ""
        return (
            f"noise {self.text!r} is not understood{where}: {self.reason}. There are {self.choices}"
        )


class NoiseInUseError(StressError, RuntimeError):
    """This process has noise already; it is one for all threads."""

    def __init__(self, present: str) -> None:
        super().__init__(present)
        self.present = present

    def __str__(self) -> str:
        return (
            f"this process has noise already ({self.present}), and all its threads share it. "
            "Leave the one `applied()` before entering the next, or use another process."
        )

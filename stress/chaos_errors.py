"""What is wrong with chaos that was asked for."""

from __future__ import annotations

from stress.errors import StressError


class ChaosTextError(StressError, ValueError):
    """A text names no chaos."""

    def __init__(self, text: str, word: str, reason: str, kinds: str) -> None:
        super().__init__(text, word, reason, kinds)
        self.text = text
        self.word = word
        self.reason = reason
        self.kinds = kinds

    def __str__(self) -> str:
        where = f"{self.word!r} in " if self.word else ""
        return f"{where}the chaos {self.text!r}: {self.reason}. There are: {self.kinds}"


class NothingDurableError(StressError, ValueError):
    """A scenario has nothing that outlives its process, so that killing it shows nothing."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return (
            f"{self.name} has nothing that outlives its process, so a kill could break nothing "
            "that is looked at. Declare it with stress.durable(work, check), or "
            "leave kill out of its chaos."
        )

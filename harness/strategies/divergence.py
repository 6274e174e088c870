"""What a search says when the body did something else under the same choices."""

from __future__ import annotations

from harness.errors import HarnessError


class DivergedError(HarnessError):
    """The body does not do the same thing under the same schedule.

    `explore` makes a finding NONDETERMINISM of it; only a strategy that repeats the beginnings of
    schedules can notice.

    Attributes:
        choices: The beginning that two executions shared.
        difference: What the second one did otherwise, in words.
    """

    def __init__(self, choices: list[int], difference: str) -> None:
        super().__init__(choices, difference)
        self.choices = choices
        self.difference = difference

    def __str__(self) -> str:
        return f"the body does not do the same thing under the same schedule: {self.difference}"

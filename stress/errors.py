"""What can go wrong with a stress run itself; a bug in the subject is an ending, not an error."""

from __future__ import annotations


class StressError(Exception):
    """Base of every error of `stress`."""


class UnknownScenarioError(StressError, ValueError):
    """No scenario goes by that name."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"no scenario {self.name!r}: {self.reason}. Give a name that `holdfast stress list` "
            "shows, or package.module:NAME of a stress.scenarios.Scenario of your own."
        )

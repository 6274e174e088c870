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
            "shows, or package.module:NAME of a function of yours with @stress.scenario above it."
        )


class BadScenarioError(StressError, ValueError):
    """A scenario is declared, or resized, with something that it does not take."""

    def __init__(self, field: str, got: object, takes: str) -> None:
        super().__init__(field, got, takes)
        self.field = field
        self.got = got
        self.takes = takes

    def __str__(self) -> str:
        return f"{self.field} takes {self.takes}; got {self.got!r} ({type(self.got).__name__})"


class InvariantError(StressError, AssertionError):
    """What a scenario's body left does not satisfy its invariant."""

    def __init__(self, invariant: str, left: str) -> None:
        super().__init__(invariant, left)
        self.invariant = invariant
        self.left = left

    def __str__(self) -> str:
        return (
            f"{self.invariant} returned False for {self.left}, which is what the threads left. "
            "Assert inside it, with the figures, to see more here."
        )


class NothingToJudgeError(StressError, AssertionError):
    """A scenario has an invariant or a model, and its body gave nothing to look at."""

    def __init__(self, scenario: str, judge: str, wants: str) -> None:
        super().__init__(scenario, judge, wants)
        self.scenario = scenario
        self.judge = judge
        self.wants = wants

    def __str__(self) -> str:
        return f"{self.scenario} has {self.judge}, and nothing to judge by it: {self.wants}"


class CatalogueError(StressError, ValueError):
    """The list of a project's scenarios cannot be read."""

    def __init__(self, where: str, got: object, reason: str) -> None:
        super().__init__(where, got, reason)
        self.where = where
        self.got = got
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.where}: {self.reason}, got {self.got!r}. "
            'It takes a list like scenarios = ["bank.scenarios:transfers"].'
        )


class TooFewPointsError(StressError, ValueError):
    """There are too few measurements for a slope that says anything."""

    def __init__(self, got: int, least: int) -> None:
        super().__init__(got, least)
        self.got = got
        self.least = least

    def __str__(self) -> str:
        return (
            f"a slope with confidence takes {self.least} measurements or more, got {self.got}; "
            "let it run for more rounds"
        )


class BadSoakError(StressError, ValueError):
    """A soak is planned with something that it does not take."""

    def __init__(self, field: str, got: object, takes: str) -> None:
        super().__init__(field, got, takes)
        self.field = field
        self.got = got
        self.takes = takes

    def __str__(self) -> str:
        return f"{self.field} of a soak takes {self.takes}; got {self.got!r}"


class NoSoakError(StressError, ValueError):
    """A folder is not that of a soak, or cannot become it."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"no soak in {self.folder}: {self.reason}. Give a new folder to begin one, or that of "
            "an earlier soak to go on with it."
        )

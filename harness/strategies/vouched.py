"""A strategy whose choices are not checked, because somebody answers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from harness.strategies.protocol import Strategy


class Vouched:
    """Passes everything on to another strategy, without the checks of a stranger's.

    Those cost half of a small execution. Its methods are the other's own, so it costs nothing.
    """

    __slots__ = ("begin", "early_timeouts", "finish", "operations", "perform", "pick")

    def __init__(self, strategy: Strategy) -> None:
        self.begin: Final = strategy.begin
        self.pick: Final = strategy.pick
        self.early_timeouts = bool(getattr(strategy, "early_timeouts", False))
        self.operations = bool(getattr(strategy, "operations", False))
        self.perform: Final = getattr(strategy, "perform", _ignore)
        self.finish: Final = getattr(strategy, "finish", _ignore)


def _ignore(*_told: object) -> None:
    return None

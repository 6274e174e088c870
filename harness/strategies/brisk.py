"""For many small programs in a row: a few samples, then every trace, then samples again.

The portfolio spends most of its time on learning what pays, which is worth it for one program that
is run a thousand times. A search that writes a hundred programs gives each a few hundred
executions. Most of them have fewer traces than that, so `dpor` runs them to the end. The samples
before it are few and find what most schedules show; those after it are cheap, and look into what is
too large for it.
"""

from __future__ import annotations

from typing import Final

from harness.strategies.portfolio import SMALL_OPERATIONS, SMALL_TASKS, Portfolio

FIRST_SAMPLES: Final = 12  # executions: most wrong programs show it in fewer
TRACES: Final = 96  # that are run in a row
LATER_TURN: Final = 8  # executions, of which one is dpor's from then on
ROUND: Final = ("random", "pct", "surw", "delay")


class Brisk(Portfolio):
    """A portfolio that learns nothing and is ten times as fast between its complete searches."""

    __slots__ = ()

    def _is_dpors(self, execution: int) -> bool:
        if self._dpor is None or execution < FIRST_SAMPLES:
            return False
        if self._longest > SMALL_OPERATIONS or self._tasks > SMALL_TASKS:
            self._dpor = None
            return False
        return self._dpor_runs < TRACES or execution % LATER_TURN == 1

    def _next_name(self) -> str:
        number = self._samples
        self._samples += 1
        return ROUND[number % len(ROUND)]

    def _give_turn(self, *, watched: bool) -> None:  # noqa: ARG002  # as the base
        super()._give_turn(watched=False)

"""Samples the space of an exhaustive search, so that one can say how much of it was run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from harness.finding import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.campaign import Campaign
    from harness.engine.ending import Ending
    from harness.strategies.protocol import Strategy

    Failure = tuple[Ending, list[int]]

WALKS: Final = 200  # they hold a tree within a third of its size, by the tests
FEW_WALKS: Final = 50  # that a short search is worth; a long one spends a tenth of its executions
TIME_SHARE: Final = 0.1  # of a search that ends early, for the walks at its end
LEAST_S: Final = 0.25  # at its end; a very short search says something, too
SEARCH_SHARE: Final = 0.95  # of a time budget; the walks at its end come before it is over
BESIDE_SHARE: Final = 0.03  # of a search that goes on and is watched


class Probing:
    """The walks of one exploration; nothing where its strategy has none to offer.

    A strategy offers them by a method `probe()`, which returns None for not now, or a strategy with
    a method `end()` that takes a whole execution into the sample.
    """

    __slots__ = ("_body", "_campaign", "_spent_s", "_strategy", "_walks")

    def __init__(self, strategy: Strategy, campaign: Campaign, body: Callable[[], object]) -> None:
        self._strategy: Any = strategy if callable(getattr(strategy, "probe", None)) else None
        self._campaign = campaign
        self._body = body
        self._walks = 0
        self._spent_s = 0.0

    @property
    def search_share(self) -> float:
        """The part of a time budget that is for the search itself."""
        return 1.0 if self._strategy is None else SEARCH_SHARE

    def beside(self, elapsed_s: float) -> Failure | None:
        """Walk a little while the search goes on; return an execution that failed."""
        return self._walk(elapsed_s * BESIDE_SHARE - self._spent_s)

    def at_end(self, executions: int, elapsed_s: float) -> Failure | None:
        """Walk until enough is known, or a tenth of the search was spent on it."""
        walks = min(max(executions // 10, FEW_WALKS), WALKS)
        return self._walk(max(elapsed_s * TIME_SHARE, LEAST_S) - self._spent_s, walks)

    def _walk(self, allowed_s: float, walks: int = WALKS) -> Failure | None:
        start_s = now_s = time.perf_counter()
        while self._strategy is not None and self._walks < walks and now_s - start_s < allowed_s:
            probe = self._strategy.probe()
            if probe is None:
                return None
            probe.begin(self._walks)
            ending, schedule = self._campaign.run(self._body, probe)
            probe.end()
            self._walks += 1
            before_s, now_s = now_s, time.perf_counter()
            self._spent_s += now_s - before_s
            if kind_of(ending) is not None:
                return ending, schedule
        return None

"""A soak: scenarios take turns for hours, each turn in a child of its own, and nothing is lost.

A *turn* is one child that runs rounds of one scenario. Turns are long, since a leak shows the
better the more rounds one process has done, and bounded, so that everyone gets one soon.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stress.parent import run_scenario
from stress.run import Ending
from stress.soak_plan import LEAST_TURN_S
from stress.turn import Turn, turn_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from stress.run import Headway, StressRun
    from stress.soak_journal import SoakJournal
    from stress.soak_plan import SoakPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakHeadway:
    """How far a soak is.

    Attributes:
        name: Of the scenario whose turn it is.
        turns: That are over.
        failed: Turns that did not pass.
        rounds: Of the running turn.
        elapsed_s: Of the soak.
        whole_s: How long it is to take, at most.
    """

    name: str
    turns: int
    failed: int
    rounds: int
    elapsed_s: float
    whole_s: float


class Soak:
    """One soak, from its first turn or from where an earlier process was killed.

    Belongs to one thread.

    Args:
        journal: Knows the turns that are over, and takes in the others.
        keep: Called with each run when its turn is over, to put it into a store.
        progress: Told how far it is, after each round.

    Attributes:
        turns: That are over.
        interrupted: Somebody pressed Ctrl-C.
    """

    def __init__(
        self,
        plan: SoakPlan,
        journal: SoakJournal,
        *,
        keep: Callable[[StressRun], object] | None = None,
        progress: Callable[[SoakHeadway], object] | None = None,
    ) -> None:
        self.plan = plan
        self.turns: list[Turn] = list(journal.turns)
        self.interrupted = False
        self._journal = journal
        self._keep = keep
        self._progress = progress
        self._began_s = time.monotonic() - sum(turn.elapsed_s for turn in self.turns)

    def run(self) -> tuple[Turn, ...]:
        """Take turns until the time is over; Ctrl-C ends the running one and keeps it."""
        try:
            while not self.interrupted and (wanting := self._wanting()):
                for name in wanting:
                    seconds = self._turn_s(name, len(wanting))
                    if seconds < LEAST_TURN_S:
                        continue
                    self._take_turn(name, seconds)
                    if self.interrupted:
                        break
        except KeyboardInterrupt:  # between two turns
            self.interrupted = True
        return tuple(self.turns)

    def _wanting(self) -> tuple[str, ...]:
        """Return the scenarios that get further turns; a first turn has everyone."""
        if self._left_s() < LEAST_TURN_S:
            return tuple(name for name in self.plan.names if self._waits(name))
        return tuple(
            name for name in self.plan.names if self._goes_on(name) and self._own_left_s(name) > 0
        )

    def _waits(self, name: str) -> bool:
        """Say whether a scenario has not had its first turn."""
        return not any(turn.name == name for turn in self.turns)

    def _goes_on(self, name: str) -> bool:
        endings = {turn.ending for turn in self.turns if turn.name == name}
        if Ending.BROKEN in endings:
            return False  # it would be as broken in the next turn
        return self.plan.restart or endings <= {Ending.PASSED, Ending.INTERRUPTED}

    def _left_s(self) -> float:
        if self.plan.total_s is None:
            return float("inf")
        return self.plan.total_s - (time.monotonic() - self._began_s)

    def _own_left_s(self, name: str) -> float:
        """Return how much of its own time a scenario has left; less than a turn's start is none."""
        if self.plan.each_s is None:
            return float("inf")
        left_s = self.plan.each_s - sum(t.elapsed_s for t in self.turns if t.name == name)
        return left_s if left_s >= LEAST_TURN_S else 0.0

    def _turn_s(self, name: str, sharing: int) -> float:
        """Return how long the next turn is: everyone who wants one gets one before the end."""
        left_s = self._left_s()
        if not self._waits(name):
            return min(self.plan.turn_s, left_s, self._own_left_s(name))
        waiting = sum(self._waits(one) for one in self.plan.names)
        share_s = left_s / max(min(waiting, sharing), 1)
        return max(min(self.plan.turn_s, share_s, self._own_left_s(name)), LEAST_TURN_S)

    def _take_turn(self, name: str, seconds: float) -> None:
        number = len(self.turns)
        self._journal.begin(name)
        self._tell(name, 0)

        def progress(headway: Headway) -> None:
            self._journal.advance(headway)
            self._tell(name, headway.rounds)

        run = run_scenario(name, self.plan.budget(seconds, turn=number), progress=progress)
        turn = turn_of(run)
        self.turns.append(turn)
        self._journal.end(turn)
        self.interrupted = run.ending is Ending.INTERRUPTED
        if self._keep is not None:
            self._keep(run)

    def _tell(self, name: str, rounds: int) -> None:
        if self._progress is None:
            return
        passed = {Ending.PASSED, Ending.INTERRUPTED}
        self._progress(
            SoakHeadway(
                name=name,
                turns=len(self.turns),
                failed=sum(turn.ending not in passed for turn in self.turns),
                rounds=rounds,
                elapsed_s=time.monotonic() - self._began_s,
                whole_s=min(
                    self.plan.total_s or float("inf"),
                    (self.plan.each_s or float("inf")) * len(self.plan.names),
                ),
            )
        )

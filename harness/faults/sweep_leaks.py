"""Whether a run that met a fault left something behind, told apart from what is made once."""

from __future__ import annotations

import dataclasses
import gc
import time
from typing import TYPE_CHECKING, Final

from harness.faults.sweep_run import Broken
from harness.probes.leaks import Census, Growth, census

if TYPE_CHECKING:
    from harness.faults.plan import FaultPlan
    from harness.faults.sweep_run import Outcome
    from harness.faults.sweep_threads import ThreadRuns

LINGER_S: Final = 2.0  # a joined thread leaves the system's list within a millisecond or so
AGAIN: Final = 4  # runs that must each add to it: a cache is filled once, a leak grows
_POLL_S: Final = 0.002


class LeakProbe:
    """Counts what the process holds after each run."""

    def __init__(self, runs: ThreadRuns) -> None:
        self._runs = runs
        self._before: Census | None = None

    def begin(self) -> None:
        """Count what is held before the first fault, when a run has filled the caches."""
        self._before = _settled(None)

    def look(self, plan: FaultPlan, outcome: Outcome) -> Outcome:
        """Return `outcome`, as a leak if the same fault leaves something behind every time."""
        growth = self._grown()
        if not growth:
            return outcome
        first = growth
        for _ in range(AGAIN):
            self._runs.run(plan)
            growth = self._grown()
            if not growth:
                return outcome
        message = f"each run with this fault leaves behind: {growth or first}"
        return dataclasses.replace(outcome, broken=Broken.LEAK, message=message)

    def _grown(self) -> Growth:
        assert self._before is not None
        now = _settled(self._before)
        growth = now.growth_since(self._before)
        self._before = now
        return growth


def _settled(before: Census | None) -> Census:
    """Count once what is only on its way out has gone."""
    gc.collect()
    ends_s = time.monotonic() + LINGER_S
    while True:
        seen = census()
        if before is None or time.monotonic() > ends_s:
            return seen
        growth = seen.growth_since(before)
        if not growth.threads and not growth.children:
            return seen
        time.sleep(_POLL_S)

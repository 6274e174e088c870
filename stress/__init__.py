"""Real threads in child processes: scenarios, limits, endings, records."""

from __future__ import annotations

from stress.declaration import scenario
from stress.errors import StressError, UnknownScenarioError
from stress.parent import run_scenario
from stress.records import record_of
from stress.run import Budget, Ending, Growth, StressRun

__all__ = [
    "Budget",
    "Ending",
    "Growth",
    "StressError",
    "StressRun",
    "UnknownScenarioError",
    "record_of",
    "run_scenario",
    "scenario",
]

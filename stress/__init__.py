"""Real threads in child processes: scenarios, limits, endings, records."""

from __future__ import annotations

from stress.errors import StressError, UnknownScenarioError
from stress.parent import run_scenario
from stress.run import Budget, Ending, Growth, StressRun

__all__ = [
    "Budget",
    "Ending",
    "Growth",
    "StressError",
    "StressRun",
    "UnknownScenarioError",
    "run_scenario",
]

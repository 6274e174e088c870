"""Real threads in child processes: scenarios, limits, endings, records."""

from __future__ import annotations

from stress.budget import Budget
from stress.declaration import scenario
from stress.errors import StressError, UnknownScenarioError
from stress.leaks import Growth
from stress.parent import run_scenario
from stress.records import record_of
from stress.run import Ending, Headway, StressRun

__all__ = [
    "Budget",
    "Ending",
    "Growth",
    "Headway",
    "StressError",
    "StressRun",
    "UnknownScenarioError",
    "record_of",
    "run_scenario",
    "scenario",
]

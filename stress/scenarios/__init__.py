"""Scenarios: one body each, which exploration runs small and real threads run large."""

from __future__ import annotations

from stress.scenarios.catalogue import find_scenario, scenario_names, scenario_targets
from stress.scenarios.scenario import Scale, Scenario

__all__ = ["Scale", "Scenario", "find_scenario", "scenario_names", "scenario_targets"]

"""Scenarios: one body each, which exploration runs small and real threads run large."""

from __future__ import annotations

from stress.scenarios.catalogue import scenario, scenario_names
from stress.scenarios.scenario import Scale, Scenario

__all__ = ["Scale", "Scenario", "scenario", "scenario_names"]

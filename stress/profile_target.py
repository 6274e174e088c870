"""What `holdfast report profile` runs when it is given the name of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stress.errors import CatalogueError, UnknownScenarioError
from stress.scenarios.catalogue import find_scenario, scenario_targets, target_of

if TYPE_CHECKING:
    from collections.abc import Callable


def profile_target(name: str) -> Callable[[], object] | None:
    """Return one full-scale round of the scenario called `name`; None if there is none."""
    try:
        if ":" not in name and name not in scenario_targets():
            return None
        target_of(name)
        scenario = find_scenario(name)
    except (UnknownScenarioError, CatalogueError):
        return None
    return lambda: scenario.body(scenario.stress_scale)

"""All scenarios by name, and any scenario by `module:NAME`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Final

from stress.errors import UnknownScenarioError
from stress.scenarios.scenario import Scenario

# Where each lives, so that listing one does not import the subjects of all.
TARGETS: Final = {
    "close_while_reading": "stress.scenarios.secret:CLOSE_WHILE_READING",
    "create_close_churn": "stress.scenarios.secret:CREATE_CLOSE_CHURN",
    "access_after_close": "stress.scenarios.secret:ACCESS_AFTER_CLOSE",
    "flow_100_waiters": "stress.scenarios.flow:FLOW_100_WAITERS",
    "flow_acquire_release_100x500": "stress.scenarios.flow:FLOW_ACQUIRE_RELEASE_100X500",
    "flow_calls_have_an_order": "stress.scenarios.flow_history:FLOW_CALLS_HAVE_AN_ORDER",
}


def scenario_names() -> tuple[str, ...]:
    """Return the names of our own scenarios, in the order they are listed."""
    return tuple(TARGETS)


def scenario(name: str) -> Scenario:
    """Return the scenario called `name`, or the one that `module:NAME` leads to.

    Raises:
        UnknownScenarioError: There is none; it says which there are, or what the import met.
    """
    module, colon, attribute = TARGETS.get(name, name).partition(":")
    if not colon:
        raise UnknownScenarioError(name, f"the scenarios are {', '.join(TARGETS)}")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # the user's own module lies where the user stands
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        # A module of the user's can raise anything while it is imported.
        raise UnknownScenarioError(name, f"{type(error).__name__}: {error}") from error
    if not isinstance(found, Scenario):
        raise UnknownScenarioError(name, f"it is a {type(found).__name__}, not a Scenario")
    return found

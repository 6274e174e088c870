"""All scenarios by name: ours, those that distributions bring, those that a project lists.

Nothing here imports the module of a scenario but `find_scenario`: a module may hang, print, or end
the process while it is imported, so listing and running leave that to a child process.
"""

from __future__ import annotations

import functools
import importlib
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from harness.errors import ProjectFileError
from harness.project_file import PROJECT_FILE, find_project_file, read_table
from stress.errors import CatalogueError, UnknownScenarioError
from stress.scenarios.scenario import Scenario

GROUP: Final = "holdfast.scenarios"
TABLE: Final = "tool.holdfast.stress"
# Where each lives, so that listing one does not import the subjects of all.
TARGETS: Final = {
    "close_while_reading": "stress.scenarios.secret:CLOSE_WHILE_READING",
    "create_close_churn": "stress.scenarios.secret:CREATE_CLOSE_CHURN",
    "access_after_close": "stress.scenarios.secret:ACCESS_AFTER_CLOSE",
    "flow_100_waiters": "stress.scenarios.flow:FLOW_100_WAITERS",
    "flow_acquire_release_100x500": "stress.scenarios.flow:FLOW_ACQUIRE_RELEASE_100X500",
    "flow_calls_have_an_order": "stress.scenarios.flow_history:FLOW_CALLS_HAVE_AN_ORDER",
    "store_under_chaos": "stress.scenarios.chaos:STORE_UNDER_CHAOS",
    "secrets_under_chaos": "stress.scenarios.chaos:SECRETS_UNDER_CHAOS",
    "flow_under_chaos": "stress.scenarios.chaos:FLOW_UNDER_CHAOS",
}


def scenario_names() -> tuple[str, ...]:
    """Return the names of our own scenarios, in the order they are listed."""
    return tuple(TARGETS)


def scenario_targets(project: Path | None = None) -> dict[str, str]:
    """Return where every scenario is found, by the name that the command line takes.

    Ours come first, then those of the entry-point group `holdfast.scenarios`, then those that
    `[tool.holdfast.stress]` of a `pyproject.toml` lists, which are their own names. Nothing is
    imported.

    Args:
        project: Where to look for the `pyproject.toml`, and above it; the current folder when None.

    Raises:
        CatalogueError: The table holds something else than a list of `module:NAME`.
    """
    brought = {point.name: point.value for point in entry_points(group=GROUP)}
    listed = _listed(Path.cwd() if project is None else project)
    # Nobody takes the name of one of ours, which reports and gates know.
    return {**TARGETS, **brought, **{name: name for name in listed}, **TARGETS}


def target_of(name: str) -> str:
    """Return the `module:NAME` behind a name, without importing it.

    Raises:
        UnknownScenarioError: It is neither in the catalogue nor of that form.
        CatalogueError: The project's list cannot be read.
    """
    if name in TARGETS:
        return TARGETS[name]
    if _is_target(name):
        return name
    known = scenario_targets()
    if name in known:
        return known[name]
    raise UnknownScenarioError(name, f"the scenarios are {', '.join(known)}")


def find_scenario(name: str) -> Scenario:
    """Return the scenario called `name`, or the one that `module:NAME` leads to.

    Imports its module; whoever does not trust it does that in a child process.

    Raises:
        UnknownScenarioError: There is none; it says which there are, or what the import met.
    """
    module, _, attribute = target_of(name).partition(":")
    # The user's own module lies where the user stands, or where the project begins.
    for place in dict.fromkeys((str(Path.cwd()), str(_project_of(Path.cwd())))):
        if place not in sys.path:
            sys.path.append(place)
    try:
        found: object = functools.reduce(
            getattr, attribute.split("."), importlib.import_module(module)
        )
    except (Exception, SystemExit) as error:
        # A module of the user's can raise anything while it is imported.
        raise UnknownScenarioError(name, f"{type(error).__name__}: {error}") from error
    if not isinstance(found, Scenario):
        raise UnknownScenarioError(name, f"it is a {type(found).__name__}, not a Scenario")
    return found


def _project_of(folder: Path) -> Path:
    """Return the nearest folder with a project file, at or above; the folder itself without one."""
    found = find_project_file(folder)
    return folder if found is None else found.parent


def _listed(folder: Path) -> tuple[str, ...]:
    path = _project_of(folder) / PROJECT_FILE
    try:
        listed = read_table(path, TABLE).get("scenarios", [])
    except ProjectFileError as error:
        reason = f"{error.key} is no table" if error.key else "it cannot be read"
        raise CatalogueError(path.name, error.got, reason) from None
    where = f"{path.name}, [{TABLE}]"
    if not isinstance(listed, list):
        raise CatalogueError(where, listed, "scenarios is no list")
    for one in listed:
        if not isinstance(one, str) or not _is_target(one):
            raise CatalogueError(where, one, "a scenario is named by module:NAME")
    return tuple(listed)


def _is_target(name: str) -> bool:
    module, colon, attribute = name.partition(":")
    words = [*module.split("."), *attribute.split(".")]
    return bool(colon) and all(word.isidentifier() for word in words)

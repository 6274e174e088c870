"""All targets by name, and any target by `module:NAME`.

A name is one of ours, one that an installed package declares in the entry-point group
`holdfast.fuzz_targets`, or one of the project's own:

    [tool.holdfast.fuzz]
    targets = { parser = "mine.fuzzing:PARSER" }
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fuzz.errors import ProjectFileError, UnknownTargetError
from fuzz.fuzz_target import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP: Final = "holdfast.fuzz_targets"
TARGETS: Final = "tool.holdfast.fuzz.targets"
FORM: Final = f'{TARGETS} takes NAME = "package.module:NAME" pairs'
# Where each lives, so that listing one does not import the subjects of all.
OURS: Final = {
    "secret_operations": "fuzz.targets.secret_operations:SECRET_OPERATIONS",
    "secret_streams": "fuzz.targets.secret_streams:SECRET_STREAMS",
    "flow_operations": "fuzz.targets.flow_operations:FLOW_OPERATIONS",
    "replay_tokens": "fuzz.targets.replay_tokens:REPLAY_TOKENS",
    "history_files": "fuzz.targets.history_files:HISTORY_FILES",
    "run_documents": "fuzz.targets.run_documents:RUN_DOCUMENTS",
    "schedules": "fuzz.targets.schedules:SCHEDULES",
}


def target_names() -> tuple[str, ...]:
    """Return every name: ours, then those of installed packages, then the project's.

    Raises:
        ProjectFileError: The project's table is not of its form.
    """
    return tuple(_places())


def place_of(name: str) -> str:
    """Return the `module:NAME` that `name` stands for.

    Raises:
        UnknownTargetError: It is no name of a target and no place.
    """
    if ":" in name:
        return name
    places = _places()
    if name not in places:
        raise UnknownTargetError(name, f"the targets are {', '.join(places)}")
    return places[name]


def find_target(name: str) -> Target:
    """Import the target called `name`, or the one that `module:NAME` leads to.

    Imports the user's module, which can do anything: the campaign calls it in children only.

    Raises:
        UnknownTargetError: There is none; it says which there are, or what the import met.
    """
    module, _, attribute = place_of(name).partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # the user's own module lies where the user stands
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        # A module of the user's can raise anything while it is imported.
        raise UnknownTargetError(name, f"{type(error).__name__}: {error}") from error
    found = _target_of(found)
    if not isinstance(found, Target):
        raise UnknownTargetError(name, f"it is a {type(found).__name__}, not a Target")
    return found


def _target_of(found: object) -> object:
    """Return the target that another tool's object stands for.

    What can be explored is a target of schedules: a function without arguments, a stress scenario.
    """
    if isinstance(found, Target):
        return found
    as_target = getattr(found, "fuzz_target", None)
    if callable(as_target):
        return as_target()
    from fuzz.schedules.schedule_bodies import is_body, schedule_target  # noqa: PLC0415  # it loads the engine

    return schedule_target(found) if callable(found) and is_body(found) else found


def _places() -> Mapping[str, str]:
    from importlib.metadata import entry_points  # noqa: PLC0415  # 20 ms; a place needs no names

    declared = {entry.name: entry.value for entry in entry_points(group=GROUP)}
    return {**OURS, **declared, **_of_project(str(Path.cwd()))}


@cache
def _of_project(folder: str) -> Mapping[str, str]:
    """Return what the nearest project file at or above `folder` declares."""
    from harness.project_file import find_project_file  # noqa: PLC0415  # a place needs no names

    file = find_project_file(Path(folder))
    return {} if file is None else _table_in(file)


def _table_in(file: Path) -> Mapping[str, str]:
    from harness import errors  # noqa: PLC0415  # as above
    from harness.project_file import read_table  # noqa: PLC0415

    try:
        table = read_table(file, TARGETS)
    except errors.ProjectFileError as error:
        raise ProjectFileError(file, f"{error.problem}; {FORM}") from error
    if not all(isinstance(place, str) and ":" in place for place in table.values()):
        raise ProjectFileError(file, FORM)
    return table

"""All targets by name, and any target by `module:NAME`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Final

from fuzz.errors import UnknownTargetError
from fuzz.target import Target

# Where each lives, so that listing one does not import the subjects of all.
TARGETS: Final = {
    "secret_operations": "fuzz.targets.secret_operations:SECRET_OPERATIONS",
    "flow_operations": "fuzz.targets.flow_operations:FLOW_OPERATIONS",
}


def target_names() -> tuple[str, ...]:
    """Return the names of our own targets, in the order they are listed."""
    return tuple(TARGETS)


def target(name: str) -> Target:
    """Return the target called `name`, or the one that `module:NAME` leads to.

    Raises:
        UnknownTargetError: There is none; it says which there are, or what the import met.
    """
    module, colon, attribute = TARGETS.get(name, name).partition(":")
    if not colon:
        raise UnknownTargetError(name, f"the targets are {', '.join(TARGETS)}")
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # the user's own module lies where the user stands
    try:
        found: object = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        # A module of the user's can raise anything while it is imported.
        raise UnknownTargetError(name, f"{type(error).__name__}: {error}") from error
    if not isinstance(found, Target):
        raise UnknownTargetError(name, f"it is a {type(found).__name__}, not a Target")
    return found

"""The packages of a project, told from its folder: what its tests are about."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from harness.errors import ProjectFileError
from harness.instrument.imports import NEVER
from harness.project_file import PROJECT_FILE, read_table

if TYPE_CHECKING:
    from pathlib import Path

LAYOUTS: Final = ("src", ".")


def packages_of(root: Path) -> list[str]:
    """Return the importable names of the project in `root`; empty where they cannot be told.

    First the package that is called like the distribution; else all packages below `src`.
    """
    name = _name_of(root / PROJECT_FILE)
    for layout in LAYOUTS:
        folder = root / layout
        if name and ((folder / name).is_dir() or (folder / f"{name}.py").is_file()):
            return [] if name in NEVER else [name]
    found = sorted(path.parent.name for path in (root / "src").glob("*/__init__.py"))
    return [package for package in found if package not in NEVER]


def _name_of(path: Path) -> str:
    """Return the distribution's name as a package would spell it."""
    try:
        name = read_table(path, "project").get("name")
    except ProjectFileError:
        return ""  # not one of this form: there is nothing to tell
    return re.sub(r"[-_.]+", "_", name).lower() if isinstance(name, str) else ""

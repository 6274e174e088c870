"""The packages of a project whose `pyproject.toml` does not name them."""

from __future__ import annotations

import configparser
import re
from typing import TYPE_CHECKING, Final

from harness.instrument.imports import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_TESTED: Final = frozenset(
    {"test", "tests", "testing", "doc", "docs", "example", "examples", "bench", "benchmarks",
     "tools", "scripts", "build", "dist", "conftest", "setup", "noxfile", "fabfile", "tasks"}
)  # fmt: skip
_NAME: Final = re.compile(r"""^\s*name\s*=\s*["']([\w.-]+)["']""", re.MULTILINE)


def packages_beside(root: Path) -> list[str]:
    """Return the importable names of a project, by `setup.cfg`, `setup.py` or its folders."""
    name = _configured(root / "setup.cfg") or _written(root / "setup.py")
    name = re.sub(r"[-_.]+", "_", name).lower()
    for folder in (root / "src", root):
        if name and ((folder / name).is_dir() or (folder / f"{name}.py").is_file()):
            return [] if name in NEVER else [name]
    for folder in (root / "src", root):
        chosen = sorted(_packages_in(folder))
        if chosen:
            return chosen
    return []


def _packages_in(folder: Path) -> Iterator[str]:
    """Yield the packages and modules of a folder that are no tests, and no tools of the project."""
    names = [path.parent.name for path in folder.glob("*/__init__.py")]
    names += [path.stem for path in folder.glob("*.py")]
    for name in names:
        is_test = name.startswith("test_") or name.endswith("_test")
        if name.isidentifier() and not is_test and name not in NEVER | NOT_TESTED:
            yield name


def _configured(path: Path) -> str:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path, "utf-8")
        return parser.get("metadata", "name", fallback="")
    except (configparser.Error, UnicodeDecodeError):
        return ""  # not a file of this form: there is nothing to tell


def _written(path: Path) -> str:
    try:
        found = _NAME.search(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return ""
    return "" if found is None else found[1]

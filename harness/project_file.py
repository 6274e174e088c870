"""A project's `pyproject.toml`: where it is, and the tables in it that are ours.

For the harness and whatever stands on it. `reports`, which knows nobody of ours, reads its own
table by itself.
"""

from __future__ import annotations

import contextlib
import tomllib
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ProjectFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROJECT_FILE: Final = "pyproject.toml"


def find_project_file(folder: Path) -> Path | None:
    """Return the `pyproject.toml` of a folder, or of the nearest one above it; None without one."""
    for one in (folder, *folder.parents):
        with contextlib.suppress(OSError):  # a folder that may not be looked into has none for us
            if (one / PROJECT_FILE).is_file():
                return one / PROJECT_FILE
    return None


def read_table(path: Path, name: str) -> dict[str, Any]:
    """Return a table such as `tool.holdfast.fuzz`; empty where there is no file or no such table.

    Raises:
        ProjectFileError: The file is unreadable or no TOML, or the name is that of no table.
    """
    try:
        text = project_text(path)
    except ProjectFileError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return {}
        raise
    return table_in(parsed(text, path), name, path)


def project_text(path: Path) -> str:
    """Return a project's file as it is, ends of lines included.

    Raises:
        ProjectFileError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, ValueError) as error:
        raise ProjectFileError(path, "", str(error)) from error


def parsed(text: str, path: Path) -> dict[str, Any]:
    """Return the document that a text means.

    Args:
        path: Where it was read, for the error.

    Raises:
        ProjectFileError: It is no TOML.
    """
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # RecursionError: thousands of brackets
        raise ProjectFileError(path, "", str(error)) from error


def table_in(document: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
    """Return the table of a document; empty where nothing goes by the name.

    Args:
        name: With dots: `tool.holdfast.fuzz`.
        path: Where the document was read, for the error.

    Raises:
        ProjectFileError: What goes by the name, or a part of it, is no table.
    """
    table: Any = document
    keys = name.split(".")
    for number, key in enumerate(keys, 1):
        table = table.get(key, {})
        if not isinstance(table, dict):
            raise ProjectFileError(path, ".".join(keys[:number]), table)
    return dict(table)

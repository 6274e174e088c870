"""Searches on disk, a JSON line each, so that a measurement can go on where it stopped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.suite.searches import Search, SearchEnd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


class DamagedJournalError(Exception):
    """A line of a journal is not a search."""

    def __init__(self, path: str, line: int, why: str) -> None:
        super().__init__(path, line, why)
        self.path = path
        self.line = line
        self.why = why

    def __str__(self) -> str:
        return (
            f"{self.path}, line {self.line} is not the result of a search ({self.why}); remove "
            "the line, or name another file"
        )


def append(path: Path, search: Search) -> None:
    """Add one search; it is on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(search.to_json()) + "\n")


def read(path: Path) -> list[Search]:
    """Return the searches of a file, or none where there is no file.

    A last line without its end was being written when the process died: it is left out.

    Raises:
        DamagedJournalError: A line is something else.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    whole, _, _cut = text.rpartition("\n")
    return list(_parsed(str(path), whole.splitlines()))


def _parsed(path: str, lines: Iterable[str]) -> Iterator[Search]:
    for number, line in enumerate(lines, start=1):
        try:
            fields: dict[str, Any] = json.loads(line)
            yield Search(**{**fields, "end": SearchEnd(fields["end"])})
        except (ValueError, TypeError, KeyError) as error:
            raise DamagedJournalError(path, number, f"{type(error).__name__}: {error}") from None

"""Which files of a folder may hold results."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ENDINGS: Final = (".json", ".json.gz", ".js", ".xml")
_NEVER: Final = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A file, and whether somebody named it or it was met in a folder."""

    file: Path
    by_folder: bool


def each_file(paths: Iterable[Path]) -> Iterator[Named]:
    """Yield the files that were named, and those of the folders that were, in order of names.

    Links to folders are not followed, so that no circle is walked; hidden folders are entered,
    since pytest-benchmark keeps its runs in one.
    """
    for path in paths:
        if path.is_dir():
            yield from (Named(file=file, by_folder=True) for file in _walk(path))
        else:
            yield Named(file=path, by_folder=False)


def _walk(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if one not in _NEVER)
        for name in sorted(files):
            if name.lower().endswith(ENDINGS):
                yield Path(at) / name

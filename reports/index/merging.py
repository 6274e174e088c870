"""Documents of other stores into this one: copied to the letter, each checked against its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.errors import ReportsError
from reports.layout import RUNS, claim_store, document_names, require_store
from reports.store import load_document
from reports.strict_json import read_bytes
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """How many documents were new here, how many were here before, and which were refused."""

    new: int
    present: int
    refused: tuple[ReportsError, ...]


def merge_store(
    other: Path, *, store: Path, progress: Callable[[int, int], None] | None = None
) -> Merged:
    """Copy the documents of `other` that `store` does not have; `other` is only read.

    Interrupted, it can be run again: what is here stays, and what is missing is copied.

    Raises:
        NoStoreError: There is nothing at `other`.
        StoreNotOursError: One of the two holds something else; nothing was changed.
    """
    require_store(other)
    claim_store(store)
    names = sorted(document_names(other))
    missing = [name for name in names if not (store / RUNS / f"{name}.json").exists()]
    refused: list[ReportsError] = []
    for at, name in enumerate(missing, start=1):
        try:
            _copy(other / RUNS / f"{name}.json", store / RUNS / f"{name}.json")
        except ReportsError as error:
            refused.append(error)
        if progress is not None:
            progress(at, len(missing))
    return Merged(
        new=len(missing) - len(refused),
        present=len(names) - len(missing),
        refused=tuple(refused),
    )


def _copy(source: Path, target: Path) -> None:
    load_document(source)  # refuses what is damaged, changed or of a later version
    write_atomically(target, read_bytes(source), read_only=True)

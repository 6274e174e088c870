"""Put one run into the store: a new file of its own, complete or not there at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reports.commit import read_commit
from reports.document import RunDocument, content_id, document_now
from reports.errors import BadValueError
from reports.layout import RUNS, claim_store
from reports.record import Record
from reports.whole_file import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_run(records: Iterable[Record], *, store: Path, source: str) -> Path:
    """Write what one run found as one immutable document, and return its path.

    The machine, the Python, the date and the commit checked out in the working directory go into
    it. The file is named after its content; it appears whole or not at all, and survives a power
    cut once this returns. Any number of processes may write into one store at the same time.

    Args:
        store: The store's folder, made when absent.
        source: What ran, as a reader would type it: "holdfast stress run".

    Raises:
        BadValueError: A record is none, or a value is beyond its limit.
        StoreNotOursError: `store` holds something that holdfast did not write.
    """
    found = tuple(records)
    for record in found:
        if not isinstance(record, Record):
            raise BadValueError("write_run", repr(record)[:80], "Record values")
    return write_document(
        document_now(found, source=source, commit=read_commit(Path.cwd())), store=store
    )


def write_document(document: RunDocument, *, store: Path) -> Path:
    """Write a document that is already complete; one that is there already stays as it is."""
    claim_store(store)
    data = document.to_bytes()
    target = store / RUNS / f"{content_id(data)}.json"
    if not target.exists():
        write_atomically(target, data, read_only=True)
    return target

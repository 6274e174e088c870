"""Put one run into the store: a new file of its own, complete or not there at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from reports.commit import read_commit
from reports.document import RunDocument, content_id, document_now
from reports.errors import BadValueError
from reports.layout import RUNS, claim_store
from reports.record import Record
from reports.whole_file import sync_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


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
    with DocumentWriter(store) as writer:
        return writer.write(document)


class DocumentWriter:
    """Writes many documents into one store. A context manager; belongs to one thread.

    Each document is whole on disk when `write` returns; that its name survives a power cut is
    certain once the context ends, which asks the disk once for all of them.

    Raises:
        StoreNotOursError: `store` holds something that holdfast did not write.
    """

    __slots__ = ("_pending", "_runs", "_store")

    def __init__(self, store: Path) -> None:
        self._store = store
        self._runs = store / RUNS
        self._pending = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def path_of(self, data: bytes) -> Path:
        """Return where a document's bytes are or would be kept."""
        return self._runs / f"{content_id(data)}.json"

    def write(self, document: RunDocument) -> Path:
        """Write a document, unless it is there already, and return its path."""
        return self.write_bytes(document.to_bytes())

    def write_bytes(self, data: bytes) -> Path:
        """Write what `RunDocument.to_bytes` returned, unless it is there already."""
        target = self.path_of(data)
        if not self._pending:
            claim_store(self._store)  # made with the first document: an import of none makes none
        if not target.exists():
            write_atomically(target, data, read_only=True, sync=False)
            self._pending = True
        return target

    def flush(self) -> None:
        """Return when every name that was written survives a power cut."""
        if self._pending:
            sync_folder(self._runs)
            self._pending = False

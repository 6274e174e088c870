"""Put one run into the store: a new file of its own, complete or not there at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from reports.commit import read_commit
from reports.document import RunDocument, content_id, document_now
from reports.errors import BadValueError
from reports.layout import RUNS, claim_store
from reports.record import Record
from reports.whole_file import sync_folder, write_atomically

WRITERS: Final = 8  # threads that wait for the disk
BATCH: Final = 100
BATCH_BYTES: Final = 16 * 1024 * 1024

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

    Documents are whole or absent at any time, and survive a power cut once `flush` or the end of
    the context returns. They are written some at a time: a disk keeps eight files at once ten
    times faster than one after the other.

    Raises:
        StoreNotOursError: `store` holds something that holdfast did not write.
    """

    __slots__ = ("_pending", "_pending_bytes", "_runs", "_store")

    def __init__(self, store: Path) -> None:
        self._store = store
        self._runs = store / RUNS
        self._pending: dict[Path, bytes] = {}
        self._pending_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def has(self, data: bytes) -> bool:
        """Return whether a document's bytes are in the store, or about to be."""
        path = self.path_of(data)
        return path in self._pending or path.exists()

    def path_of(self, data: bytes) -> Path:
        """Return where a document's bytes are or would be kept."""
        return self.path_of_id(content_id(data))

    def path_of_id(self, run_id: str) -> Path:
        """Return where the document of that id is or would be kept."""
        return self._runs / f"{run_id}.json"

    def write(self, document: RunDocument) -> Path:
        """Write a document, unless it is there already, and return its path."""
        return self.write_bytes(document.to_bytes())

    def write_bytes(self, data: bytes) -> Path:
        """Write what `RunDocument.to_bytes` returned, unless it is there already."""
        target = self.path_of(data)
        if target not in self._pending and not target.exists():
            self._pending[target] = data
            self._pending_bytes += len(data)
            if len(self._pending) >= BATCH or self._pending_bytes >= BATCH_BYTES:
                self.flush()
        return target

    def flush(self) -> None:
        """Return when everything that was written survives a power cut."""
        pending, self._pending, self._pending_bytes = self._pending, {}, 0
        if not pending:
            return
        claim_store(self._store)  # made with the first document: an import of none makes none
        if len(pending) == 1:
            _write_new(next(iter(pending.items())))
        else:
            with ThreadPoolExecutor(WRITERS) as writers:
                for _ in writers.map(_write_new, pending.items()):
                    pass
        sync_folder(self._runs)


def _write_new(one: tuple[Path, bytes]) -> None:
    write_atomically(one[0], one[1], read_only=True, sync=False)

"""Put one run into the store: a new file of its own, complete or not there at all."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from reports.commit import read_commit
from reports.document import RunDocument, content_id, document_now
from reports.errors import BadValueError
from reports.layout import RUNS, claim_store
from reports.record import Record

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


def write_atomically(target: Path, data: bytes, *, read_only: bool = False) -> None:
    """Write `data` so that a reader or a crash meets the old file or the new, nothing between."""
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".partial")
    try:
        with _file_of(descriptor) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _set_mode(name, read_only=read_only)
        os.replace(name, target)  # noqa: PTH105  # both names are of one folder
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _file_of(descriptor: int) -> IO[bytes]:
    try:
        return os.fdopen(descriptor, "wb")
    except BaseException:
        os.close(descriptor)  # nobody else knows of it
        raise


def _set_mode(name: str, *, read_only: bool) -> None:
    if sys.platform == "win32":
        return  # a read-only file could not be replaced or removed there
    os.chmod(name, 0o444 if read_only else 0o644)  # noqa: PTH101  # mkstemp made it 0600


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return  # folders cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # the name must survive as well as the bytes
    finally:
        os.close(descriptor)

"""The SQLite file of an index: whose it is, whether it is whole, and how one comes into being.

A file that holdfast did not make is never opened by SQLite, because opening alone can change it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import create_engine, insert

from reports.errors import StoreNotOursError
from reports.file_lock import locked
from reports.index.errors import IndexLostError, IndexUnreachableError
from reports.index.schema import MARK, TABLES, VERSION
from reports.layout import MARK_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

_APPLICATION_ID: Final = 0x484F4C44  # "HOLD"; stands at offset 68 of an SQLite file
_MAGIC: Final = b"SQLite format 3\x00"
_HEADER_BYTES: Final = 100


def ensure_index_file(path: Path, *, store: str, anew: bool = False) -> None:
    """Leave a sound index at `path`: the one that is there, or a new empty one.

    Remains of ours, cut short or of another version, make way: the documents hold all that was in
    them. So does one that looks sound, when `anew` says that it turned out not to be.

    Raises:
        StoreNotOursError: Something else lies there; it was not opened and not changed.
        IndexUnreachableError: No file can be made there.
    """
    if not anew and _is_usable(path):
        return
    with _reached(path), locked(path.parent / MARK_FILE):
        # Looked at again: of several that found it damaged, the first has replaced it by now.
        if not anew and _is_usable(path):
            return
        _remove(path)
        _place_new(path, store=store)


def require_ours(path: Path) -> None:
    """Raise unless the file at `path` bears our mark in its header.

    Raises:
        IndexLostError: There is no file.
        StoreNotOursError: It is none of ours.
    """
    try:
        ours = _is_marked(path) or _begins_with_our_mark(path)
    except FileNotFoundError:
        raise IndexLostError(path.name, "the file is gone") from None
    if not ours:
        reason = f"{path.name} in it is not an index that holdfast made"
        raise StoreNotOursError(path.parent, reason)


def _is_marked(path: Path) -> bool:
    """Return whether SQLite reads our mark, which changes nothing: no lock, no journal."""
    # SQLite's own reading comes first. On POSIX, whoever opens and closes a file takes away every
    # lock that this process has on it, also that of another thread in the middle of a write; only
    # SQLite knows of its own locks and keeps them.
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            (mark,) = connection.execute("PRAGMA application_id").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(mark == _APPLICATION_ID)


def _begins_with_our_mark(path: Path) -> bool:
    """Return the same of a file that SQLite cannot read, so that nobody has a lock to lose.

    Raises:
        FileNotFoundError: It is gone.
    """
    if path.exists() and not path.is_file():
        return False  # a folder, or a pipe, which would block
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        raise
    except OSError:
        return False
    if len(head) < _HEADER_BYTES or not head.startswith(_MAGIC):
        return False
    return int.from_bytes(head[68:72], "big") == _APPLICATION_ID


def _is_usable(path: Path) -> bool:
    try:
        require_ours(path)
    except IndexLostError:
        return False
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            return _is_whole(connection, path)
        except sqlite3.OperationalError as error:
            # Usable when somebody is at work in it, and damaged when it says anything else.
            return error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
        except sqlite3.DatabaseError:
            return False  # cut short or overwritten


def _is_whole(connection: sqlite3.Connection, path: Path) -> bool:
    def ask(question: str) -> object:
        (answer,) = connection.execute(question).fetchone()
        return answer

    connection.execute("BEGIN")  # from the first question on, nobody writes
    if ask("PRAGMA user_version") != VERSION or ask("PRAGMA quick_check(1)") != "ok":
        return False
    # What is missing of the last page, SQLite takes for zeros.
    size = int(str(ask("PRAGMA page_count"))) * int(str(ask("PRAGMA page_size")))
    if path.stat().st_size < size:
        return False
    for table in TABLES.sorted_tables:
        names = ", ".join(column.name for column in table.columns)
        connection.execute(f"SELECT {names} FROM {table.name} LIMIT 0")  # noqa: S608  # our own
    return ask(f"SELECT count(*) FROM {MARK.name}") == 1  # noqa: S608  # a name of our own


def _remove(path: Path) -> None:
    # The journal first: a journal without its database does nothing, but one that outlives it
    # would be played into the new file.
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _place_new(path: Path, *, store: str) -> None:
    # Built aside and moved into place, so that a crash leaves nothing half made.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as aside:
        partial = Path(aside) / path.name
        _create(partial, store=store)
        os.replace(partial, path)  # noqa: PTH105  # both names are of one file system


def _create(path: Path, *, store: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as tables:
            TABLES.create_all(tables)
            tables.execute(insert(MARK).values(id=1, version=VERSION, store=store))
    finally:
        engine.dispose()


@contextlib.contextmanager
def _reached(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        raise IndexUnreachableError(path.name, f"no file can be made there ({error})") from error

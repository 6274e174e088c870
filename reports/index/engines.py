"""How each database is opened and what its errors mean; everything else is the same for both."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy
from sqlalchemy import NullPool, create_engine, event
from sqlalchemy.exc import DBAPIError, NoSuchModuleError

from reports.errors import MissingExtraError
from reports.index.errors import IndexBusyError, IndexLostError, IndexUnreachableError
from reports.index.sqlite_file import require_ours

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from reports.index.address import ServerAddress

BUSY_TIMEOUT_S: Final = 60.0  # many times what one batch of documents takes to be written
_CONNECT_TIMEOUT_S: Final = "10"
_WRITES: Final = "holdfast_writes"
# Of SQLite's result codes (https://sqlite.org/rescode.html), those that say the file is not what
# we wrote; 522 is a read past the end of a file that was cut short.
_DAMAGED: Final = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SHORT_READ: Final = 522
# Of PostgreSQL's: a table or a column is not there, and a lock was not given in time.
_TABLE_GONE: Final = frozenset({"42P01", "42703"})
_LOCK_TIMEOUT: Final = "55P03"


def file_engine(path: Path) -> Engine:
    """Return the engine of an SQLite file that is there and ours.

    A connection lives as long as one transaction: a file that was replaced is met at the next one,
    and nothing stays open when a process forks or forgets to close.
    """

    def connect() -> sqlite3.Connection:
        require_ours(path)  # opening alone can change a file that is not
        # No WAL, which breaks on network file systems; `rw` makes no file where none is.
        uri = f"{path.absolute().as_uri()}?mode=rw"
        return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Taken at once, the lock waits its turn; taken at the first write, two readers that turn
        # writers refuse each other.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def server_engine(address: ServerAddress) -> Engine:
    """Return the engine of a PostgreSQL database.

    Raises:
        MissingExtraError: psycopg is not installed.
    """
    url = address.url
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": _CONNECT_TIMEOUT_S})
    try:
        engine = create_engine(url, pool_size=1, max_overflow=4, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise MissingExtraError("psycopg", "an index on a server", "postgres") from error

    @event.listens_for(engine, "connect")
    def _limit_waiting(connection: Any, record: object) -> None:  # noqa: ANN401  # of any driver
        del record
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{BUSY_TIMEOUT_S:g}s'")
        connection.commit()

    return engine


def reading(engine: Engine) -> Engine:
    """Return the engine for transactions that read: all their statements see one moment."""
    if engine.dialect.name == "sqlite":
        return engine  # each of its transactions is so
    return engine.execution_options(isolation_level="REPEATABLE READ")


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that change something.

    They take turns by a lock, and each statement sees what was there when the lock was given,
    whatever a server's own setting is.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_WRITES: True})
    return engine.execution_options(isolation_level="READ COMMITTED")


@contextmanager
def told(shown: str, address: ServerAddress | None = None) -> Iterator[None]:
    """Turn what a driver raises into an error of ours, without any secret in it."""
    try:
        yield
    except DBAPIError as error:
        # Not chained: the driver's own error holds whatever was in the URL.
        raise _meaning(error, shown, address) from None
    except sqlalchemy.exc.TimeoutError:
        raise IndexBusyError(shown, BUSY_TIMEOUT_S) from None


def _meaning(
    error: DBAPIError, shown: str, address: ServerAddress | None
) -> IndexLostError | IndexBusyError | IndexUnreachableError:
    cause = error.orig
    words = " ".join(str(cause).split())[:300] or type(cause).__name__
    if address is not None:
        words = address.without_secrets(words)
        state = getattr(cause, "sqlstate", None)
        lost, busy = state in _TABLE_GONE, state == _LOCK_TIMEOUT
    else:
        code = getattr(cause, "sqlite_errorcode", None)
        # Errors of the Python module itself, such as text that is no UTF-8, bear no code.
        lost = code is None or code == _SHORT_READ or (code & 0xFF) in _DAMAGED
        busy = code is not None and (code & 0xFF) in _BUSY
    if lost:
        return IndexLostError(shown, words)
    if busy:
        return IndexBusyError(shown, BUSY_TIMEOUT_S)
    return IndexUnreachableError(shown, words)

"""The tables of a campaign's database, and how one is opened without harm.

A file of SQLite with a write-ahead log: a transaction is in it or not, whenever the process is
killed. A file that is damaged, somebody else's or of another version is refused, and stays as it
is.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from fuzz.campaign.errors import DatabaseError

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 1
APPLICATION: Final = 0x68666462  # "hfdb": tells our files from others, as SQLite proposes
BUSY_S: Final = 10.0  # a reader may hold a writer up for milliseconds
SCHEMA: Final = """
CREATE TABLE campaigns (
    id INTEGER PRIMARY KEY,
    settings TEXT NOT NULL,                 -- JSON of Settings
    engines TEXT NOT NULL,                  -- JSON: the engine of each worker
    pid INTEGER NOT NULL,                   -- of the process that runs it, or ran it last
    began_at REAL NOT NULL,                 -- wall clock, as seconds since 1970
    seen_at REAL NOT NULL,                  -- when its process last wrote
    ending TEXT,                            -- name of an Ending, NULL while it runs or after a kill
    trouble TEXT NOT NULL DEFAULT '',
    elapsed_s REAL NOT NULL DEFAULT 0,
    fuzzed_s REAL NOT NULL DEFAULT 0,       -- in which inputs ran
    quiet_s REAL NOT NULL DEFAULT 0,        -- since something new came
    replayed INTEGER NOT NULL DEFAULT 0,
    fixed INTEGER NOT NULL DEFAULT 0,
    outlook TEXT                            -- JSON of an Outlook
);
CREATE TABLE workers (
    id INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL REFERENCES campaigns(id),
    number INTEGER NOT NULL,
    engine TEXT NOT NULL,
    pid INTEGER,
    began_at REAL NOT NULL,
    read_to INTEGER NOT NULL DEFAULT 0,     -- bytes of its journal that were taken in
    ending TEXT,                            -- NULL: it runs, or was left behind
    -- What its black box says: absolute, so that taking it in twice counts once.
    executions INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    undecided INTEGER NOT NULL DEFAULT 0,
    features INTEGER NOT NULL DEFAULT 0,
    coverage INTEGER,
    replayed INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX workers_by_campaign ON workers(campaign);
CREATE TABLE inputs (
    name TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    campaign INTEGER NOT NULL,
    origin TEXT NOT NULL,                   -- "seed", "found here", or what a worker's engine is
    at_s REAL NOT NULL,                     -- of its campaign's fuzzing
    executions INTEGER NOT NULL,            -- of its campaign by then
    gone TEXT                               -- why its file is not there any more
) WITHOUT ROWID;
CREATE TABLE findings (
    key TEXT NOT NULL,
    campaign INTEGER NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    name TEXT NOT NULL,                     -- of the input in crashes/
    known INTEGER NOT NULL,
    at_s REAL NOT NULL,
    executions INTEGER NOT NULL,
    PRIMARY KEY (campaign, key)
) WITHOUT ROWID;
CREATE TABLE curve (
    campaign INTEGER NOT NULL,
    at_s REAL NOT NULL,
    executions INTEGER NOT NULL,
    paths INTEGER NOT NULL,                 -- new ones by then
    coverage INTEGER,
    features INTEGER NOT NULL,
    PRIMARY KEY (campaign, at_s)
) WITHOUT ROWID;
CREATE TABLE suspects (
    name TEXT PRIMARY KEY,
    deaths INTEGER NOT NULL                 -- processes that were killed while it ran
) WITHOUT ROWID;
CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (campaign, text)
);
"""


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database for writing; make it if there is none.

    Raises:
        DatabaseError: The file is damaged, another version's, or none of ours.
    """
    if path.exists():
        # Looked at read-only first: opening for writing already changes the file's neighbours.
        read_database(path).close()
    try:
        # Transactions are begun and ended in `CampaignDatabase` alone.
        opened = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        _prepare(opened)
    except sqlite3.Error as error:
        raise DatabaseError(path, str(error)) from error
    return opened


def read_database(path: Path) -> sqlite3.Connection:
    """Open a database for reading alone; a campaign may write it at the same time.

    Raises:
        DatabaseError: The file is damaged, another version's, or none of ours.
    """
    try:
        opened = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_S, isolation_level=None
        )
    except sqlite3.Error as error:
        raise DatabaseError(path, str(error)) from error
    try:
        _check(opened, path)
    except sqlite3.Error as error:
        opened.close()
        raise DatabaseError(path, str(error)) from error
    except DatabaseError:
        opened.close()
        raise
    return opened


def _check(opened: sqlite3.Connection, path: Path) -> None:
    application = opened.execute("PRAGMA application_id").fetchone()[0]
    version = opened.execute("PRAGMA user_version").fetchone()[0]
    tables = opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not tables:
        return  # killed before its first transaction: as good as new
    if application != APPLICATION:
        raise DatabaseError(path, "it is a database of another program")
    if version != VERSION:
        raise DatabaseError(
            path, f"it is of version {version}, and this holdfast reads version {VERSION}"
        )
    found = opened.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise DatabaseError(path, f"it is damaged: {found}")


def _prepare(opened: sqlite3.Connection) -> None:
    opened.execute("PRAGMA journal_mode = WAL")
    # Safe against a killed process and a damaged file; a power cut may take the last seconds.
    opened.execute("PRAGMA synchronous = NORMAL")
    opened.execute("BEGIN IMMEDIATE")
    if not opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in SCHEMA.split(";"):
            opened.execute(statement)
        opened.execute(f"PRAGMA application_id = {APPLICATION}")
        opened.execute(f"PRAGMA user_version = {VERSION}")
    opened.execute("COMMIT")

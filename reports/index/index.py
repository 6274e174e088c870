"""The SQLite index of a store's documents: quick to ask, safe to throw away.

Nothing is kept here that is not in a document. A file that holdfast did not make is never opened
by SQLite, because opening alone can change it.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reports.environment import Environment
from reports.errors import StoreNotOursError
from reports.record import Direction, RecordKind
from reports.series import RunStamp, RunValue, Series, SeriesKey, in_commit_order
from reports.strict_json import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from reports.document import RunDocument

_APPLICATION_ID: Final = 0x484F4C44  # "HOLD"; stands at offset 68 of an SQLite file
_VERSION: Final = 1
_BUSY_TIMEOUT_S: Final = 30.0  # several CI jobs may refresh one store at the same time
_MAGIC: Final = b"SQLite format 3\x00"

# Benchmark and metric stand first in the key: with the run first, reading a series was measured
# 34 times slower.
_TABLES: Final = """
CREATE TABLE run (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, written_at TEXT NOT NULL,
    environment TEXT NOT NULL, commit_id TEXT, position INTEGER, dirty INTEGER NOT NULL,
    committed_at TEXT, changes TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE environment (fingerprint TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE measure (
    benchmark TEXT NOT NULL, metric TEXT NOT NULL, environment TEXT NOT NULL, run TEXT NOT NULL,
    value REAL NOT NULL, q1 REAL, q3 REAL, unit TEXT NOT NULL, direction TEXT NOT NULL,
    PRIMARY KEY (benchmark, metric, environment, run)
) WITHOUT ROWID;
CREATE INDEX measure_of_run ON measure (run);
"""
_SERIES: Final = """
SELECT m.benchmark, m.metric, m.environment, m.value, m.q1, m.q3, m.unit, m.direction,
       r.id, r.written_at, r.commit_id, r.position, r.dirty, r.committed_at,
       r.changes
FROM measure m JOIN run r ON r.id = m.run
"""
_Row = tuple[str | float | int | None, ...]


class Index:
    """An open index. Use it in one thread, and close it."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Index | None:
        """Return the index at `path`, or None where none is; remains of ours are removed.

        Raises:
            StoreNotOursError: Something else lies there; it was not opened and not changed.
        """
        if not path.exists():
            return None
        if not _is_ours(path):
            reason = f"{path.name} in it is not an index that holdfast made"
            raise StoreNotOursError(path.parent, reason)
        index = cls(_connect(path))
        if index._is_sound():
            return index
        index.close()
        path.unlink(missing_ok=True)  # the documents hold all that was in it
        return None

    @classmethod
    def create(cls, path: Path) -> Index:
        """Return a new empty index in a file that does not exist yet."""
        connection = _connect(path)
        connection.executescript(
            f"PRAGMA application_id = {_APPLICATION_ID}; PRAGMA user_version = {_VERSION};"
        )
        connection.executescript(_TABLES)
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Make all changes inside one transaction; an exception takes them all back."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def run_ids(self) -> frozenset[str]:
        """Return the ids of all documents that are indexed."""
        return frozenset(row[0] for row in self._connection.execute("SELECT id FROM run"))

    def add(self, run_id: str, document: RunDocument) -> None:
        """Index one document; one that is there already stays."""
        commit, environment = document.commit, document.environment
        self._connection.execute(
            "INSERT INTO environment VALUES (?, ?) ON CONFLICT DO NOTHING",
            (environment.fingerprint, json.dumps(environment.to_json())),
        )
        committed_at = commit.committed_at if commit else None
        self._connection.execute(
            "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                run_id,
                document.source,
                document.written_at.isoformat(),
                environment.fingerprint,
                commit.commit_id if commit else None,
                commit.position if commit else None,
                int(commit.dirty) if commit else 0,
                committed_at.isoformat() if committed_at else None,
                commit.changes if commit else "",
            ),
        )
        self._connection.executemany(
            "INSERT INTO measure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            _measure_rows(run_id, document),
        )

    def remove(self, run_ids: Iterable[str]) -> None:
        """Forget documents that are no longer there."""
        for run_id in run_ids:
            self._connection.execute("DELETE FROM measure WHERE run = ?", (run_id,))
            self._connection.execute("DELETE FROM run WHERE id = ?", (run_id,))

    def stamps(self) -> tuple[RunStamp, ...]:
        """Return every run, the one written last first."""
        rows = self._connection.execute(
            "SELECT id, written_at, commit_id, position, dirty, committed_at, changes FROM run "
            "ORDER BY written_at DESC, id"
        )
        return tuple(_stamp(row) for row in rows)

    def environment(self, fingerprint: str) -> Environment:
        """Return the environment behind a fingerprint that the index holds.

        Raises:
            KeyError: No run of that environment is indexed.
        """
        row = self._connection.execute(
            "SELECT body FROM environment WHERE fingerprint = ?", (fingerprint,)
        ).fetchone()
        if row is None:
            raise KeyError(fingerprint)
        return Environment.from_json(parse(row[0].encode(), document="the index"))

    def all_series(self) -> tuple[Series, ...]:
        """Return every series, ordered by benchmark, metric and environment."""
        grouped: dict[SeriesKey, list[_Row]] = {}
        for row in self._connection.execute(_SERIES):
            key = SeriesKey(benchmark=row[0], metric=row[1], environment=row[2])
            grouped.setdefault(key, []).append(row)
        ordered = sorted(grouped, key=lambda key: (key.benchmark, key.metric, key.environment))
        return tuple(_series(key, grouped[key]) for key in ordered)

    def series(self, key: SeriesKey) -> Series | None:
        """Return one series, or None where nothing was measured."""
        rows = self._connection.execute(
            _SERIES + "WHERE m.benchmark = ? AND m.metric = ? AND m.environment = ?",
            (key.benchmark, key.metric, key.environment),
        ).fetchall()
        return _series(key, rows) if rows else None

    def _is_sound(self) -> bool:
        try:
            version = self._connection.execute("PRAGMA user_version").fetchone()[0]
            check = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            self._connection.execute(_SERIES + "LIMIT 1").fetchall()
        except sqlite3.DatabaseError:
            return False  # cut short or overwritten: it bears our mark, and documents rebuild it
        return bool(version == _VERSION and check == "ok")


def _is_ours(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError:
        return False
    if len(head) < 100 or not head.startswith(_MAGIC):  # noqa: PLR2004  # an SQLite header's size
        return False
    return int.from_bytes(head[68:72], "big") == _APPLICATION_ID


def _connect(path: Path) -> sqlite3.Connection:
    # Autocommit, so that transactions begin and end where `changes` says; no WAL, which breaks
    # on network file systems.
    return sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)


def _measure_rows(run_id: str, document: RunDocument) -> Iterator[_Row]:
    for record in document.records:
        if record.kind is not RecordKind.BENCHMARK:
            continue  # counts of other kinds are k of n, which a trend of medians misreads
        for measure in record.measures:
            yield (
                record.name,
                measure.metric,
                document.environment.fingerprint,
                run_id,
                float(measure.value),
                measure.q1,
                measure.q3,
                measure.unit,
                measure.direction.name,
            )


def _series(key: SeriesKey, rows: list[_Row]) -> Series:
    runs = in_commit_order(
        RunValue(stamp=_stamp(row[8:]), value=_float(row[3]), q1=_maybe(row[4]), q3=_maybe(row[5]))
        for row in rows
    )
    # The newest spelling stands: a unit that changed would show as a step, which is right.
    newest = max(rows, key=lambda row: str(row[9]))
    direction = Direction[str(newest[7])]
    return Series(key=key, unit=str(newest[6]), direction=direction, runs=runs)


def _stamp(row: _Row) -> RunStamp:
    run_id, written_at, commit_id, position, dirty, committed_at, changes = row
    return RunStamp(
        run_id=str(run_id),
        written_at=datetime.fromisoformat(str(written_at)),
        commit_id=None if commit_id is None else str(commit_id),
        position=None if position is None else int(position),
        dirty=bool(dirty),
        committed_at=None if committed_at is None else datetime.fromisoformat(str(committed_at)),
        changes=str(changes),
    )


def _float(value: str | float | None) -> float:
    assert value is not None
    return float(value)


def _maybe(value: str | float | None) -> float | None:
    return None if value is None else float(value)

"""The database of one target's campaigns: figures, where inputs came from, what was found when.

Goal: after `kill -9` at any moment every figure is there, at most a second old, and none twice.

What does not work: adding what is new since the last look. Killed between the look and the
transaction, or between the transaction and the note of where it stopped, a campaign counts too
little or too much.

What does: counts are absolute, a row for each worker, replaced by what its black box says; and
what a worker reports goes in together with how far its journal was read. Inputs and crashes are
files that are named by their content, written before the transaction that speaks of them, so that
doing it again does nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from fuzz.campaign.campaign_schema import open_database
from fuzz.campaign.errors import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from fuzz.campaign.campaign_run import Ending
    from fuzz.campaign.campaign_settings import Settings
    from fuzz.campaign.plateau import Outlook

KILLED: Final = "KILLED"  # of a worker that its parent did not see end
_COUNTS: Final = ("executions", "failures", "undecided", "features", "coverage", "replayed")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCounts:
    """What one worker has done; absolute, from its beginning."""

    executions: int = 0
    failures: int = 0
    undecided: int = 0
    features: int = 0
    coverage: int | None = None
    replayed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignTotals:
    """What all workers of a campaign have done, sittings before a resume included.

    Attributes:
        workers: Worker processes that were started.
    """

    counts: WorkerCounts
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """A worker that nobody saw end.

    Attributes:
        read_to: Bytes of its journal that were taken in.
        at_s: How far its campaign was, as far as is known.
    """

    worker: int
    campaign: int
    read_to: int
    replayed: int
    at_s: float


class CampaignDatabase:
    """One target's database, open for writing. Used by one thread; a context manager.

    Raises:
        DatabaseError: The file is damaged, another version's, or cannot be written any more.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = open_database(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._open.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is kept, or nothing of it."""
        try:
            self._open.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._open.execute("ROLLBACK")
                raise
            self._open.execute("COMMIT")
        except sqlite3.Error as error:
            raise DatabaseError(self._path, str(error)) from error

    # Campaigns.

    def begin(self, settings: Settings, engines: Sequence[str]) -> int:
        """Note that a campaign begins and return its number."""
        now = time.time()
        with self.transaction():
            return self._insert(
                "campaigns",
                settings=json.dumps(settings.to_json()),
                engines=json.dumps(list(engines)),
                pid=os.getpid(),
                began_at=now,
                seen_at=now,
            )

    def go_on(self, campaign: int, settings: Settings) -> None:
        """Note that a campaign goes on in this process."""
        with self.transaction():
            self._set(
                "campaigns",
                campaign,
                settings=json.dumps(settings.to_json()),
                pid=os.getpid(),
                ending=None,
                trouble="",
                seen_at=time.time(),
            )

    def state(  # noqa: PLR0913  # one argument a column
        self,
        campaign: int,
        *,
        elapsed_s: float,
        fuzzed_s: float,
        quiet_s: float,
        replayed: int,
        fixed: int,
        outlook: Outlook | None,
    ) -> None:
        """Note how far a campaign is; inside a transaction."""
        self._set(
            "campaigns",
            campaign,
            seen_at=time.time(),
            elapsed_s=elapsed_s,
            fuzzed_s=fuzzed_s,
            quiet_s=quiet_s,
            replayed=replayed,
            fixed=fixed,
            outlook=None if outlook is None else json.dumps(asdict(outlook)),
        )

    def end(self, campaign: int, ending: Ending, *, trouble: str = "") -> None:
        """Note how a campaign ended; inside a transaction."""
        self._set("campaigns", campaign, ending=ending.name, trouble=trouble, seen_at=time.time())

    # Workers.

    def new_worker(self, campaign: int, *, number: int, engine: str) -> int:
        """Note that a worker is about to start; before its files are there, so that none is lost.

        Returns:
            Its number in the database, which names its files.
        """
        with self.transaction():
            return self._insert(
                "workers", campaign=campaign, number=number, engine=engine, began_at=time.time()
            )

    def worker(  # one argument a column
        self,
        worker: int,
        counts: WorkerCounts,
        *,
        read_to: int,
        pid: int | None = None,
        ending: str | None = None,
    ) -> None:
        """Note what a worker has done and how far its journal was read; inside a transaction."""
        self._set("workers", worker, **asdict(counts), read_to=read_to, pid=pid, ending=ending)

    def left_behind(self) -> list[LeftBehind]:
        """Return every worker that nobody saw end."""
        rows = self._open.execute(
            "SELECT workers.id, campaign, read_to, workers.replayed, fuzzed_s FROM workers"
            " JOIN campaigns ON campaigns.id = campaign"
            " WHERE workers.ending IS NULL ORDER BY workers.id"
        )
        return [
            LeftBehind(worker=row[0], campaign=row[1], read_to=row[2], replayed=row[3], at_s=row[4])
            for row in rows
        ]

    def totals(self, campaign: int) -> CampaignTotals:
        """Return what the workers of a campaign have done together."""
        return totals_in(self._open, campaign)

    # Inputs, findings, marks, suspects, notes.

    def inputs(
        self,
        campaign: int,
        found: Iterable[tuple[str, int, str]],
        *,
        at_s: float,
        executions: int,
    ) -> None:
        """Note inputs as (name, size, origin); those that are known stay; inside a transaction."""
        self._open.executemany(
            "INSERT INTO inputs VALUES (?, ?, ?, ?, ?, ?, NULL)"
            " ON CONFLICT(name) DO UPDATE SET gone = NULL",
            [(name, size, campaign, origin, at_s, executions) for name, size, origin in found],
        )

    def gone(self, names: Iterable[str], why: str) -> None:
        """Note why inputs are no longer in the corpus; inside a transaction."""
        self._open.executemany(
            "UPDATE inputs SET gone = ? WHERE name = ?", [(why, name) for name in names]
        )

    def known_inputs(self) -> dict[str, str | None]:
        """Return the names of all inputs that ever were, with why those are gone that are."""
        return dict(self._open.execute("SELECT name, gone FROM inputs"))

    def finding(  # noqa: PLR0913  # one argument a column
        self,
        campaign: int,
        key: str,
        *,
        kind: str,
        message: str,
        name: str,
        known: bool,
        at_s: float,
        executions: int,
    ) -> None:
        """Note a finding, or that a smaller input shows it; inside a transaction."""
        self._open.execute(
            "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT(campaign, key) DO UPDATE SET name = excluded.name",
            (key, campaign, kind, message, name, int(known), at_s, executions),
        )

    def findings(self, campaign: int) -> list[tuple[str, str, bool]]:
        """Return (key, name of its input, known) of a campaign's findings."""
        rows = self._open.execute(
            "SELECT key, name, known FROM findings WHERE campaign = ? ORDER BY at_s", (campaign,)
        )
        return [(key, name, bool(known)) for key, name, known in rows]

    def mark(  # noqa: PLR0913  # one argument a column
        self,
        campaign: int,
        *,
        at_s: float,
        executions: int,
        paths: int,
        coverage: int | None,
        features: int,
    ) -> None:
        """Note a point of the curve; inside a transaction."""
        self._open.execute(
            "INSERT OR REPLACE INTO curve VALUES (?, ?, ?, ?, ?, ?)",
            (campaign, at_s, executions, paths, coverage, features),
        )

    def curve(self, campaign: int) -> list[tuple[float, int, int]]:
        """Return (seconds, executions, new paths by then), the oldest first."""
        return self._open.execute(
            "SELECT at_s, executions, paths FROM curve WHERE campaign = ? ORDER BY at_s",
            (campaign,),
        ).fetchall()

    def growth(self, campaign: int) -> list[tuple[float, int | None, int, int]]:
        """Return (seconds, edges covered, features, new paths) over time, the oldest first."""
        return self._open.execute(
            "SELECT at_s, coverage, features, paths FROM curve WHERE campaign = ? ORDER BY at_s",
            (campaign,),
        ).fetchall()

    def suspect(self, name: str) -> int:
        """Note that a process was killed while an input ran; return how often by now."""
        self._open.execute(
            "INSERT INTO suspects VALUES (?, 1)"
            " ON CONFLICT(name) DO UPDATE SET deaths = deaths + 1",
            (name,),
        )
        row = self._open.execute("SELECT deaths FROM suspects WHERE name = ?", (name,)).fetchone()
        return int(row[0])

    def cleared(self, name: str) -> None:
        """Note that an input is no suspect any more; inside a transaction."""
        self._open.execute("DELETE FROM suspects WHERE name = ?", (name,))

    def note(self, campaign: int, text: str) -> None:
        """Keep something that a reader of the figures should know; inside a transaction."""
        self._open.execute(
            "INSERT OR IGNORE INTO notes (campaign, text) VALUES (?, ?)", (campaign, text)
        )

    def notes(self, campaign: int) -> tuple[str, ...]:
        """Return what was noted of a campaign."""
        return notes_in(self._open, campaign)

    def last_campaign(self) -> dict[str, Any] | None:
        """Return the columns of the newest campaign, or None."""
        return last_campaign_in(self._open)

    def _insert(self, table: str, **columns: object) -> int:
        names = ", ".join(columns)
        holes = ", ".join("?" for _ in columns)
        done = self._open.execute(
            f"INSERT INTO {table} ({names}) VALUES ({holes})",  # noqa: S608  # names of ours
            tuple(columns.values()),
        )
        assert done.lastrowid is not None
        return done.lastrowid

    def _set(self, table: str, row: int, **columns: object) -> None:
        names = ", ".join(f"{name} = ?" for name in columns)
        self._open.execute(
            f"UPDATE {table} SET {names} WHERE id = ?",  # noqa: S608  # names of ours
            (*columns.values(), row),
        )


def last_campaign_in(opened: sqlite3.Connection) -> dict[str, Any] | None:
    """Return the columns of the newest campaign, or None."""
    found = opened.execute("SELECT * FROM campaigns ORDER BY id DESC LIMIT 1")
    row = found.fetchone()
    if row is None:
        return None
    return {column[0]: value for column, value in zip(found.description, row, strict=True)}


def totals_in(opened: sqlite3.Connection, campaign: int) -> CampaignTotals:
    """Return what the workers of a campaign have done together."""
    row = opened.execute(
        "SELECT total(executions), total(failures), total(undecided), max(features),"
        " max(coverage), total(replayed), count(*) FROM workers WHERE campaign = ?",
        (campaign,),
    ).fetchone()
    *counts, workers = row
    fields = dict(zip(_COUNTS, counts, strict=True))
    coverage = fields.pop("coverage")
    whole = {name: int(value or 0) for name, value in fields.items()}
    return CampaignTotals(counts=WorkerCounts(coverage=coverage, **whole), workers=workers)


def notes_in(opened: sqlite3.Connection, campaign: int) -> tuple[str, ...]:
    """Return what was noted of a campaign."""
    rows = opened.execute("SELECT text FROM notes WHERE campaign = ? ORDER BY id", (campaign,))
    return tuple(text for (text,) in rows)

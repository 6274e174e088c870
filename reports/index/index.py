"""An index of a store's documents: quick to ask, safe to throw away.

The truth is the documents. The index is an SQLite file in the store, or tables in a PostgreSQL
database; both have the same tables and get the same statements.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import select

from reports.index import asking, changing
from reports.index.address import ServerAddress
from reports.index.engines import file_engine, reading, server_engine, told, writing
from reports.index.errors import IndexLostError
from reports.index.schema import MARK, RUN
from reports.index.server_tables import claim_tables
from reports.index.sqlite_file import ensure_index_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from reports.document import RunDocument
    from reports.environment import Environment
    from reports.record import RecordKind
    from reports.series import EnvironmentSpan, RunStamp, Series, SeriesKey


class Index:
    """An open index. Use it in one thread, and close it.

    Any method raises `IndexLostError` when the index is gone or damaged, `IndexBusyError` when
    another process keeps it, and `IndexUnreachableError` when the database does not answer.
    """

    __slots__ = ("_address", "_engine", "shown")

    def __init__(self, engine: Engine, *, shown: str, address: ServerAddress | None = None) -> None:
        self._engine = engine
        self._address = address
        self.shown = shown

    @classmethod
    def in_file(cls, path: Path, *, store: str, anew: bool = False) -> Index:
        """Return the index in a file of the store, made where none is or only remains of ours.

        Args:
            anew: Make it in any case, since the one that is there does not answer.

        Raises:
            StoreNotOursError: Something else lies there; it was not opened and not changed.
        """
        ensure_index_file(path, store=store, anew=anew)
        return cls(file_engine(path), shown=path.name)

    @classmethod
    def on_server(cls, url: str, *, store: str) -> Index:
        """Return the index in a PostgreSQL database, with tables made where none are.

        Raises:
            BadValueError: `url` is no URL of such a database.
            MissingExtraError: psycopg is not installed.
            IndexOfAnotherStoreError: The database holds the index of another store.
            IndexVersionError: Another version of holdfast made it.
            IndexNotOursError: Tables there only look like ours.
        """
        address = ServerAddress.from_text(url)
        index = cls(server_engine(address), shown=address.shown, address=address)
        try:
            with told(index.shown, address):
                claim_tables(index._engine, store=store, shown=index.shown)
        except BaseException:
            index.close()
            raise
        return index

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.shown}>"

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def run_names(self) -> frozenset[str]:
        """Return the names of all documents that are indexed."""
        with self._questions() as connection:
            return changing.run_names(connection)

    def add(self, documents: Mapping[str, RunDocument], *, anew: bool = False) -> None:
        """Index documents by their names; what was indexed of them stays, or is made `anew`."""
        with self._changes() as connection:
            if anew:
                changing.remove(connection, documents)
            changing.add(connection, documents)

    def keep_only(self, present: Callable[[], Collection[str]]) -> None:
        """Forget the documents that are not among those present.

        Args:
            present: Is asked while nobody else changes the index: what another process has
                written and indexed since must not be taken for gone.
        """
        with self._changes() as connection:
            gone = changing.run_names(connection) - set(present())
            if gone:
                changing.remove(connection, gone)
                changing.sweep(connection)

    def remove(self, names: Collection[str]) -> None:
        """Forget documents."""
        with self._changes() as connection:
            changing.remove(connection, names)

    def sweep(self) -> None:
        """Forget what belongs to no document."""
        with self._changes() as connection:
            changing.sweep(connection)

    def place(self, positions: Mapping[str, int]) -> None:
        """Keep where commits stand, in place of all that a repository said before."""
        with self._changes() as connection:
            changing.place(connection, positions)

    def commits(self) -> tuple[str, ...]:
        """Return every commit that was measured, by its id."""
        with self._questions() as connection:
            return asking.commits(connection)

    def stamps(
        self,
        *,
        commit: str | None = None,
        session: str | None = None,
        kind: RecordKind | None = None,
    ) -> tuple[RunStamp, ...]:
        """Return the runs that are of a commit, of a session and of a kind, the last one first."""
        conditions = []
        if commit is not None:
            conditions.append(RUN.c.commit_id == commit)
        if session is not None:
            conditions.append(RUN.c.session == session)
        with self._questions() as connection:
            found = asking.stamps(connection, *conditions)
        return found if kind is None else tuple(one for one in found if kind in one.kinds)

    def environments(self) -> tuple[Environment, ...]:
        """Return every environment in which something ran, by fingerprint."""
        with self._questions() as connection:
            return asking.environments(connection)

    def environment(self, fingerprint: str) -> Environment:
        """Return the environment behind a fingerprint.

        Raises:
            KeyError: No run of that environment is indexed.
        """
        with self._questions() as connection:
            found = asking.environments(connection, fingerprint)
        if not found:
            raise KeyError(fingerprint)
        return found[0]

    def spans(self, benchmark: str) -> tuple[EnvironmentSpan, ...]:
        """Return in which environments a benchmark was measured, and when."""
        with self._questions() as connection:
            return asking.spans(connection, benchmark)

    def series_keys(self) -> tuple[SeriesKey, ...]:
        """Return the key of every series, by benchmark, metric and environment."""
        with self._questions() as connection:
            return asking.series_keys(connection)

    def all_series(self) -> tuple[Series, ...]:
        """Return every series, ordered by benchmark, metric and environment."""
        with self._questions() as connection:
            return asking.series(connection)

    def series_of(self, benchmark: str) -> tuple[Series, ...]:
        """Return the series of one benchmark, ordered by metric and environment."""
        with self._questions() as connection:
            return asking.series(connection, asking.of_benchmark(benchmark))

    def series(self, key: SeriesKey) -> Series | None:
        """Return one series, or None where nothing was measured."""
        with self._questions() as connection:
            found = asking.series(connection, *asking.of_series(key))
        return found[0] if found else None

    @contextmanager
    def _questions(self) -> Iterator[Connection]:
        with told(self.shown, self._address), reading(self._engine).begin() as connection:
            try:
                yield connection
            except (KeyError, ValueError) as error:
                # A row refers to one that is not there, or holds what we never wrote.
                raise IndexLostError(self.shown, f"a row in it is damaged ({error})") from error

    @contextmanager
    def _changes(self) -> Iterator[Connection]:
        """Make all changes in one transaction, alone; an exception takes them all back."""
        with told(self.shown, self._address), writing(self._engine).begin() as connection:
            # Who has the mark has the index: numbers are given out by whoever holds it.
            if connection.scalar(select(MARK.c.id).with_for_update()) is None:
                raise IndexLostError(self.shown, "its mark is gone")
            yield connection

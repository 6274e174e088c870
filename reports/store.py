"""The store: every run ever reported, and the questions that the page and the gate ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeVar

from reports.document import RunDocument, content_id
from reports.errors import BadValueError, DamagedDocumentError, MissingExtraError, ReportsError
from reports.layout import (
    INDEX,
    RUNS,
    document_names,
    require_store,
    store_identity,
    strangers,
)
from reports.strict_json import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path
    from types import TracebackType

    from reports.environment import Environment
    from reports.index.index import Index
    from reports.record import RecordKind
    from reports.series import EnvironmentSpan, RunStamp, Series, SeriesKey

    Progress = Callable[[int, int], None]

# A batch is written in one transaction: a crash loses at most this much work, and others wait no
# longer than it takes to write it, since documents are read before.
_BATCH_DOCUMENTS: Final = 64
_BATCH_RECORDS: Final = 20_000
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """How many of the commits that were measured a repository could place."""

    commits: int
    placed: int


class Store:
    """An open store. Opening brings the index up to date with the documents.

    Documents that are damaged, changed or not ours are left alone and listed in `refused`; the
    others still count. Any number of processes may have one store open at the same time. Use a
    `Store` in one thread, as a context manager.

    Args:
        index: Where the index is: the URL of a PostgreSQL database, or None for the SQLite file
            in the store. A database belongs to the first store that uses it.
        progress: Is called with how many documents were read, and of how many.
        anew: Begin with `rebuild`, rather than index only what is new.

    Raises:
        NoStoreError: There is nothing at the path.
        StoreNotOursError: The folder, or the index in it, is not ours; nothing was changed.
        MissingExtraError: The libraries of the extra `reports` or `postgres` are not installed.
        reports.index.errors.IndexUnreachableError: The database does not answer.
        reports.index.errors.IndexOfAnotherStoreError: The database belongs to another store.
    """

    __slots__ = ("_index", "_url", "path", "refused")

    def __init__(
        self,
        path: Path,
        index: str | None = None,
        *,
        progress: Progress | None = None,
        anew: bool = False,
    ) -> None:
        require_store(path)
        self.path = path
        self.refused: tuple[ReportsError, ...] = ()
        self._url = index
        self._index = self._opened()
        try:
            if anew:
                self.rebuild(progress=progress)
            else:
                self.refresh(progress=progress)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}, {self._index.shown}>"

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def refresh(self, *, progress: Progress | None = None) -> None:
        """Index documents that came since, forget those that went, and list the refused."""

        def bring_up_to_date(index: Index) -> None:
            known = index.run_names()
            present = self._names()
            fresh = present - known
            refused = self._index_all(index, fresh, progress=progress)
            # Who deletes a document while we read it may have looked before we had indexed it.
            if known - present or (fresh and fresh - self._names()):
                index.keep_only(self._names)
            self.refused = (*self._strangers(), *refused.values())

        self._ask(bring_up_to_date)

    def rebuild(self, *, progress: Progress | None = None) -> None:
        """Read every document again, checking each anew, and index just what they say.

        Others may use the index meanwhile: each run is replaced at once, and none is ever missing.
        Where a repository says that commits stand is kept.
        """

        def make_anew(index: Index) -> None:
            refused = self._index_all(index, self._names(), progress=progress, anew=True)
            index.remove(refused)
            index.keep_only(self._names)
            index.sweep()
            self.refused = (*self._strangers(), *refused.values())

        self._ask(make_anew)

    def place_commits(self, repository: Path) -> Placed:
        """Order runs by where a repository says that their commits stand; documents stay as are.

        For results that were imported, which name a commit and not its place. The repository is
        asked once for all commits, and what it says holds until another is asked.

        Raises:
            reports.index.errors.RepositoryError: There is no repository, or only a shallow clone.
        """
        from reports.index.positions import positions_of  # noqa: PLC0415  # few ever need it

        commits = self._ask(lambda index: index.commits())
        positions = positions_of(commits, repository=repository)
        self._ask(lambda index: index.place(positions))
        return Placed(commits=len(commits), placed=len(positions))

    def stamps(self, *, kind: RecordKind | None = None) -> tuple[RunStamp, ...]:
        """Return every run, or those with records of a kind, the one written last first."""
        return self._ask(lambda index: index.stamps(kind=kind))

    def runs_of_commit(self, commit_id: str) -> tuple[RunStamp, ...]:
        """Return the runs of a commit, with or without changes, the one written last first."""
        return self._ask(lambda index: index.stamps(commit=commit_id))

    def runs_of_session(self, session: str) -> tuple[RunStamp, ...]:
        """Return the runs that were measured in turn in one session, the last first."""
        if not session:
            raise BadValueError("runs_of_session", "no session", "the name of one")
        return self._ask(lambda index: index.stamps(session=session))

    def document(self, run_id: str) -> RunDocument:
        """Return one run's document, checked against its name.

        Raises:
            DamagedDocumentError: It is gone, or no longer what was written.
        """
        return load_document(self.path / RUNS / f"{run_id}.json")

    def environment(self, fingerprint: str) -> Environment:
        """Return the environment behind a fingerprint."""
        return self._ask(lambda index: index.environment(fingerprint))

    def environments(self) -> tuple[Environment, ...]:
        """Return every environment in which something ran."""
        return self._ask(lambda index: index.environments())

    def environments_of(self, benchmark: str) -> tuple[EnvironmentSpan, ...]:
        """Return in which environments a benchmark was measured and when, the first first."""
        return self._ask(lambda index: index.spans(benchmark))

    def series_keys(self) -> tuple[SeriesKey, ...]:
        """Return the key of every series, ordered by benchmark, metric and environment."""
        return self._ask(lambda index: index.series_keys())

    def all_series(self) -> tuple[Series, ...]:
        """Return every series of every benchmark, ordered by name."""
        return self._ask(lambda index: index.all_series())

    def series_of(self, benchmark: str) -> tuple[Series, ...]:
        """Return every series of one benchmark, ordered by metric and environment."""
        return self._ask(lambda index: index.series_of(benchmark))

    def series(self, key: SeriesKey) -> Series | None:
        """Return one series, or None where nothing was measured."""
        return self._ask(lambda index: index.series(key))

    def _ask(self, question: Callable[[Index], _Answer]) -> _Answer:
        from reports.index.errors import IndexLostError  # noqa: PLC0415  # loaded with the index

        # Gone or damaged since it was opened, an index is made anew: the documents hold all that
        # was in it. So is one that still looks sound, if it cannot answer after all.
        fresh = False
        for anew in (False, True):
            try:
                return self._answer(question, fresh=fresh)
            except IndexLostError:
                self._index.close()
                self._index = self._opened(anew=anew)
                fresh = True
        return self._answer(question, fresh=fresh)

    def _answer(self, question: Callable[[Index], _Answer], *, fresh: bool) -> _Answer:
        if fresh:
            self._index_all(self._index, self._names() - self._index.run_names())
        return question(self._index)

    def _opened(self, *, anew: bool = False) -> Index:
        try:
            from reports.index.index import Index  # noqa: PLC0415  # writers do without it
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "sqlalchemy":
                raise
            raise MissingExtraError("SQLAlchemy", "the index of a store") from error
        identity = store_identity(self.path)
        if self._url is not None:
            return Index.on_server(self._url, store=identity)
        return Index.in_file(self.path / INDEX, store=identity, anew=anew)

    def _index_all(
        self,
        index: Index,
        names: Collection[str],
        *,
        progress: Progress | None = None,
        anew: bool = False,
    ) -> dict[str, ReportsError]:
        """Index documents, and return why those that could not be read were refused."""
        refused: dict[str, ReportsError] = {}
        batch: dict[str, RunDocument] = {}
        for at, name in enumerate(sorted(names), start=1):
            try:
                batch[name] = self.document(name)
            except ReportsError as error:
                if (self.path / RUNS / f"{name}.json").exists():
                    refused[name] = error
            if _is_full(batch) or at == len(names):
                index.add(batch, anew=anew)
                batch = {}
                if progress is not None:
                    progress(at, len(names))
        return refused

    def _names(self) -> frozenset[str]:
        return document_names(self.path)

    def _strangers(self) -> Iterator[DamagedDocumentError]:
        for name in strangers(self.path):
            yield DamagedDocumentError(name, "a document is named by 64 hex digits and .json")


def load_document(path: Path) -> RunDocument:
    """Return the document in a file of a store, checked against its name.

    Raises:
        DamagedDocumentError: It is gone, damaged, or no longer what was written.
        UnknownDocumentError: It is of a later version.
    """
    data = read_bytes(path)
    if content_id(data) != path.stem:
        raise DamagedDocumentError(path.name, "its content is not what its name says")
    return RunDocument.from_bytes(data, document=path.name)


def _is_full(batch: dict[str, RunDocument]) -> bool:
    records = sum(len(one.records) for one in batch.values())
    return len(batch) >= _BATCH_DOCUMENTS or records >= _BATCH_RECORDS

"""The store: every run ever reported, and the questions that the page and the gate ask."""

from __future__ import annotations

import contextlib
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from reports.document import RunDocument, content_id
from reports.errors import DamagedDocumentError, ReportsError
from reports.index.index import Index
from reports.layout import INDEX, RUNS, require_store
from reports.strict_json import read_bytes

if TYPE_CHECKING:
    from types import TracebackType

    from reports.environment import Environment
    from reports.series import RunStamp, Series, SeriesKey

_NAME: Final = re.compile(r"[0-9a-f]{64}\.json")


class Store:
    """An open store. Opening brings the index up to date with the documents.

    Documents that are damaged, changed or not ours are left alone and listed in `refused`; the
    others still count. Use a store in one thread, as a context manager.

    Raises:
        NoStoreError: There is nothing at the path.
        StoreNotOursError: The folder, or the index in it, is not ours; nothing was changed.
    """

    __slots__ = ("_index", "path", "refused")

    def __init__(self, path: Path) -> None:
        require_store(path)
        self.path = path
        self.refused: tuple[ReportsError, ...] = ()
        self._index = Index.open(path / INDEX) or self._built_anew()
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def refresh(self) -> None:
        """Index documents that came since, forget those that went, and list the refused."""
        present = {path.stem: path for path in self._documents()}
        known = self._index.run_ids()
        refused: list[ReportsError] = [*self._strangers()]
        with self._index.changes():
            self._index.remove(known - present.keys())
            for run_id in sorted(present.keys() - known):
                try:
                    self._index.add(run_id, self._load(present[run_id]))
                except ReportsError as error:
                    refused.append(error)
        self.refused = tuple(refused)

    def rebuild(self) -> None:
        """Forget all that is indexed and read every document again, checking each anew."""
        with self._index.changes():
            self._index.remove(self._index.run_ids())
        self.refresh()

    def stamps(self) -> tuple[RunStamp, ...]:
        """Return every run, the one written last first."""
        return self._index.stamps()

    def document(self, run_id: str) -> RunDocument:
        """Return one run's document, checked against its name.

        Raises:
            DamagedDocumentError: It is gone, or no longer what was written.
        """
        return self._load(self.path / RUNS / f"{run_id}.json")

    def environment(self, fingerprint: str) -> Environment:
        """Return the environment behind a fingerprint."""
        return self._index.environment(fingerprint)

    def all_series(self) -> tuple[Series, ...]:
        """Return every series of every benchmark, ordered by name."""
        return self._index.all_series()

    def series(self, key: SeriesKey) -> Series | None:
        """Return one series, or None where nothing was measured."""
        return self._index.series(key)

    def _documents(self) -> list[Path]:
        return [one for one in self._entries() if _NAME.fullmatch(one.name)]

    def _strangers(self) -> list[DamagedDocumentError]:
        return [
            DamagedDocumentError(one.name, "a document is named by 64 hex digits and .json")
            for one in self._entries()
            if not _NAME.fullmatch(one.name) and not one.name.startswith(".")
        ]

    def _entries(self) -> list[Path]:
        runs = self.path / RUNS
        return sorted(runs.iterdir()) if runs.is_dir() else []

    def _load(self, path: Path) -> RunDocument:
        data = read_bytes(path)
        if content_id(data) != path.stem:
            raise DamagedDocumentError(path.name, "its content is not what its name says")
        return RunDocument.from_bytes(data, document=path.name)

    def _built_anew(self) -> Index:
        """Return an index where none is, or only the remains of one of ours."""
        # Built aside and linked into place, so that a crash leaves nothing half made, and of
        # several processes that do this at once one wins and the others use its file: SQLite
        # refuses to write to a file that was replaced under it.
        target = self.path / INDEX
        with tempfile.TemporaryDirectory(dir=self.path, prefix=f".{INDEX}.") as aside:
            partial = Path(aside) / INDEX
            Index.create(partial).close()
            with contextlib.suppress(FileExistsError):
                target.hardlink_to(partial)
        index = Index.open(target)
        assert index is not None, "an index that was just made is sound"
        return index

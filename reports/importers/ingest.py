"""Bring results that other programs wrote into the store, whichever of the known kinds they are."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, Self

from reports.document import RunDocument
from reports.importers.choices import Choices, Format
from reports.importers.here import Here
from reports.importers.recognise import Result, read_result
from reports.layout import claim_store
from reports.record import Direction, RecordKind
from reports.write import DocumentWriter

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from reports.record import Record

_OURS: Final = frozenset({Format.RUN, Format.EXPORT})  # they say which way every metric gets better


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of one file.

    Attributes:
        paths: Its documents in the store, the old ones and the new.
        new: How many of them were not there.
        records: In all of them.
        undirected: Metrics, each with a benchmark that has it, of which nothing says which way
            they get better: they are kept and shown, and never judged.
    """

    file: Path
    format: Format
    paths: tuple[Path, ...]
    new: int
    records: int
    undirected: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """The first document, which is the only one of most formats."""
        return self.paths[0]


def ingest_file(file: Path, *, store: Path, choices: Choices | None = None) -> Ingested:
    """Put a result file into the store; the file itself is only read.

    The same file ingested twice is one run. A file is taken whole or not at all.

    Raises:
        DamagedDocumentError: The file is cut short, malformed or beyond a limit.
        UnknownDocumentError: It is of none of the known kinds.
        BadValueError: A choice is none, such as a commit that git does not know.
        StoreNotOursError: `store` holds something that holdfast did not write.
    """
    with Ingestion(store, choices=choices) as ingestion:
        return ingestion.take(file)


def read_runs(file: Path, *, choices: Choices | None = None) -> tuple[RunDocument, ...]:
    """Return the runs of a result file as `ingest_file` would store them; raises as it does."""
    return _Reading(Here(choices or Choices())).runs(file).documents


class Ingestion:
    """Many files into one store. A context manager; belongs to one thread.

    Git and the machine are asked once for all files, and the disk for many of them at once.

    Raises:
        BadValueError: A choice is none, such as a commit that git does not know.
        StoreNotOursError: `store` holds something that holdfast did not write.
    """

    def __init__(self, store: Path, *, choices: Choices | None = None) -> None:
        self._reading = _Reading(Here(choices or Choices()))
        if store.exists():
            claim_store(
                store
            )  # refused before a file is read; an absent one is made with the first
        self._writer = DocumentWriter(store)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.flush()

    def flush(self) -> None:
        """Return when what was taken so far survives a power cut."""
        self._writer.flush()

    def take(self, file: Path) -> Ingested:
        """Put one file into the store; raises as `ingest_file` does."""
        result = self._reading.runs(file)
        form, documents = result.format, result.documents
        paths: list[Path] = []
        new = 0
        for document, run_id in zip_longest(documents, result.run_ids, fillvalue=""):
            assert isinstance(document, RunDocument), "ids are no more than the runs"
            path, is_new = self._kept(document, run_id)
            paths.append(path)
            new += is_new
        return Ingested(
            file=file,
            format=form,
            paths=tuple(paths),
            new=new,
            records=sum(len(one.records) for one in documents),
            undirected=() if form in _OURS else _undirected(documents),
        )

    def _kept(self, document: RunDocument, run_id: str) -> tuple[Path, bool]:
        """Write a document unless it is there: by its id, or without its commit's position."""
        original = self._writer.path_of_id(run_id)
        if run_id and original.exists():
            return original, False
        plain = document.to_bytes()
        if self._writer.has(plain):
            return self._writer.path_of(plain), False  # or taken before the commit was known
        placed = self._reading.here.placed(document)
        data = plain if placed is document else placed.to_bytes()
        is_new = not self._writer.has(data)
        return self._writer.write_bytes(data), is_new


class _Reading:
    """Reads files and applies the directions that somebody chose."""

    def __init__(self, here: Here) -> None:
        self.here = here

    def runs(self, file: Path) -> Result:
        result = read_result(file, here=self.here)
        if result.format in _OURS or not self.here.choices.directions:
            return result
        documents = tuple(self._directed(one) for one in result.documents)
        return dataclasses.replace(result, documents=documents)

    def _directed(self, document: RunDocument) -> RunDocument:
        records = tuple(self._directed_record(record) for record in document.records)
        return dataclasses.replace(document, records=records)

    def _directed_record(self, record: Record) -> Record:
        choices = self.here.choices
        measures = tuple(
            measure
            if (chosen := choices.direction(record.name, measure.metric)) is None
            else dataclasses.replace(measure, direction=chosen)
            for measure in record.measures
        )
        return dataclasses.replace(record, measures=measures)


def _undirected(documents: tuple[RunDocument, ...]) -> tuple[tuple[str, str], ...]:
    found = {
        measure.metric: record.name
        for document in documents
        for record in document.records
        if record.kind is RecordKind.BENCHMARK
        for measure in record.measures
        if measure.direction is Direction.NEITHER
    }
    return tuple(sorted(found.items()))

"""Bring a result that another program wrote into the store, whichever of the known kinds it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reports.commit import read_commit
from reports.document import RUN_SCHEMA, RunDocument
from reports.environment import Environment
from reports.errors import UnknownDocumentError
from reports.importers.exploration import EXPLORATION_SCHEMA, record_from_exploration
from reports.importers.exploration import SOURCE as EXPLORATION_SOURCE
from reports.importers.pytest_benchmark import is_pytest_benchmark, run_from_pytest_benchmark
from reports.strict_json import parse, read_bytes
from reports.write import write_document

if TYPE_CHECKING:
    from reports.strict_json import Fields

KNOWN_KINDS = (RUN_SCHEMA, EXPLORATION_SCHEMA, "pytest-benchmark JSON")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of one file: the document in the store, and whether it was new there."""

    path: Path
    records: int
    new: bool


def ingest_file(file: Path, *, store: Path) -> Ingested:
    """Put a result file into the store; the file itself is only read.

    The same file ingested twice is one document. What a file does not say, such as where an
    exploration ran, is taken from here: the machine, the commit, the file's own date.

    Raises:
        DamagedDocumentError: The file is cut short, malformed or beyond a limit.
        UnknownDocumentError: It is of none of the known kinds.
        StoreNotOursError: `store` holds something that holdfast did not write.
    """
    document = read_result(file)
    known = set(store.glob("runs/*.json"))
    path = write_document(document, store=store)
    return Ingested(path=path, records=len(document.records), new=path not in known)


def read_result(file: Path) -> RunDocument:
    """Return a result file as a run document; raises as `ingest_file` does."""
    values = parse(read_bytes(file), document=str(file))
    if "schema" in values:
        return _by_schema(values, file)
    if is_pytest_benchmark(values):
        return run_from_pytest_benchmark(values)
    raise UnknownDocumentError(str(file), "JSON of an unknown kind", KNOWN_KINDS)


def _by_schema(values: Fields, file: Path) -> RunDocument:
    schema = values.text("schema")
    if schema == RUN_SCHEMA:
        return RunDocument.from_fields(values, document=str(file))
    if schema == EXPLORATION_SCHEMA:
        return RunDocument(
            source=EXPLORATION_SOURCE,
            written_at=datetime.fromtimestamp(file.stat().st_mtime, UTC),
            environment=Environment.capture(),
            commit=read_commit(Path.cwd()),
            records=(record_from_exploration(values),),
        )
    raise UnknownDocumentError(str(file), schema, KNOWN_KINDS)

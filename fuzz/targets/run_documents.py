"""Bytes to documents of results: refused with what is wrong, or read and written as the same.

An even first byte says that the rest are edits of a whole document, one of each kind that can be
ingested: few random texts would be JSON at all.
"""

from __future__ import annotations

import copy
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.byte_reader import ByteReader
from fuzz.fuzz_target import Target

# A leaf of another package: what is fuzzed is this very function.
from reports import ReportsError, RunDocument
from reports.importers.ingest import read_result

if TYPE_CHECKING:
    from collections.abc import Callable

    from fuzz.fuzz_target import Run

ENVIRONMENT: Final = {
    "python": "3.12.1", "implementation": "CPython", "platform": "Linux", "system": "Linux",
    "machine": "x86_64", "cpu": "a processor", "cores": 2, "free_threaded": False, "packages": {},
}  # fmt: skip
WHOLE: Final[tuple[dict[str, Any], ...]] = (
    {
        "schema": "holdfast.run/1", "source": "a run", "written_at": "2026-01-02T03:04:05+00:00",
        "environment": ENVIRONMENT, "commit": None, "load_1m": 0.5,
        "records": [
            {
                "kind": "fuzz", "name": "one", "outcome": "passed", "message": "", "replay": "",
                "params": {"seed": "1"},
                "measures": [
                    {"metric": "rate", "value": 1.5, "unit": "1/s", "direction": "higher"}
                ],
            }
        ],
    },
    {
        "schema": "holdfast.exploration/1", "name": "app:body", "verdict": "PASSED",
        "executions": 10, "exhausted": False, "evidence": "10 executions", "strategy": "random",
        "seed": 0, "model": "gil", "overruns": 0, "elapsed_s": 0.5, "cpu_s": 0.5,
        "estimate": None, "resume": "", "workers": 1, "finding": None,
    },
    {
        "machine_info": {"python_version": "3.12.1", "system": "Linux", "cpu": {"count": 2}},
        "commit_info": {"id": "0" * 40, "dirty": False}, "datetime": "2026-01-02T03:04:05+00:00",
        "version": "5.0", "benchmarks": [
            {"name": "b", "fullname": "t::b", "params": None, "group": None,
             "stats": {"min": 1.0, "max": 2.0, "mean": 1.5, "median": 1.5, "stddev": 0.1,
                       "rounds": 5, "data": [1.0, 2.0]}}
        ],
    },
)  # fmt: skip
ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1e308, 2**70, "", "x" * 300, "\x1b[2J", "\ud800", [], {}, [[]], {"": 1},
    "<script>", "../../etc", 0.1, "NaN",
)  # fmt: skip


def document_of(data: bytes) -> bytes:
    """Return the document that an input stands for."""
    if not data or data[0] % 2:
        return data[1:]
    reader = ByteReader(data[1:])
    whole = copy.deepcopy(WHOLE[reader.below(len(WHOLE))])
    while reader.left and whole:
        _edit(whole, reader)
    return json.dumps(whole).encode()


def _edit(place: Any, reader: ByteReader) -> None:  # noqa: ANN401  # any JSON
    """Go down a path that the bytes choose, and change what is there."""
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[reader.below(len(keys))]
        inner = place[key]
        if isinstance(inner, dict | list) and inner and reader.below(4):
            place = inner
            continue
        if reader.below(5):
            place[key] = copy.deepcopy(ODD[reader.below(len(ODD))])
        else:
            del place[key]
        return


def document_run(
    read: Callable[[Path], RunDocument] = read_result,
    write: Callable[[RunDocument], bytes] = RunDocument.to_bytes,
) -> Run:
    """Return the `run` of this target for another reader or writer."""
    folder = tempfile.TemporaryDirectory(prefix="holdfast-documents-")
    file = Path(folder.name) / "document.json"

    def run(data: bytes) -> None:
        file.write_bytes(document_of(data))
        try:
            document = read(file)
        except ReportsError as error:
            if not str(error):
                raise AssertionError("a refusal without a word") from error
            return
        written = write(document)
        file.write_bytes(written)
        assert write(read(file)) == written, "what is written and read is written otherwise"

    run.folder = folder  # type: ignore[attr-defined]  # it goes when the target does
    return run


RUN_DOCUMENTS: Final = Target(
    name="run_documents",
    run=document_run(),
    what="any file is refused with what is wrong, or is a result that reads and writes the same",
    instrument=(
        "reports.document", "reports.strict_json", "reports.importers.ingest",
        "reports.importers.exploration", "reports.importers.pytest_benchmark",
        "reports.environment", "reports.commit", "reports.record",
    ),
    seeds=(
        b"\x00\x00", b"\x00\x01", b"\x00\x02",
        *(b"\x01" + json.dumps(one).encode() for one in WHOLE),
    ),
    max_bytes=2_048,
)  # fmt: skip

"""Bytes to documents of results: refused with what is wrong, or read and written as the same.

An even first byte says that the rest are edits of a whole document, one of each kind that can be
ingested: few random texts would be JSON at all.
"""

from __future__ import annotations

import copy
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape, quoteattr

from fuzz.byte_reader import ByteReader
from fuzz.fuzz_target import Target

# Leaves of another package: what is fuzzed is these very functions.
from reports import ReportsError, RunDocument
from reports.importers.choices import Choices
from reports.importers.here import Here
from reports.importers.recognise import read_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fuzz.fuzz_target import Run

ENVIRONMENT: Final = {
    "python": "3.12.1", "implementation": "CPython", "platform": "Linux", "system": "Linux",
    "machine": "x86_64", "cpu": "a processor", "cores": 2, "kernel": "6.1", "build": "GCC",
    "threads": "gil", "hash_seed": "random", "packages": {},
}  # fmt: skip
RUN: Final[dict[str, Any]] = {
    "schema": "holdfast.run/1", "source": "a run", "written_at": "2026-01-02T03:04:05+00:00",
    "environment": ENVIRONMENT, "commit": None, "load_1m": 0.5,
    "records": [
        {
            "kind": "fuzz", "name": "one", "outcome": "passed", "message": "", "replay": "",
            "params": {"seed": "1"},
            "measures": [
                {"metric": "rate", "value": 1.5, "unit": "1/s", "direction": "higher", "n": 3,
                 "minimum": 1.0, "curve": [[0.0, 1.0], [2.0, 1.5]]}
            ],
        }
    ],
}  # fmt: skip
EXPLORATION: Final[dict[str, Any]] = {
    "schema": "holdfast.exploration/1", "name": "app:body", "verdict": "PASSED",
    "executions": 10, "exhausted": False, "evidence": "10 executions", "strategy": "random",
    "seed": 0, "model": "gil", "overruns": 0, "elapsed_s": 0.5, "cpu_s": 0.5,
    "estimate": None, "resume": "", "workers": 1, "finding": None,
}  # fmt: skip
PYTEST_BENCHMARK: Final[dict[str, Any]] = {
    "machine_info": {"python_version": "3.12.1", "system": "Linux", "cpu": {"count": 2}},
    "commit_info": {"id": "0" * 40, "dirty": False}, "datetime": "2026-01-02T03:04:05+00:00",
    "version": "5.0", "benchmarks": [
        {"name": "b", "fullname": "t::b", "params": {"n": 1}, "group": None,
         "extra_info": {"n": "x"},
         "stats": {"min": 1.0, "max": 2.0, "mean": 1.5, "median": 1.5, "stddev": 0.1,
                   "rounds": 5, "data": [1.0, 2.0]}}
    ],
}  # fmt: skip
ASV_MACHINE: Final = {"machine": "m", "arch": "x86_64", "os": "Linux", "version": 1}
ASV_BENCHMARKS: Final = {
    "a.time_b": {"type": "time", "unit": "seconds", "param_names": ["n", "kind"], "version": "1"},
    "a.track_c": {"type": "track", "unit": "ops/s", "param_names": []},
    "version": 2,
}
ASV_1: Final[dict[str, Any]] = {
    "commit_hash": "a" * 40, "date": 1386688801000, "params": {**ASV_MACHINE, "num_cpu": "4"},
    "python": "3.12", "requirements": {"numpy": "1.8", "Cython": None}, "version": 1,
    "results": {
        "a.time_b": {"params": [["1", "2"], ["'x'"]], "result": [1.5, float("nan")],
                     "stats": [{"ci_99": [1, 2], "q_25": 1.2, "q_75": 1.8, "min": 1.0}, None]},
        "a.track_c": 42, "a.peakmem_d": None,
    },
    "benchmark_version": {"a.track_c": "2"}, "started_at": {"a.track_c": 1},
}  # fmt: skip
ASV_2: Final[dict[str, Any]] = {
    "commit_hash": "b" * 40, "date": 1386688801000, "params": ASV_MACHINE, "python": "3.12",
    "requirements": {}, "env_vars": {"OMP": "1"}, "version": 2,
    "result_columns": ["result", "params", "version", "started_at", "duration", "stats_q_25",
                       "stats_q_75", "stats_repeat", "samples"],
    "results": {
        "a.time_b": [[1.5, None], [["1", "2"], ["'x'"]], "1", 1386688801000, 0.5, [1.2, None],
                     [1.8, None], [10, None], [[1.2, 1.5, 1.8], None]],
        "a.track_c": [[3], []], "a.time_e": [None, []],
    },
}  # fmt: skip
PYPERF: Final[dict[str, Any]] = {
    "version": "1.0", "metadata": {"cpu_model_name": "a processor", "unit": "second"},
    "benchmarks": [
        {"metadata": {"name": "b", "platform": "Linux-6.1.0-amd64-x86_64-with-glibc2.36"},
         "runs": [
             {"metadata": {"calibrate_loops": 8}, "warmups": [[8, 0.1]]},
             {"metadata": {"date": "2026-01-02 03:04:05", "mem_max_rss": 9_000_000},
              "values": [0.1, 0.2], "warmups": [[8, 0.3]]}]},
    ],
}  # fmt: skip
CUSTOM: Final[list[Any]] = [
    {"name": "a", "unit": "ns/iter", "value": 12, "range": "1", "extra": "x"},
    {"name": "b", "unit": "ops/s", "value": 1.5},
]
GITHUB_ACTION: Final[dict[str, Any]] = {
    "lastUpdate": 1, "repoUrl": "", "entries": {
        "Suite": [
            {"commit": {"id": "c" * 40, "timestamp": "2026-01-02T03:04:05Z"},
             "date": 1386688801000, "tool": "customSmallerIsBetter", "benches": CUSTOM}
        ]
    },
}  # fmt: skip
EXPORT: Final[dict[str, Any]] = {
    "schema": "holdfast.export/1", "filter": {"benchmarks": [], "metrics": []},
    "environments": {"e": ENVIRONMENT}, "series": [
        {"benchmark": "b", "metric": "time", "environment": "e", "unit": "s", "direction": "lower",
         "params": {"n": "1"}, "runs": [
             {"run": "d" * 64, "source": "a run", "written_at": "2026-01-02T03:04:05+00:00",
              "commit": "e" * 40, "position": 3, "value": 1.5, "n": 3, "median": 1.5}]}
    ],
}  # fmt: skip
RUNS: Final[dict[str, Any]] = {"schema": "holdfast.runs/1", "documents": [RUN, RUN]}
# Elements as lists of a name, attributes and what is inside.
JUNIT: Final[list[Any]] = [
    "testsuites", {}, [
        ["testsuite", {"name": "pytest", "timestamp": "2026-01-02T03:04:05+00:00"}, [
            ["testcase", {"classname": "t", "name": "a", "time": "0.1"}, []],
            ["testcase", {"classname": "t", "name": "b", "time": "0.1", "line": "3"}, [
                ["failure", {"message": "no"}, ["a story"]], ["error", {}, []]]],
            ["testcase", {"name": "c"}, [["skipped", {"message": "later"}, []]]],
        ]]
    ]
]  # fmt: skip


def as_json(value: Any) -> bytes:  # noqa: ANN401  # any JSON
    """Return a value as the text of a file."""
    return json.dumps(value).encode()


def as_script(value: Any) -> bytes:  # noqa: ANN401  # any JSON
    """Return a value as data.js."""
    return b"window.BENCHMARK_DATA = " + as_json(value)


def as_xml(value: Any) -> bytes:  # noqa: ANN401  # any JSON
    """Return a list of name, attributes and content as XML, and any other value as its text."""
    match value:
        case [str(name), dict(attributes), list(inner)]:
            given = "".join(f" {key}={quoteattr(str(one))}" for key, one in attributes.items())
            text = b"".join(as_xml(one) for one in inner)
            head, tail = f"<{name}{given}>", f"</{name}>"
            return head.encode("utf-8", "replace") + text + tail.encode("utf-8", "replace")
        case _:
            return escape(str(value)).encode("utf-8", "replace")


WHOLE: Final[tuple[tuple[Any, Callable[[Any], bytes]], ...]] = (
    (RUN, as_json), (EXPLORATION, as_json), (PYTEST_BENCHMARK, as_json), (ASV_1, as_json),
    (ASV_2, as_json), (PYPERF, as_json), (CUSTOM, as_json), (GITHUB_ACTION, as_script),
    (JUNIT, as_xml), (EXPORT, as_json), (RUNS, as_json),
)  # fmt: skip
ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1e308, 2**70, "", "x" * 300, "\x1b[2J", "\ud800", [], {}, [[]], {"": 1},
    "<script>", "../../etc", 0.1, "NaN", float("nan"), float("-inf"), "2026-01-02", [[1, 2]],
    10**400, -1e300,
)  # fmt: skip


def document_of(data: bytes) -> bytes:
    """Return the document that an input stands for."""
    if not data or data[0] % 2:
        return data[1:]
    reader = ByteReader(data[1:])
    value, written = WHOLE[reader.below(len(WHOLE))]
    whole = copy.deepcopy(value)
    while reader.left and whole:
        _edit(whole, reader)
    return written(whole)


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


def read_all(file: Path, *, here: Here) -> tuple[RunDocument, ...]:
    """Return every run of a result file."""
    return read_result(file, here=here).documents


def document_run(
    read: Callable[[Path], Iterable[RunDocument]] | None = None,
    write: Callable[[RunDocument], bytes] = RunDocument.to_bytes,
) -> Run:
    """Return the `run` of this target for another reader or writer."""
    folder = tempfile.TemporaryDirectory(prefix="holdfast-documents-")
    file = _asv_folder(Path(folder.name)) / "document.json"
    # One for all inputs: it asks git once. The folder is no repository, so it says nothing.
    reading = read or partial(read_all, here=Here(Choices(repository=file.parent)))

    def run(data: bytes) -> None:
        file.write_bytes(document_of(data))
        try:
            documents = tuple(reading(file))
        except ReportsError as error:
            if not str(error):
                raise AssertionError("a refusal without a word") from error
            return
        for document in documents:
            written = write(document)
            file.write_bytes(written)
            again = [write(one) for one in reading(file)]
            assert again == [written], "what is written and read is written otherwise"

    run.folder = folder  # type: ignore[attr-defined]  # it goes when the target does
    return run


def _asv_folder(results: Path) -> Path:
    """Return a machine's folder of asv results, with what stands beside results."""
    (results / "benchmarks.json").write_bytes(as_json(ASV_BENCHMARKS))
    folder = results / "m"
    folder.mkdir()
    (folder / "machine.json").write_bytes(as_json(ASV_MACHINE))
    return folder


RUN_DOCUMENTS: Final = Target(
    name="run_documents",
    run=document_run(),
    what="any file is refused with what is wrong, or is results that read and write the same",
    instrument=(
        "reports.document", "reports.strict_json", "reports.fields", "reports.json_places",
        "reports.importers.recognise", "reports.importers.exploration",
        "reports.importers.pytest_benchmark", "reports.importers.asv",
        "reports.importers.asv_folder", "reports.importers.pyperf",
        "reports.importers.export_files", "reports.importers.github_action",
        "reports.importers.junit", "reports.importers.units",
        "reports.environment", "reports.commit", "reports.record",
    ),
    seeds=(
        *(bytes([0, at]) for at in range(len(WHOLE))),
        *(b"\x01" + written(value) for value, written in WHOLE),
        b'\x01<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><testsuite name="&b;"/>',
    ),
    max_bytes=4_096,
)  # fmt: skip

"""pyperf's JSON: what it writes itself, suites of several machines, units, no warm-ups."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from reports import DamagedDocumentError, Direction, RunDocument
from reports.importers.choices import Choices, Statistic
from reports.importers.ingest import ingest_file, read_runs

if TYPE_CHECKING:
    from pathlib import Path

METADATA = {
    "cpu_count": 8, "cpu_model_name": "Fast CPU", "hostname": "secret-host", "unit": "second",
    "platform": "Linux-6.1.0-13-amd64-x86_64-with-glibc2.36", "python_implementation": "cpython",
    "python_version": "3.12.4 (64-bit) revision 8e8a4ba", "python_compiler": "GCC 12",
    "python_hash_seed": 7, "python_executable": "/home/somebody/bin/python",
}  # fmt: skip


def a_suite(**changes: Any) -> dict[str, Any]:
    values = {
        "version": "1.0",
        "metadata": METADATA,
        "benchmarks": [
            {
                "metadata": {"name": "sort", "description": "sorts"},
                "runs": [
                    {"metadata": {"calibrate_loops": 4}, "warmups": [[1, 9.0], [4, 9.0]]},
                    {"metadata": {"date": "2026-03-01 10:00:05", "mem_max_rss": 9_000_000},
                     "values": [1.0, 4.0], "warmups": [[4, 99.0]]},
                    {"metadata": {"date": "2026-03-01 10:00:00", "mem_max_rss": 8_000_000},
                     "values": [2.0, 3.0]},
                ],
            }
        ],
    }  # fmt: skip
    return values | changes


def a_file(tmp_path: Path, values: dict[str, Any]) -> Path:
    file = tmp_path / "pyperf.json"
    file.write_text(json.dumps(values, indent=1))
    return file


def the_run(file: Path, choices: Choices | None = None) -> RunDocument:
    (document,) = read_runs(file, choices=choices)
    return document


def test_the_value_is_the_median_of_all_processes_without_warm_ups(tmp_path: Path) -> None:
    (record,) = the_run(a_file(tmp_path, a_suite())).records
    time, memory = record.measures
    assert (time.metric, time.value, time.unit, time.n) == ("time", 2.5, "s", 4)
    assert (time.minimum, time.q1, time.q3, time.maximum) == (1.0, 1.75, 3.25, 4.0)
    assert (memory.metric, memory.value, memory.unit) == ("peak memory", 8_500_000, "bytes")
    assert (record.name, dict(record.params)) == ("sort", {"description": "sorts"})
    least = the_run(a_file(tmp_path, a_suite()), Choices(statistic=Statistic.MIN))
    assert least.records[0].measures[0].value == 1.0


def test_the_machine_is_known_and_names_nobody(tmp_path: Path) -> None:
    document = the_run(a_file(tmp_path, a_suite()))
    where = document.environment
    assert (where.system, where.kernel, where.machine) == ("Linux", "6.1", "x86_64")
    assert (where.implementation, where.python, where.hash_seed) == ("CPython", "3.12.4", "7")
    assert (where.cpu, where.cores) == ("Fast CPU", 8)
    text = document.to_bytes().decode()
    assert "secret-host" not in text
    assert "somebody" not in text
    assert document.written_at.isoformat() == "2026-03-01T10:00:00+00:00"


def test_a_suite_of_two_pythons_is_two_runs(tmp_path: Path) -> None:
    one = a_suite()["benchmarks"][0]
    other = {"metadata": {"name": "sort", "python_version": "3.13.0"}, "runs": one["runs"]}
    documents = read_runs(a_file(tmp_path, a_suite(benchmarks=[one, other])))
    assert [one.environment.python for one in documents] == ["3.12.4", "3.13.0"]
    done = ingest_file(a_file(tmp_path, a_suite(benchmarks=[one, other])), store=tmp_path / "s")
    assert (done.new, done.records) == (2, 2)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("byte", ("memory", "bytes", Direction.LOWER)),
        ("integer", ("value", "", Direction.NEITHER)),
    ],
)
def test_other_units_are_known(
    tmp_path: Path, unit: str, expected: tuple[str, str, Direction]
) -> None:
    file = a_file(tmp_path, a_suite(metadata=METADATA | {"unit": unit}))
    measure = the_run(file).records[0].measures[0]
    assert (measure.metric, measure.unit, measure.direction) == expected


def test_the_layout_of_pyperf_0_8_is_read(tmp_path: Path) -> None:
    old = {
        "version": 5,
        "benchmarks": [
            {"common_metadata": {"name": "old"}, "runs": [{"samples": [1.0, 3.0], "warmups": []}]}
        ],
    }
    assert the_run(a_file(tmp_path, old)).records[0].measures[0].value == 2.0


def test_packed_files_are_read_as_pyperf_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "pyperf.json.gz"
    file.write_bytes(gzip.compress(json.dumps(a_suite()).encode()))
    assert the_run(file).records[0].name == "sort"


def test_what_pyperf_itself_writes_is_read_as_pyperf_reads_it(tmp_path: Path) -> None:
    pyperf = pytest.importorskip("pyperf", reason="a tool of development")
    runs = [
        pyperf.Run([0.1 * at, 0.2], warmups=[(1, 5.0)], metadata={"name": "own", "loops": 2})
        for at in range(1, 4)
    ]
    benchmark = pyperf.Benchmark(runs)
    file = tmp_path / "own.json"
    benchmark.dump(str(file))
    document = the_run(file)
    measure = document.records[0].measures[0]
    assert measure.value == pytest.approx(benchmark.median())
    assert measure.n == benchmark.get_nvalue()
    assert document.environment.implementation != "unknown"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"benchmarks": [{"metadata": {}, "runs": [{"values": [1]}]}]}, "has no name"),
        ({"benchmarks": [{"metadata": {"name": "a"}, "runs": [{"warmups": [[1, 2]]}]}]},
         "calibrate"),
        ({"benchmarks": [{"metadata": {"name": "a"}, "runs": []}]}, "runs is empty"),
        ({"benchmarks": [{"metadata": {"name": "a"}, "runs": [{"values": ["1"]}]}]},
         r"benchmarks\[0\].runs\[0\].values\[0\] is text where a number"),
        ({"metadata": METADATA | {"unit": "furlong"}}, "has the unit 'furlong'"),
        ({"metadata": METADATA | {"cpu_count": "8"}}, "cpu_count is text where an integer"),
    ],
    ids=str,
)  # fmt: skip
def test_damaged_suites_are_refused_by_their_line(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DamagedDocumentError, match=reason) as caught:
        read_runs(a_file(tmp_path, a_suite(**changes)))
    assert caught.value.line is not None

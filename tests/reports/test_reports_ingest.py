"""Other programs' results: read as they are, placed as they say, refused when they are not."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

import harness
from reports import (
    DamagedDocumentError,
    Direction,
    Environment,
    Outcome,
    RecordKind,
    RunDocument,
    Store,
    UnknownDocumentError,
)
from reports.importers.ingest import ingest_file, read_runs


def read_result(file: Path) -> RunDocument:
    (document,) = read_runs(file)
    return document


ROOT = Path(__file__).resolve().parents[2]


def shared_data(folder: str) -> list[Path]:
    base = Path(os.environ.get("HOLDFAST_SHARED") or ROOT.parent / "shared") / "data" / folder
    files = sorted(base.glob("**/0*.json"))
    if not files:
        pytest.skip(f"real results are not here: {folder} (HOLDFAST_SHARED names their folder)")
    return files


def a_benchmark_file(folder: Path, **changes: Any) -> Path:
    values: dict[str, Any] = {
        "machine_info": {
            "node": "secret-host",
            "machine": "x86_64",
            "system": "Linux",
            "release": "6.1.0-13-amd64",
            "python_implementation": "CPython",
            "python_version": "3.12.4",
            "python_compiler": "GCC 12.2.0",
            "cpu": {"brand_raw": "Fast CPU", "count": 8},
        },
        "commit_info": {
            "id": "c" * 40,
            "time": "2026-05-05T09:58:42-07:00",
            "dirty": False,
            "project": "p",
        },
        "benchmarks": [
            {
                "group": None,
                "name": "test_access[32]",
                "fullname": "benchmarks/test_bench_secret.py::test_access[32]",
                "params": {"size": 32},
                "param": "32",
                "extra_info": {"floor": 2.9, "notes": ["a list is left out"]},
                "options": {"timer": "perf_counter"},
                "stats": {
                    "min": 1.0,
                    "q1": 2.0,
                    "median": 3.0,
                    "q3": 4.0,
                    "max": 9.0,
                    "mean": 3.5,
                    "rounds": 77,
                },
            }
        ],
        "datetime": "2026-05-09T15:50:44.563044+00:00",
        "version": "5.0.1",
    }
    file = folder / "bench.json"
    file.write_text(json.dumps(values | changes), encoding="utf-8")
    return file


def an_exploration_file(folder: Path, **changes: Any) -> Path:
    values: dict[str, Any] = {
        "schema": "holdfast.exploration/1",
        "name": "stress.scenarios.close:body",
        "verdict": "failed",
        "executions": 12,
        "exhausted": False,
        "evidence": "12 of 1000 executions ran",
        "strategy": "pct",
        "seed": 7,
        "model": "free-threaded",
        "elapsed_s": 0.5,
        "cpu_s": 0.4,
        "finding": {
            "kind": "DEADLOCK",
            "message": "two tasks wait for each other",
            "token": "hf1-abc",
            "gil_reachable": "shown under the GIL model of CPython 3.11",
            "story": "task 1 holds a\ntask 2 holds b",
        },
    }
    file = folder / "exploration.json"
    file.write_text(json.dumps(values | changes), encoding="utf-8")
    return file


def test_a_benchmark_file_becomes_a_record_whose_value_is_the_fastest_round(tmp_path: Path) -> None:
    document = read_result(a_benchmark_file(tmp_path))
    (record,) = document.records
    assert record.kind is RecordKind.BENCHMARK
    assert record.name == "benchmarks/test_bench_secret.py::test_access[32]"
    assert dict(record.params) == {"size": "32", "floor": "2.9"}
    (measure,) = record.measures
    assert (measure.value, measure.median, measure.n) == (1.0, 3.0, 77)
    assert measure.direction is Direction.LOWER
    assert (measure.minimum, measure.q1, measure.q3, measure.maximum) == (1.0, 2.0, 4.0, 9.0)
    assert document.environment.cpu == "Fast CPU"
    assert document.environment.kernel == "6.1"
    assert document.commit is not None
    assert document.commit.commit_id == "c" * 40


def test_the_host_name_of_a_benchmark_file_does_not_reach_the_store(tmp_path: Path) -> None:
    done = ingest_file(a_benchmark_file(tmp_path), store=tmp_path / "s")
    assert "secret-host" not in done.path.read_text()


def test_the_same_file_ingested_twice_is_one_run(tmp_path: Path) -> None:
    file = a_benchmark_file(tmp_path)
    assert ingest_file(file, store=tmp_path / "s").new
    assert not ingest_file(file, store=tmp_path / "s").new
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 1


def test_our_own_benchmarks_carry_their_whole_environment(tmp_path: Path) -> None:
    here = Environment.capture()
    file = a_benchmark_file(tmp_path, machine_info={"holdfast": here.to_json()})
    assert read_result(file).environment == here


@pytest.mark.parametrize("commit_info", [None, {}, {"id": "unversioned"}, {"id": None}], ids=str)
def test_a_benchmark_without_a_usable_commit_is_taken_without_one(
    tmp_path: Path, commit_info: object
) -> None:
    assert read_result(a_benchmark_file(tmp_path, commit_info=commit_info)).commit is None


@pytest.mark.parametrize(
    ("stats", "reason"),
    [
        (None, r"benchmarks\[0\].stats is absent"),
        ({"min": 1, "median": 2, "max": 3}, "rounds is absent"),
        ({"min": 1, "median": "2", "max": 3, "rounds": 1}, "median is text where a number"),
        ({"min": 4, "median": 2, "max": 3, "rounds": 1}, "minimum <= q1"),
        ({"min": 1, "median": 2, "max": 3, "rounds": True}, "where an integer belongs"),
    ],
    ids=["absent", "no rounds", "text", "out of order", "a bool"],
)
def test_damaged_statistics_are_refused_by_their_place(
    tmp_path: Path, stats: object, reason: str
) -> None:
    benchmark = {"fullname": "x", "name": "x", "group": None, "stats": stats}
    with pytest.raises(DamagedDocumentError, match=reason):
        read_result(a_benchmark_file(tmp_path, benchmarks=[benchmark]))


def test_a_finding_becomes_a_failed_record_with_its_replay_line(tmp_path: Path) -> None:
    (record,) = read_result(an_exploration_file(tmp_path)).records
    assert record.kind is RecordKind.EXPLORATION
    assert record.outcome is Outcome.FAILED
    assert record.replay == "holdfast replay stress.scenarios.close:body hf1-abc"
    assert record.message == "task 1 holds a\ntask 2 holds b"
    assert record.params["strategy"] == "pct"
    assert record.params["gil_reachable"] == "shown under the GIL model of CPython 3.11"
    executions = record.measure("executions")
    assert executions is not None
    assert executions.value == 12


def test_a_replay_line_from_outside_is_quoted_for_the_shell(tmp_path: Path) -> None:
    (record,) = read_result(an_exploration_file(tmp_path, name="a:b; rm -rf /")).records
    assert record.replay == "holdfast replay 'a:b; rm -rf /' hf1-abc"


def test_the_harness_writes_what_the_store_reads(tmp_path: Path) -> None:
    def body() -> None:
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()

    found = harness.explore(body, executions=5)
    file = tmp_path / "exploration.json"
    file.write_text(json.dumps(found.to_json()), encoding="utf-8")
    (record,) = read_result(file).records
    assert record.outcome is Outcome.FAILED
    assert record.params["finding"] == "DEADLOCK"
    assert found.finding is not None
    assert found.finding.token in record.replay
    assert record.message == str(found.finding)


@pytest.mark.parametrize("verdict", ["passed", "undecided"])
def test_an_exploration_without_a_finding_is_what_it_says(tmp_path: Path, verdict: str) -> None:
    file = an_exploration_file(tmp_path, verdict=verdict, finding=None)
    assert read_result(file).records[0].outcome.value == verdict


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"verdict": "fine"}, "verdict is 'fine'"),
        ({"verdict": "passed"}, "does not go with the verdict"),
        ({"finding": None}, "does not go with the verdict"),
        ({"executions": -1}, "executions is not between"),
        ({"executions": 2.5}, "where an integer belongs"),
        ({"exhausted": "no"}, "where true or false belongs"),
        ({"elapsed_s": None}, "elapsed_s is absent"),
    ],
    ids=str,
)
def test_a_contradictory_exploration_is_refused(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(DamagedDocumentError, match=reason):
        read_result(an_exploration_file(tmp_path, **changes))


@pytest.mark.parametrize(
    "text", ['{"schema": "holdfast.exploration/2"}', "{}", '{"asv": true}'], ids=str
)
def test_json_of_another_kind_is_refused_and_lists_the_known(tmp_path: Path, text: str) -> None:
    file = tmp_path / "gift.json"
    file.write_text(text)
    with pytest.raises(UnknownDocumentError, match=r"known are holdfast\.run/1"):
        ingest_file(file, store=tmp_path / "s")
    assert file.read_text() == text
    assert not (tmp_path / "s").exists()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedDocumentError, match="not a regular file"):
        read_result(tmp_path / "absent.json")
    with pytest.raises(DamagedDocumentError, match="not a regular file"):
        read_result(tmp_path)


def test_a_run_document_from_another_store_is_taken_as_it_is(tmp_path: Path) -> None:
    first = ingest_file(a_benchmark_file(tmp_path), store=tmp_path / "a").path
    second = ingest_file(first, store=tmp_path / "b").path
    assert second.name == first.name


def test_pytest_benchmarks_layout_of_2015_is_read(tmp_path: Path) -> None:
    files = shared_data("pytest_benchmark_own_tests")
    for file in files:
        ingest_file(file, store=tmp_path / "s")
    with Store(tmp_path / "s") as store:
        assert store.refused == ()
        assert len(store.stamps()) == len(files) == 30
        series = {one.key.benchmark: len(one.runs) for one in store.all_series()}
        assert series == {"tests/test_normal.py::test_xfast_parametrized[0]": 30}


def test_cedarpys_real_history_is_ordered_by_its_commits(tmp_path: Path) -> None:
    for file in shared_data("cedarpy_pytest_benchmark"):
        ingest_file(file, store=tmp_path / "s")
    with Store(tmp_path / "s") as store:
        assert store.refused == ()
        assert len({one.key.environment for one in store.all_series()}) == 1
        longest = max(store.all_series(), key=lambda one: len(one.runs))
    clean = [point for point in longest.points() if not point.label.endswith("+")]
    expected = ["a4146cc", "450a8a5", "f63e51b", "6f601df", "500a8d0", "ca5d83c", "faf92a4"]
    assert [point.label for point in clean] == expected
    assert [len(point.values) for point in clean] == [1] + [5] * 6

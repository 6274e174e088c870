"""asv's results, formats 1 and 2: parameters expanded, versions apart, units and machines known."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import pytest

from reports import DamagedDocumentError, Direction, Outcome, Record, RunDocument, limits
from reports.importers.choices import Choices, Statistic
from reports.importers.here import unknown_environment
from reports.importers.ingest import ingest_file, read_runs

ROOT = Path(__file__).resolve().parents[3]
MACHINE = {
    "machine": "cheetah",
    "arch": "x86_64",
    "cpu": "i5 (4 cores)",
    "os": "Linux",
    "version": 1,
}
BENCHMARKS: dict[str, Any] = {
    "sort.time_sort": {"type": "time", "unit": "seconds", "param_names": ["size", "kind"]},
    "sort.track_rate": {"type": "track", "unit": "ops/s", "param_names": []},
    "sort.track_depth": {"type": "track", "unit": "unit", "param_names": []},
    "version": 2,
}
NAN = float("nan")


def asv_2(**changes: Any) -> dict[str, Any]:
    values = {
        "commit_hash": "b" * 40,
        "env_name": "py3.12-numpy",
        "date": 1_700_000_000_000,
        "params": MACHINE | {"num_cpu": "4", "ram": "8G"},
        "python": "3.12",
        "requirements": {"numpy": "1.26", "Cython": None, "six": ""},
        "env_vars": {"OMP_NUM_THREADS": "1"},
        "result_columns": [
            "result", "params", "version", "started_at", "duration", "stats_ci_99_a",
            "stats_ci_99_b", "stats_q_25", "stats_q_75", "stats_number", "stats_repeat",
            "samples", "profile",
        ],
        "results": {
            "sort.time_sort": [
                [0.5, None, NAN, 2.0], [["10", "20"], ["'a'", "'b'"]], "3f2a91bcdd",
                1_700_000_100_000, 1.5, [0.4, None, None, 1.9], [0.6, None, None, 2.1],
                [0.45, None, None, 1.95], [0.55, None, None, 2.05], [10, None, None, 1],
                [7, None, None, 3], [[0.4, 0.5, 0.6], None, None, [1.9, 2.0, 2.1]],
            ],
            "sort.track_rate": [[1e6]],
            "sort.track_depth": [[3], []],
            "sort.peakmem_sort": [[4096], []],
            "sort.timeraw_import": [None, []],
        },
        "durations": {"<build>": 2.0},
        "version": 2,
    }  # fmt: skip
    return values | changes


def asv_1(**changes: Any) -> dict[str, Any]:
    values = {
        "commit_hash": "a" * 40,
        "date": 1_400_000_000_000,
        "params": MACHINE,
        "python": "2.7",
        "requirements": {"numpy": "1.8"},
        "results": {
            "sort.time_plain": 6.5e-05,
            "sort.time_failed": None,
            "sort.time_skipped": NAN,
            "sort.mem_list": 728,
            "sort.time_sort": {
                "params": [["10", "20"]],
                "result": [1.0, None],
                "stats": [{"ci_99": [0.9, 1.1], "q_25": 0.9, "q_75": 1.1, "min": 0.8, "max": 1.3,
                           "n": 9, "mean": 1.0, "std": 0.1}, None],
            },
        },
        "benchmark_version": {"sort.time_plain": "1"},
        "started_at": {"sort.time_plain": 1_400_000_500_000},
        "version": 1,
    }  # fmt: skip
    return values | changes


def a_folder(tmp_path: Path, values: dict[str, Any], *, beside: bool = True) -> Path:
    folder = tmp_path / "results" / "cheetah"
    folder.mkdir(parents=True)
    if beside:
        (folder / "machine.json").write_text(json.dumps(MACHINE))
        (folder.parent / "benchmarks.json").write_text(json.dumps(BENCHMARKS))
    file = folder / "bbbbbbbb-py3.12-numpy.json"
    file.write_text(json.dumps(values, indent=1))
    return file


def the_run(file: Path, choices: Choices | None = None) -> RunDocument:
    (document,) = read_runs(file, choices=choices)
    return document


def by_name(document: RunDocument) -> dict[str, Record]:
    return {record.name: record for record in document.records}


def test_format_2_is_read_with_its_parameters_expanded(tmp_path: Path) -> None:
    found = by_name(the_run(a_folder(tmp_path, asv_2())))
    assert list(found) == [
        "sort.time_sort(10, 'a')@3f2a91bc",
        "sort.time_sort(10, 'b')@3f2a91bc",
        "sort.time_sort(20, 'a')@3f2a91bc",
        "sort.time_sort(20, 'b')@3f2a91bc",
        "sort.track_rate",
        "sort.track_depth",
        "sort.peakmem_sort",
        "sort.timeraw_import",
    ]
    outcomes = [record.outcome for record in found.values()]
    assert outcomes[:4] == [Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED, Outcome.PASSED]
    assert outcomes[-1] is Outcome.FAILED
    first = found["sort.time_sort(10, 'a')@3f2a91bc"]
    assert dict(first.params) == {"size": "10", "kind": "'a'", "version": "3f2a91bcdd"}
    (time,) = first.measures
    assert (time.metric, time.unit, time.direction) == ("time", "s", Direction.LOWER)
    assert (time.minimum, time.q1, time.value, time.q3, time.maximum, time.n) == (
        0.4, 0.45, 0.5, 0.55, 0.6, 3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sort.track_rate", ("value", "ops/s", Direction.HIGHER)),
        ("sort.track_depth", ("value", "", Direction.NEITHER)),
        ("sort.peakmem_sort", ("peak memory", "bytes", Direction.LOWER)),
    ],
)
def test_units_and_directions_come_from_the_list_of_benchmarks_or_the_name(
    tmp_path: Path, name: str, expected: tuple[str, str, Direction]
) -> None:
    (measure,) = by_name(the_run(a_folder(tmp_path, asv_2())))[name].measures
    assert (measure.metric, measure.unit, measure.direction) == expected


def test_without_what_stands_beside_them_results_are_read_by_their_names(tmp_path: Path) -> None:
    found = by_name(the_run(a_folder(tmp_path, asv_2(), beside=False)))
    first = found["sort.time_sort(10, 'a')@3f2a91bc"]
    assert dict(first.params) == {"param1": "10", "param2": "'a'", "version": "3f2a91bcdd"}
    assert first.measures[0].unit == "s"


def test_the_run_is_dated_and_placed_as_asv_says(tmp_path: Path) -> None:
    document = the_run(a_folder(tmp_path, asv_2()))
    assert document.written_at.timestamp() == 1_700_000_100
    assert document.commit is not None
    assert document.commit.committed_at is not None
    assert document.commit.committed_at.timestamp() == 1_700_000_000
    where = document.environment
    assert (where.cpu, where.cores, where.python, where.machine) == (
        "i5 (4 cores)", 4, "3.12", "x86_64",
    )  # fmt: skip
    packages = dict(where.packages)
    digest = packages.pop("asv machine")
    assert packages == {"numpy": "1.26", "six": "latest", "env OMP_NUM_THREADS": "1"}
    assert "cheetah" not in document.to_bytes().decode()
    other = asv_2(params=MACHINE | {"machine": "puma"})
    puma = the_run(a_folder(tmp_path / "puma", other, beside=False)).environment
    assert puma.packages["asv machine"] != digest


def test_format_1_is_read_with_its_spread(tmp_path: Path) -> None:
    document = the_run(a_folder(tmp_path, asv_1(), beside=False))
    found = by_name(document)
    assert found["sort.time_plain@1"].measures[0].value == 6.5e-05
    assert found["sort.time_failed"].outcome is Outcome.FAILED
    assert found["sort.time_skipped"].outcome is Outcome.SKIPPED
    assert found["sort.mem_list"].measures[0].unit == "bytes"
    (time,) = found["sort.time_sort(10)"].measures
    assert (time.minimum, time.q1, time.value, time.q3, time.maximum, time.n) == (
        0.8, 0.9, 1.0, 1.1, 1.3, 9,
    )  # fmt: skip
    assert found["sort.time_sort(20)"].outcome is Outcome.FAILED
    assert document.written_at.timestamp() == 1_400_000_500


def test_the_minimum_is_taken_where_samples_were_kept_and_refused_where_not(tmp_path: Path) -> None:
    least = Choices(statistic=Statistic.MIN)
    found = by_name(the_run(a_folder(tmp_path, asv_2()), least))
    assert found["sort.time_sort(10, 'a')@3f2a91bc"].measures[0].value == 0.4
    assert found["sort.peakmem_sort"].measures[0].value == 4096
    bare = asv_2()
    bare["results"]["sort.time_sort"] = bare["results"]["sort.time_sort"][:11]
    with pytest.raises(DamagedDocumentError, match="there is no minimum"):
        read_runs(a_folder(tmp_path / "bare", bare), choices=least)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 3}, "version is none of asv's formats"),
        ({"commit_hash": "HEAD"}, "commit_hash is no commit"),
        ({"date": "today"}, "date is text where a number"),
        ({"date": 1e300}, "no time in milliseconds"),
        ({"results": {"a": [[1, 2], [["1"]]]}}, "results.a has 2 results for 1 combinations"),
        ({"results": {"a": [["x"], []]}}, r"results.a\[0\]\[0\] is text where a number"),
        ({"results": {"a": [[1], "x"]}}, r"results.a\[1\] is text where a list belongs"),
        ({"results": {"a": [[1], [["x"] * 400] * 3]}}, "more than 100,000 combinations"),
        ({"params": {"machine": "puma"}}, "machine.json beside it says 'cheetah'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_damaged_results_are_refused_by_their_place(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    file = a_folder(tmp_path, asv_2(**changes))
    with pytest.raises(DamagedDocumentError, match=reason) as caught:
        ingest_file(file, store=tmp_path / "store")
    assert caught.value.line is not None
    assert not (tmp_path / "store").exists()


def test_quartiles_that_asv_rounded_past_the_result_are_taken(tmp_path: Path) -> None:
    row = [[1.2345678], [], "1", None, None, None, None, [1.2346], [1.2345], None, [3],
           [[1.23455, 1.2345678, 1.23458]]]  # fmt: skip
    document = the_run(a_folder(tmp_path, asv_2(results={"time_a": row})))
    (found,) = document.records[0].measures
    assert (found.minimum, found.q1, found.value, found.q3, found.maximum) == (
        1.23455, 1.2345678, 1.2345678, 1.2345678, 1.23458,
    )  # fmt: skip
    row[7] = [1.3]
    with pytest.raises(DamagedDocumentError, match="describes no valid measure"):
        read_runs(a_folder(tmp_path / "far", asv_2(results={"time_a": row})))


def test_combinations_are_counted_over_all_benchmarks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "RECORDS", 1_000)
    rows = {f"time_{at}": [None, [["x"] * 30] * 2] for at in range(2)}
    with pytest.raises(DamagedDocumentError, match="time_1 has more than 1,000 combinations"):
        read_runs(a_folder(tmp_path, asv_2(results=rows)))


def test_many_combinations_are_read_in_linear_time(tmp_path: Path) -> None:
    numbers = [1.0] * 10_000
    values = [str(at) for at in range(len(numbers))]
    row = [numbers, [values], "1", None, None, None, None, numbers, numbers, None, numbers]
    file = a_folder(tmp_path, asv_2(results={"time_a": row}))
    began = time.process_time()
    assert len(the_run(file).records) == 10_000
    # It takes 0.3 s; looking through whole columns for each combination took over 30 s.
    assert time.process_time() - began < 10


def test_infinity_is_no_result(tmp_path: Path) -> None:
    file = a_folder(tmp_path, asv_2(results={"a": [[math.inf], []]}))
    with pytest.raises(DamagedDocumentError, match="holds Infinity"):
        read_runs(file)


def test_a_benchmark_with_many_long_parameters_keeps_a_name_of_its_own(tmp_path: Path) -> None:
    long = [f"'{'x' * 600}{at}'" for at in range(3)]
    document = the_run(a_folder(tmp_path, asv_2(results={"time_a": [[1, 2, 3], [long]]})))
    names = {record.name for record in document.records}
    assert len(names) == 3
    assert all(len(name) <= 500 for name in names)


def test_asvs_own_example_results_are_read() -> None:
    shared = Path(os.environ.get("HOLDFAST_SHARED") or ROOT.parent / "shared")
    folder = shared / "data" / "asv_example_results"
    if not folder.exists():
        pytest.skip("real results are not here: asv_example_results (HOLDFAST_SHARED)")
    files = sorted(folder.glob("cheetah/*-py2.7*.json"))
    refused = {}
    documents = []
    for file in files:
        try:
            documents.extend(read_runs(file))
        except Exception as error:  # noqa: BLE001  # each is looked at below
            refused[file.name[:8]] = str(error)
    # What asv's own example says asv should ignore, and nothing else.
    assert set(refused) == {"aaaaaaaa", "bbbbbbbb", "cccccccc"}
    assert len(documents) == 38
    assert (
        len({one.environment.fingerprint for one in documents}) == 3
    )  # without Cython, with the latest, with foo
    newest = next(
        one
        for one in documents
        if one.commit
        and one.commit.commit_id[:8] == "fcf8c079"
        and "foo" not in one.environment.packages
    )
    found = by_name(newest)
    assert found["time_other.time_parameterized(2)"].measures[0].value == 4
    assert found["time_other.time_parameterized(3)"].outcome is Outcome.FAILED
    assert found["time_AAA_skip"].outcome is Outcome.SKIPPED
    assert found["time_ci_big"].measures[0].q3 == 3.5


def test_an_environment_is_told_by_what_is_known_of_it(tmp_path: Path) -> None:
    where = the_run(a_folder(tmp_path, asv_2())).environment
    assert str(where) == "CPython 3.12, i5 (4 cores), 4 cores, Linux x86_64"
    assert str(unknown_environment("ci")) == "ci"
    assert str(unknown_environment("unknown")) == "an unknown environment"

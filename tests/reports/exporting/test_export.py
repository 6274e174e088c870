"""What is exported: every series as it is in the store, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from reports import (
    DamagedDocumentError,
    Direction,
    Environment,
    Measure,
    Outcome,
    Record,
    RecordKind,
    RunDocument,
    Store,
)
from reports.commands import report_command
from reports.commit import Commit
from reports.exporting.export_csv import COLUMNS, as_text
from reports.importers.here import unknown_environment
from reports.importers.ingest import ingest_file
from reports.write import DocumentWriter

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("sqlalchemy", reason="the extra holdfast[reports] is not installed")
START = datetime(2026, 1, 1, tzinfo=UTC)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(report_command, [str(one) for one in arguments])


def a_store(tmp_path: Path, name: str = "s") -> Path:
    with DocumentWriter(tmp_path / name) as writer:
        for at in range(4):
            writer.write(a_run(at))
    return tmp_path / name


def a_run(at: int) -> RunDocument:
    here = Environment.capture() if at % 2 else unknown_environment("the ci machine")
    measures = (
        Measure(
            metric="time", value=1.0 + at / 7, unit="s", direction=Direction.LOWER, n=9,
            minimum=0.5, q1=0.75, median=1.0 + at / 7, q3=2.0, maximum=3.0,
        ),
        Measure(metric="rate", value=-5.0 - at, unit="=1+1", direction=Direction.HIGHER),
    )  # fmt: skip
    return RunDocument(
        source="a test",
        session="8c1f",
        written_at=START + timedelta(days=at),
        environment=here,
        commit=Commit(
            commit_id=f"{at + 1:040x}", position=at + 10, committed_at=START, dirty=at == 2,
            changes="ab" * 8 if at == 2 else "",
        ),
        records=(
            Record(
                kind=RecordKind.BENCHMARK, name="@parse[32]", outcome=Outcome.PASSED,
                measures=measures, params={"size": "32"},
            ),
            Record(
                kind=RecordKind.STRESS, name="soak", outcome=Outcome.FAILED, message="a story",
                replay="holdfast stress",
            ),
        ),
    )  # fmt: skip


def all_that_is_in(store: Path) -> list[tuple[Any, ...]]:
    """Return every series with all that it says, the ids of its runs left out."""
    with Store(store) as opened:
        assert opened.refused == ()
        return [
            (
                one.key, one.unit, one.direction, dict(one.params),
                [
                    (run.stamp.written_at, run.stamp.commit_id, run.stamp.position, run.stamp.dirty,
                     run.stamp.changes, run.stamp.committed_at, run.stamp.session,
                     run.stamp.source, *run[1:])
                    for run in one.runs
                ],
            )
            for one in opened.all_series()
        ]  # fmt: skip


def test_an_export_of_the_series_is_one_document(tmp_path: Path) -> None:
    store = a_store(tmp_path)
    values = json.loads(run("export", "--store", store).output)
    assert values["schema"] == "holdfast.export/1"
    assert len(values["series"]) == 4
    assert {one["environment"] for one in values["series"]} == set(values["environments"])
    time = next(one for one in values["series"] if one["metric"] == "time")
    assert (time["direction"], time["unit"], time["params"]) == ("lower", "s", {"size": "32"})
    assert [one["position"] for one in time["runs"]] in ([10, 12], [11, 13])
    assert time["runs"][0]["q3"] == 2.0


def test_exporting_and_ingesting_gives_the_same_series(tmp_path: Path) -> None:
    store, file = a_store(tmp_path), tmp_path / "out" / "export.json"
    assert run("export", "--store", store, "--output", file).exit_code == 0
    done = ingest_file(file, store=tmp_path / "again")
    assert (done.new, done.records) == (4, 4)
    assert all_that_is_in(tmp_path / "again") == all_that_is_in(store)


def test_exporting_documents_and_ingesting_gives_the_same_documents(tmp_path: Path) -> None:
    store, file = a_store(tmp_path), tmp_path / "runs.json"
    assert run("export", "--store", store, "--runs", "--output", file).exit_code == 0
    ingest_file(file, store=tmp_path / "again")
    before, after = (
        {one.name for one in (at / "runs").iterdir()} for at in (store, tmp_path / "again")
    )
    assert before == after
    assert json.loads(file.read_bytes())["schema"] == "holdfast.runs/1"


@pytest.mark.parametrize("kind", [(), ("--runs",)], ids=["series", "documents"])
def test_what_came_from_a_store_is_never_there_twice(tmp_path: Path, kind: tuple[str, ...]) -> None:
    store, file = a_store(tmp_path), tmp_path / "export.json"
    run("export", "--store", store, *kind, "--output", file)
    assert ingest_file(file, store=store).new == 0
    assert len(list((store / "runs").iterdir())) == 4


def test_parts_of_runs_are_not_taken_for_runs(tmp_path: Path) -> None:
    store, file = a_store(tmp_path), tmp_path / "export.json"
    run("export", "--store", store, "--metric", "time", "--output", file)
    with pytest.raises(DamagedDocumentError, match="parts of runs"):
        ingest_file(file, store=tmp_path / "again")


def rows_of(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(result.stdout.splitlines()))


def test_csv_has_a_row_for_each_run_of_each_series(tmp_path: Path) -> None:
    rows = rows_of(run("export", "--store", a_store(tmp_path), "--format", "csv"))
    assert len(rows) == 8
    assert tuple(rows[0]) == COLUMNS
    row = next(one for one in rows if one["position"] == "12" and one["metric"] == "time")
    assert (row["value"], row["n"], row["min"], row["max"]) == (
        repr(1.0 + 2 / 7),
        "9",
        "0.5",
        "3.0",
    )
    assert (row["dirty"], row["params"], row["direction"]) == ("yes", '{"size": "32"}', "lower")
    assert row["committed_at"] == "2026-01-01T00:00:00+00:00"


def test_no_text_in_csv_is_a_formula_and_numbers_stay_numbers(tmp_path: Path) -> None:
    rows = rows_of(run("export", "--store", a_store(tmp_path), "--format", "csv"))
    rate = next(one for one in rows if one["metric"] == "rate")
    assert rate["benchmark"] == "'@parse[32]"
    assert rate["unit"] == "'=1+1"
    assert float(rate["value"]) <= -5.0


@pytest.mark.parametrize(
    ("text", "cell"),
    [("=1", "'=1"), ("+1", "'+1"), ("-1", "'-1"), ("@a", "'@a"), ("\t=1", "'\t=1"), ("a=1", "a=1")],
)
def test_text_that_begins_like_a_formula_is_marked(text: str, cell: str) -> None:
    assert as_text(text) == cell


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (("--benchmark", "*parse*"), 8),
        (("--benchmark", "@parse?32]"), 8),
        (("--metric", "time"), 4),
        (("--metric", "time", "--metric", "rate"), 8),
        (("--environment", "the ci"), 4),
        (("--environment", unknown_environment("the ci machine").fingerprint[:6]), 4),
        (("--since", "2026-01-03"), 4),
        (("--since", "2026-01-04T00:00+00:00", "--metric", "time"), 1),
    ],
    ids=str,
)
def test_filters_choose(tmp_path: Path, arguments: tuple[str, ...], rows: int) -> None:
    found = rows_of(run("export", "--store", a_store(tmp_path), "--format", "csv", *arguments))
    assert len(found) == rows


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--metric", "tiem"), "nothing in"),
        (("--runs", "--since", "2027-01-01"), "nothing in"),
        (("--since", "yesterday"), "--since got 'yesterday'"),
        (("--runs", "--metric", "time"), "a run is one document, whole"),
        (("--runs", "--format", "csv"), "--runs takes no --format csv"),
    ],
    ids=str,
)
def test_what_cannot_be_exported_is_said_with_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    file = tmp_path / "out.json"
    result = run("export", "--store", a_store(tmp_path), "--output", file, *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert not file.exists()


def test_a_store_that_is_not_there_is_explained(tmp_path: Path) -> None:
    result = run("export", "--store", tmp_path / "none")
    assert (result.exit_code, "there is no store at" in result.output) == (2, True)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda v: v["series"][0].update(environment="x"), r"series\[0\].environment is none"),
        (lambda v: v["series"][1].update(direction="up"), r"series\[1\].direction is none of"),
        (lambda v: v["series"][0]["runs"][0].update(run="../x"), r"runs\[0\].run is not the id"),
        (lambda v: v["series"][0]["runs"][0].update(value="1"), "value is text where a number"),
        (lambda v: v["series"][0]["runs"][0].update(commit="HEAD"), "runs.0..commit"),
        (lambda v: v["series"].append(v["series"][0]), "makes no valid document"),
    ],
)
def test_a_damaged_export_is_refused_whole(tmp_path: Path, change: Any, reason: str) -> None:
    file = tmp_path / "export.json"
    values = json.loads(run("export", "--store", a_store(tmp_path)).output)
    change(values)
    file.write_text(json.dumps(values, indent=1))
    with pytest.raises(DamagedDocumentError, match=reason) as caught:
        ingest_file(file, store=tmp_path / "again")
    assert caught.value.line is not None
    assert not (tmp_path / "again").exists()

"""The command line: what it prints, and the exit code a script acts on."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from reports import Direction, Environment, Measure, Outcome, Record, RecordKind, RunDocument
from reports.commands import report_command
from reports.commit import Commit
from reports.write import write_document

if TYPE_CHECKING:
    from pathlib import Path

NOISY = (1.0, 1.01, 0.99, 1.0, 1.0, 1.01)
START = datetime(2026, 1, 1, tzinfo=UTC)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(report_command, [str(one) for one in arguments])


def history(store: Path, values: list[float]) -> None:
    for at, value in enumerate(values):
        measure = Measure(metric="time", value=value, unit="s", direction=Direction.LOWER)
        record = Record(
            kind=RecordKind.BENCHMARK, name="access", outcome=Outcome.PASSED, measures=(measure,)
        )
        document = RunDocument(
            source="a test",
            written_at=START + timedelta(hours=at),
            environment=Environment.capture(),
            commit=Commit(commit_id=f"{at + 1:x}" * 40, position=at + 1),
            records=(record,),
        )
        write_document(document, store=store)


@pytest.mark.parametrize(
    ("values", "code", "says"),
    [
        ([1.0, 1.01, 0.99, 1.0, 1.0, 1.01, 1.0], 0, "GREEN: 0 worse, 0 accepted, 1 unchanged"),
        ([1.0, 1.01, 0.99, 1.0, 1.0, 1.01, 1.4, 1.41, 1.4], 1, "RED: 1 worse"),
        ([1.0, 1.01, 0.99, 1.0, 1.0, 1.01, 1.4], 2, "+40 % at 7777777 in 1 run, not confirmed"),
        ([1.0, 1.01, 0.99], 2, "3 versions measured, the newest in 1 run"),
    ],
    ids=["clean", "regression", "one slow run", "too little data"],
)
def test_the_gates_exit_code_is_its_verdict(
    tmp_path: Path, values: list[float], code: int, says: str
) -> None:
    history(tmp_path / "s", values)
    result = run("gate", "--store", tmp_path / "s")
    assert result.exit_code == code
    assert says in result.output


def test_the_gate_leaves_the_documents_as_they_were(tmp_path: Path) -> None:
    history(tmp_path / "s", [*NOISY, 2.0, 2.01, 2.0])
    before = sorted((tmp_path / "s" / "runs").iterdir())
    assert run("gate", "--store", tmp_path / "s").exit_code == 1
    assert sorted((tmp_path / "s" / "runs").iterdir()) == before


def test_a_higher_floor_lets_a_known_change_through(tmp_path: Path) -> None:
    history(tmp_path / "s", [*NOISY, 1.4, 1.41, 1.4])
    assert run("gate", "--store", tmp_path / "s").exit_code == 1
    assert run("gate", "--store", tmp_path / "s", "--floor", "50").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [("gate", "--floor", "-1"), ("gate", "--noise", "nan"), ("ingest",), ("compare", "abcd")],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    history(tmp_path / "s", [1.0] * 6)
    assert run(*arguments, "--store", tmp_path / "s").exit_code == 2


@pytest.mark.parametrize("command", ["gate", "build"])
def test_a_missing_store_is_explained_and_not_made(tmp_path: Path, command: str) -> None:
    result = run(command, "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert "there is no store at" in result.output
    assert not (tmp_path / "s").exists()


def test_one_bad_file_does_not_keep_the_good_ones_out(tmp_path: Path) -> None:
    good, bad = tmp_path / "a.json", tmp_path / "b.json"
    stats = {"min": 1, "median": 1, "max": 1, "rounds": 5}
    values = {
        "machine_info": {},
        "datetime": "2026-01-01",
        "benchmarks": [{"fullname": "x", "stats": stats}],
    }
    good.write_text(json.dumps(values))
    bad.write_text("not json")
    result = run("ingest", bad, good, "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert "b.json, line 1, column 1: no JSON" in result.output
    assert "1 new run in" in result.output
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 1


def test_a_folder_of_results_is_taken_whole(tmp_path: Path) -> None:
    history(tmp_path / "old", [1.0, 2.0, 3.0])
    result = run("ingest", tmp_path / "old" / "runs", "--store", tmp_path / "new")
    assert result.exit_code == 0
    assert "3 new runs in" in result.output


def test_two_versions_are_put_side_by_side(tmp_path: Path) -> None:
    history(tmp_path / "s", [1.0, 1.5])
    result = run("compare", "1111", "2222", "--store", tmp_path / "s")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "1111111 -> 2222222: 1 and 1 run",
        "time: 0 slower, 0 faster, 0 same, 1 cannot tell",
        (
            "cannot tell  access (+50 %): a side has only one run, and one run tells nothing of "
            "how much runs differ; about 4 more runs a side would settle it"
        ),
        (
            "Geometric means of one value a run; p after Benjamini-Hochberg over 1 pair; effect is "
            'Hedges\' g. "same": surely less than 5 %.'
        ),
    ]


def test_a_version_nobody_measured_is_named(tmp_path: Path) -> None:
    history(tmp_path / "s", [1.0])
    result = run("compare", "1111", "ffff", "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert "'ffff': no run or commit begins so" in result.output


def test_the_page_is_built_where_it_was_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra holdfast[reports] is not installed")
    history(tmp_path / "s", [1.0, 1.1])
    page = tmp_path / "deep" / "page.html"
    result = run("build", "--store", tmp_path / "s", "--output", page, "--rebuild-index")
    assert result.exit_code == 0
    line = "Nothing failed; no benchmark has history enough to judge."
    assert result.output.splitlines() == [line, str(page)]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_help_teaches_the_exit_codes() -> None:
    text = run("gate", "--help").output
    assert "1  at least one benchmark got worse" in text


def test_the_face_and_the_commands_load_no_drawing_library() -> None:
    code = (
        "import sys, reports, reports.commands; "
        "print(sorted({'matplotlib', 'jinja2', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

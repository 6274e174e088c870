"""`holdfast report changes` reads what people have, tells what changed, refuses what is broken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from reports.change_points.commands import changes_command
from reports.commands import report_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


def _run(*arguments: object) -> Result:
    result = CliRunner().invoke(changes_command, [str(each) for each in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def _numbers(step: float = 1.1) -> list[float]:
    values = 100 + 2 * np.random.default_rng(1).standard_normal(40)
    values[25:] *= step
    return [round(float(each), 3) for each in values]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = ["time,commit,slower,same"]
    same = _numbers(1.0)
    for at, (slower, flat) in enumerate(zip(_numbers(), same, strict=True)):
        rows.append(f"2024-01-{at % 28 + 1:02},c{at},{slower},{flat}")
    path = tmp_path / "timings.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_change_is_told_with_its_row_and_exits_with_1(table: Path) -> None:
    result = _run(table)
    assert result.exit_code == 1
    assert "slower, 40 points: 1 change" in result.output
    assert "2024-01-26 c25" in result.output
    assert "same, 40 points: no change" in result.output
    assert "1 of 2 series changed." in result.output


def test_no_change_exits_with_0(table: Path) -> None:
    assert _run(table, "--column", "same").exit_code == 0


def test_a_column_is_named_by_name_or_number(table: Path) -> None:
    assert _run(table, "--column", "slower").output == _run(table, "--column", "3").output


def test_rows_are_labelled_by_the_column_asked_for(table: Path) -> None:
    output = _run(table, "--time", "commit").output
    assert "  c25  " in output
    assert "2024-" not in output


def test_a_drift_is_told_with_the_rows_it_went_over(tmp_path: Path) -> None:
    way = np.clip((np.arange(120) - 40) / 40, 0, 1)
    values = 100 * (1 + 0.2 * way) * (1 + 0.01 * np.random.default_rng(1).standard_normal(120))
    path = tmp_path / "leak.json"
    path.write_text(json.dumps({"leak": values.tolist()}))
    output = _run(path).output
    (series,) = json.loads(_run(path, "--json").output)["series"]
    (change,) = series["changes"]
    assert change["kind"] == "drift"
    assert abs(change["end"] - 81) <= 4
    assert f"from {change['label']} to {change['end_label']} " in output
    path.write_text(json.dumps({"leak": values[:75].tolist()}))
    output = _run(path).output
    (series,) = json.loads(_run(path, "--json").output)["series"]
    (change,) = series["changes"]
    assert (change["kind"], change["end"], series["points"]) == ("drift", 75, 75)
    assert f"from {change['label']} to" not in output


def test_machines_get_json_without_infinities(tmp_path: Path) -> None:
    path = tmp_path / "from_nought.json"
    path.write_text(json.dumps({"crashes": [0] * 12 + [4] * 12}))
    result = _run(path, "--json")
    assert result.exit_code == 1
    (series,) = json.loads(result.output)["series"]
    (change,) = series["changes"]
    assert (change["index"], change["before"], change["after"]) == (12, 0.0, 4.0)
    assert change["relative"] is None
    assert change["interval"] == [None, None]


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("plain.txt", lambda values: "# a comment\n" + "\n".join(map(str, values))),
        ("tabs.tsv", lambda values: "value\tnote\n" + "\n".join(f"{v}\tx" for v in values)),
        ("semicolons.csv", lambda values: "value;note\n" + "\n".join(f"{v};x" for v in values)),
        ("list.json", json.dumps),
        ("lists.json", lambda values: json.dumps({"a": values, "unit": "ms"})),
        ("rows.json", lambda values: json.dumps([{"time": "t", "ms": v} for v in values])),
        ("bom.csv", lambda values: "\ufeffvalue\n" + "\n".join(map(str, values))),
        ("windows.csv", lambda values: "value\r\n" + "\r\n".join(map(str, values))),
    ],
)
def test_every_layout_holds_the_same_series(
    tmp_path: Path, name: str, write: Callable[[list[float]], str]
) -> None:
    path = tmp_path / name
    path.write_text(write(_numbers()), newline="")
    result = _run(path, "--json")
    assert result.exit_code == 1, result.output
    (series,) = json.loads(result.output)["series"]
    assert [each["index"] for each in series["changes"]] == [25]


def test_newest_first_turns_the_series_round(tmp_path: Path) -> None:
    path = tmp_path / "back.txt"
    path.write_text("\n".join(map(str, reversed(_numbers()))))
    (series,) = json.loads(_run(path, "--json", "--newest-first").output)["series"]
    assert [each["index"] for each in series["changes"]] == [25]


def test_branches_are_told_apart_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "branches.csv"
    rows = [f"{'main' if at % 2 else 'topic'},{v}" for at, v in enumerate(_numbers())]
    path.write_text("\n".join(["branch,ms", *rows]))
    mixed = CliRunner().invoke(changes_command, [str(path)])
    assert "rows of 2 branches are one series here" in mixed.output + mixed.stderr
    (series,) = json.loads(_run(path, "--where", "branch=main", "--json").output)["series"]
    assert series["points"] == 20


def test_an_empty_cell_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    cells = [str(v) for v in _numbers()]
    cells[3] = ""
    path.write_text("\n".join(["ms,note", *(f"{cell},x" for cell in cells)]))
    assert "rows without a value, left out: 1" in _run(path).output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ms\n1\n2\nthree\n4\n", "line 4: 'three' in column ms is no finite number"),
        ("ms\n1\nnan\n", "line 3: 'nan' in column ms is no finite number"),
        ("ms\n1\n1e999\n", "line 3: '1e999' in column ms is no finite number"),
        ("a,b\n1,2\n3\n", "line 3: it has 1 cells, and the first row has 2"),
        ('a,b\n1,2\n"3,4\n', "it is no CSV"),
        ("", "it is empty"),
        ("name\nfoo\n", "no column holds numbers"),
        ("[1, 2", "it is no JSON"),
        ('{"a": 1}', "it holds no list of numbers"),
        ("[[1, 2], [3, 4]]", "no column holds numbers"),
        ("[1, true, 2]", "'true' in column column 1 is no finite number"),
        ("[" * 100_000, "it is no JSON of series"),
    ],
)
def test_a_broken_file_is_refused_with_the_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "broken.dat"
    path.write_text(text)
    result = _run(path)
    assert result.exit_code == 2
    assert said in result.output + result.stderr


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "noise.csv"
    path.write_bytes(b"ms\n1\n\xff\xfe\n")
    assert "line 3: it is no UTF-8 text" in _run(path).stderr


def test_a_file_that_is_not_there_and_a_column_that_is_not(tmp_path: Path, table: Path) -> None:
    assert _run(tmp_path / "absent.csv").exit_code == 2
    result = _run(table, "--column", "fastest")
    assert result.exit_code == 2
    assert "there is no column 'fastest'. It has: time, commit, slower, same." in result.stderr


def test_too_few_points_exit_with_2_and_say_why(tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("1\n2\n3\n")
    result = _run(path)
    assert result.exit_code == 2
    assert "nothing can be told: 3 points" in result.output


def test_many_quiet_series_make_a_weak_change_weaker(tmp_path: Path, table: Path) -> None:
    alone = json.loads(_run(table, "--column", "slower", "--json").output)
    both = json.loads(_run(table, "--json").output)
    assert (
        both["series"][0]["changes"][0]["adjusted_p"]
        == 2 * alone["series"][0]["changes"][0]["adjusted_p"]
    )


def test_the_group_knows_the_command_and_its_help_teaches() -> None:
    result = CliRunner().invoke(report_command, ["changes", "--help"])
    assert result.exit_code == 0
    assert "holdfast report changes results.csv --column p50" in result.output
    assert "Exit codes:" in result.output

"""`holdfast check-history`, as a user calls it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from harness.linearizability import History, Operation
from harness.linearizability.check_command import check_history_command
from harness.linearizability.history_file import write_history

if TYPE_CHECKING:
    from pathlib import Path

PUT = {"client": 1, "op": "put", "key": "k", "input": 7, "call": 0, "ret": 3}
GET = {"client": 2, "op": "get", "key": "k", "output": 7, "call": 4, "ret": 5}
STALE = {**GET, "output": None}


def lines(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def run(*arguments: object, given: str | bytes = "") -> Result:
    return CliRunner().invoke(check_history_command, [str(one) for one in arguments], input=given)


def saved(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text(lines(*records), "utf-8")
    return path


def test_a_right_history_is_told_and_ends_with_0(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.jsonl", PUT, GET)
    result = run(file, "--model", "kv")
    assert result.exit_code == 0
    assert result.output.startswith(f"{file}: linearizable (2 operations; model kv; ")


def test_a_wrong_history_is_told_with_its_lines_and_ends_with_1(tmp_path: Path) -> None:
    file = saved(tmp_path / "a.jsonl", {"model": "kv"}, PUT, STALE)
    result = run(file)
    assert result.exit_code == 1
    assert "Its lines: 2, 3" in result.output
    assert f"{file}: not linearizable (2 operations; model kv; " in result.output


def test_standard_input_is_read_for_a_dash() -> None:
    result = run("-", "--model", "kv", given=lines(PUT, GET))
    assert result.exit_code == 0
    assert result.output.startswith("<stdin>: linearizable")


def test_the_header_is_compared_with_the_verdict(tmp_path: Path) -> None:
    wrongly_ok = saved(tmp_path / "a", {"model": "kv", "expected": "ok"}, PUT, STALE)
    wrongly_bad = saved(tmp_path / "b", {"model": "kv", "expected": "illegal"}, PUT, GET)
    rightly_bad = saved(tmp_path / "c", {"model": "kv", "expected": "illegal"}, PUT, STALE)
    assert "NOT AS EXPECTED: its header says ok" in run(wrongly_ok).output
    assert "NOT AS EXPECTED: its header says illegal" in run(wrongly_bad).output
    assert run(wrongly_bad).exit_code == 1
    assert run(rightly_bad).exit_code == 1
    assert run(rightly_bad, "--as-expected").exit_code == 0
    assert run(wrongly_bad, "--as-expected").exit_code == 1
    unsaid = saved(tmp_path / "d", {"model": "kv"}, PUT, GET)
    assert run(unsaid, "--as-expected").exit_code == 3


def test_the_worst_of_several_files_is_the_exit_code(tmp_path: Path) -> None:
    right = saved(tmp_path / "right", PUT, GET)
    wrong = saved(tmp_path / "wrong", PUT, STALE)
    broken = tmp_path / "broken"
    broken.write_text("{", "utf-8")
    assert run(right, right, "--model", "kv").exit_code == 0
    assert run(right, broken, "--model", "kv").exit_code == 2
    both = run(broken, wrong, right, "--model", "kv")
    assert both.exit_code == 1
    assert "broken:1:" in both.output
    assert "right: linearizable" in both.output


@pytest.mark.parametrize(
    ("text", "arguments", "words"),
    [
        ("{nope\n", ["--model", "kv"], "<stdin>:1:2: no JSON"),
        (lines(PUT, {**GET, "op": "git"}), ["--model", "kv"], "<stdin>:2: the model kv cannot"),
        (lines(PUT), [], "its header names none; say --model"),
        (lines(PUT), ["--model", "quark"], "there is no model 'quark'"),
        (lines({"model": "os:system"}, PUT), [], "only --model can name a class"),
        (lines(PUT), ["--model", "bounded-queue"], "capacity"),
        (lines(PUT, PUT), ["--model", "kv", "--max-operations", "1"], "more than 1 operations"),
        (lines(PUT), ["--model", "kv", "--with", "capacity"], "is no NAME=VALUE"),
        (lines(PUT), ["--model", "kv", "--word", "fetch=eat"], "names is 'eat'"),
        ("", ["--model", "kv", "no/such/file"], "no/such/file cannot be read: No such file"),
    ],
)
def test_wrong_use_and_wrong_files_end_with_2_and_say_why(
    text: str, arguments: list[str], words: str
) -> None:
    files = [] if "no/such/file" in arguments else ["-"]
    result = run(*files, *arguments, given=text)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


def test_bytes_that_are_no_text_end_with_2() -> None:
    result = run("-", "--model", "kv", given=b"\xff\xfe\x00")
    assert (result.exit_code, "UTF-16" in result.output) == (2, True)


def test_options_and_words_reach_the_model() -> None:
    text = lines(
        {"client": 1, "op": "shove", "input": 1, "call": 0, "ret": 1},
        {"client": 1, "op": "full", "output": True, "call": 2, "ret": 3},
    )
    used = ["--model", "bounded-queue", "--with", "capacity=1", "--word", "shove=put"]
    assert run("-", *used, given=text).exit_code == 0
    used[3] = "capacity=2"
    assert run("-", *used, given=text).exit_code == 1


def test_a_plain_class_is_a_model_and_what_would_wait_is_wrong() -> None:
    get = {"client": 1, "op": "get", "output": 1, "call": 0, "ret": 1}
    put = {"client": 2, "op": "put", "input": 1, "call": 0, "ret": 1}
    assert run("-", "--model", "queue:Queue", given=lines(get, put)).exit_code == 0
    assert run("-", "--model", "queue:Queue", given=lines(get)).exit_code == 1


def test_a_plain_class_is_drawn_while_it_can_still_be_run(tmp_path: Path) -> None:
    put = {"client": 2, "op": "put", "input": 1, "call": 0, "ret": 1}
    full = {"client": 2, "op": "qsize", "output": 2, "call": 2, "ret": 3}
    page = tmp_path / "why.html"
    result = run("-", "--model", "queue:Queue", "--html", page, given=lines(put, full))
    assert result.exit_code == 1
    assert page.exists()


def test_weaker_criteria_are_named_in_the_verdict() -> None:
    stale = lines(PUT, STALE)
    result = run("-", "--model", "kv", "--criterion", "sequential", given=stale)
    assert result.exit_code == 0
    assert "<stdin>: sequentially consistent (" in result.output


def test_a_store_that_the_file_calls_more_exactly_is_judged_as_that() -> None:
    empty = {**GET, "output": ""}
    text = lines({"model": "kv-append"}, empty)
    assert "model kv-append" in run("-", "--model", "kv", given=text).output
    assert run("-", "--model", "kv", given=lines(empty)).exit_code == 1


def test_pictures_and_json_are_written(tmp_path: Path) -> None:
    wrong = saved(tmp_path / "w.jsonl", {"model": "kv"}, PUT, STALE)
    right = saved(tmp_path / "r.jsonl", {"model": "kv"}, PUT, GET)
    out = tmp_path / "out"
    result = run(
        wrong, right, "--html", out / "p.html", "--svg", out / "p.svg", "--json", out / "v.json"
    )
    assert result.exit_code == 1
    assert sorted(path.name for path in out.iterdir()) == ["p-w.html", "p-w.svg", "v.json"]
    assert "<svg" in (out / "p-w.svg").read_text("utf-8")
    first, second = json.loads((out / "v.json").read_text("utf-8"))["histories"]
    assert (first["verdict"], first["holds"]) == ("not_linearizable", False)
    assert first["counterexample"]["lines"] == [2, 3]
    assert (second["verdict"], second["holds"]) == ("linearizable", True)
    one = run(wrong, "--html", out / "only.html")
    assert f"Written: {out / 'only.html'}" in one.output


def hard(path: Path) -> Path:
    """Write a history that no checker decides in a second: sixty writes that all overlap."""
    operations = [
        Operation(client=number, name="put", arguments=(number,), call=0, ret=100)
        for number in range(24)
    ]
    last = [
        Operation(client=50, name="get", output=one, call=200 + 2 * at, ret=201 + 2 * at)
        for at, one in enumerate([*range(0, 24, 2), *range(23, 0, -2), "none of them"])
    ]
    write_history(History.of([*operations, *last]), path, model="fifo")
    return path


def test_what_is_not_decided_in_time_ends_with_3(tmp_path: Path) -> None:
    result = run(hard(tmp_path / "hard.jsonl"), "--time", "200ms")
    assert result.exit_code == 3
    assert "undecided" in result.output


@pytest.mark.slow
def test_ctrl_c_ends_a_long_check_at_once_and_cleanly(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "holdfast",
        "check-history",
        str(hard(tmp_path / "h")),
        "--time",
        "60s",
    ]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stderr is not None
        told = child.stderr.readline()  # that it is still judging, after two seconds
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=20)
    finally:
        child.kill()
    assert "still judging, 2 s of 60 s" in told
    assert child.returncode == 130
    assert "holdfast: interrupted" in errors
    assert "Traceback" not in errors


def test_the_help_shows_a_record_and_the_exit_codes() -> None:
    result = run("--help")
    assert (
        '{"client": 1, "op": "put", "key": "k", "input": 7, "call": 0, "ret": 3}' in result.output
    )
    assert "Exit codes: 0 every history is right" in result.output

"""`holdfast fuzz list`, `run`, `resume` and `status`, as programs and in this process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from click.testing import CliRunner

from fuzz.catalogue import target_names
from fuzz.commands import fuzz_command
from fuzz.engines._atheris import why_not

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = "tests.fuzz.bad_targets:"
LIMIT_S = 60.0
QUICK = ("--runs", "200", "--engine", "greybox", "--seed", "1", "-j", "1")
PROGRAM = "from fuzz.commands import fuzz_command; fuzz_command()"
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def call(*words: object) -> Any:
    return CliRunner().invoke(fuzz_command, [str(word) for word in words])


def records(store: Path) -> list[dict[str, Any]]:
    (path,) = sorted((store / "runs").glob("*.json"))
    found: list[dict[str, Any]] = json.loads(path.read_text())["records"]
    return found


@contextlib.contextmanager
def started(*words: object) -> Iterator[subprocess.Popen[str]]:
    """Start the program; kill it at the end, if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *(str(word) for word in words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as parent:
        try:
            yield parent
        finally:
            parent.kill()


def wait_for(condition: Any) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


@pytest.mark.slow
def test_list_names_every_target_and_the_engines() -> None:
    shown = call("list")
    assert shown.exit_code == 0
    for name in target_names():
        assert name in shown.output
    assert "engine atheris: " in shown.output
    assert "engine greybox: guided by code coverage" in shown.output


@pytest.mark.parametrize("command", ["list", "run", "resume", "status"])
def test_help_shows_an_example_and_what_the_exit_codes_mean(command: str) -> None:
    shown = call(command, "--help")
    assert shown.exit_code == 0
    assert ("holdfast fuzz" in shown.output) or command == "list"
    assert ("Exit codes: " in shown.output) or command == "list"
    assert max(len(line) for line in shown.output.splitlines()) <= 80


@pytest.mark.slow
def test_a_clean_run_exits_0_names_its_engine_and_keeps_its_record(tmp_path: Path) -> None:
    store = tmp_path / "store"
    shown = call("run", HERE + "PASSES", *QUICK, "--folder", tmp_path / "f", "--store", store)
    assert shown.exit_code == 0, shown.output
    assert "clean" in shown.output
    assert "greybox, 1 worker; seed 1; ended because its budget was used up" in shown.output
    (record,) = records(store)
    assert (record["kind"], record["outcome"]) == ("fuzz", "passed")
    assert record["params"]["generator"] == "greybox"
    measures = {measure["metric"]: measure["value"] for measure in record["measures"]}
    assert measures["executions"] == 200
    assert measures["crashes"] == measures["new crashes"] == 0
    assert measures["rate"] > 0


@pytest.mark.slow
def test_a_finding_exits_1_and_its_line_fails_again(tmp_path: Path) -> None:
    folder, store = tmp_path / "f", tmp_path / "store"
    names = (HERE + "RAISES", HERE + "PASSES")
    shown = call("run", *names, *QUICK, "--folder", folder, "--store", store)
    assert shown.exit_code == 1
    assert "LookupError" in shown.output
    line = next(line for line in shown.output.splitlines() if line.startswith("again: "))
    words = line.removeprefix("again: holdfast fuzz ").split()
    assert [record["outcome"] for record in records(store)] == ["failed", "passed"]
    assert " ".join(words) in records(store)[0]["replay"]
    again = call(*words)
    assert again.exit_code == 1
    assert "LookupError" in again.output
    assert "1 executions" in again.output


@pytest.mark.slow
def test_a_saved_crash_that_fails_still_exits_1_unless_known_ones_are_ignored(
    tmp_path: Path,
) -> None:
    words = ("run", HERE + "RAISES", *QUICK, "--folder", tmp_path)
    assert call(*words).exit_code == 1
    again = call(*words)
    assert again.exit_code == 1
    assert "saved before, fails still" in again.output
    assert call(*words, "--ignore-known").exit_code == 0


@pytest.mark.slow
def test_a_replay_that_fails_no_more_exits_0(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"abc")
    shown = call("run", HERE + "RAISES", "--replay", file, "--folder", tmp_path / "f")
    assert shown.exit_code == 0, shown.output


@pytest.mark.slow
def test_a_run_that_judges_nothing_exits_3(tmp_path: Path) -> None:
    shown = call("run", HERE + "CANNOT_TELL", *QUICK, "--folder", tmp_path)
    assert shown.exit_code == 3
    assert "undecided" in shown.output


@pytest.mark.slow
def test_no_execution_in_the_time_given_exits_3(tmp_path: Path) -> None:
    shown = call("run", HERE + "SLOW_START", "--time", "0.0001ms", *QUICK[2:],
                 "--folder", tmp_path)  # fmt: skip
    assert shown.exit_code == 3, shown.output
    assert "not one input was run" in shown.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run"], "give the targets to run, or --all"),
        (["run", "--all", "flow_operations"], "give the targets to run, or --all"),
        (["run", "nobody"], "no target 'nobody': the targets are "),
        (["run", "flow_operations", "--time", "0s"], "is no time above 0"),
        (["run", "flow_operations", "--time", "soon"], "is no time above 0"),
        (["run", "flow_operations", "--runs", "0"], "--runs"),
        (["run", "flow_operations", "--seed", "-1"], "--seed"),
        (["run", "flow_operations", "--engine", "afl"], "--engine"),
        (["run", "flow_operations", "--workers", "0"], "--workers"),
        (["run", "flow_operations", "--replay", "nowhere"], "nowhere"),
        (["run", "--all", "--replay", __file__], "exactly one target"),
        (["run", "flow_operations", "--dict", __file__], "is no dictionary entry"),
        (["status", "--folder", "nowhere-at-all"], "there is no campaign"),
    ],
)
def test_wrong_usage_exits_2_before_any_child_starts(words: list[str], says: str) -> None:
    shown = call(*words)
    assert shown.exit_code == 2, shown.output
    assert says in " ".join(shown.output.split())


@pytest.mark.skipif(not why_not(), reason="Atheris can run here")
def test_atheris_where_it_cannot_run_is_told(tmp_path: Path) -> None:
    shown = call("run", "flow_operations", "--engine", "atheris", "--folder", tmp_path)
    assert shown.exit_code == 2
    assert "Atheris cannot run here" in shown.output


@pytest.mark.slow
def test_a_broken_target_is_named_and_stops_none_of_the_others(tmp_path: Path) -> None:
    store = tmp_path / "store"
    names = ("tests.fuzz.raises_on_import:TARGET", HERE + "NOBODY", HERE + "PASSES")
    shown = call("run", *names, *QUICK, "--folder", tmp_path / "f", "--store", store)
    assert shown.exit_code == 2, shown.output
    assert "broken  tests.fuzz.raises_on_import:TARGET: ZeroDivisionError" in shown.output
    assert f"broken  {HERE}NOBODY: AttributeError" in shown.output
    assert f"clean  {HERE}PASSES: 200 executions" in shown.output
    assert [record["outcome"] for record in records(store)] == [
        "undecided", "undecided", "passed",
    ]  # fmt: skip


@pytest.mark.slow
def test_several_targets_take_turns_and_a_stale_one_leaves_its_time(tmp_path: Path) -> None:
    names = (HERE + "RAISES", HERE + "PASSES")
    shown = call("run", *names, *QUICK[2:], "--time", "6s", "--stop-when-stale", "1s",
                 "--folder", tmp_path)  # fmt: skip
    assert shown.exit_code == 1, shown.output
    assert shown.output.count("ended because nothing new came any more") == 2
    status = json.loads(call("status", "--json", "--folder", tmp_path).output)
    assert {one["target"]: one["budget_s"] > 6.5 for one in status} == {
        HERE + "RAISES": False, HERE + "PASSES": True,
    }  # fmt: skip


@pytest.mark.slow
def test_status_tells_for_people_and_for_programs(tmp_path: Path) -> None:
    assert call("run", HERE + "RAISES", *QUICK, "--folder", tmp_path).exit_code == 1
    shown = call("status", HERE + "RAISES", "--folder", tmp_path)
    assert shown.exit_code == 0
    assert "ended" in shown.output
    assert "executions  200" in shown.output
    assert "1 raised an exception (1 new)" in shown.output
    assert "outlook" in shown.output
    (told,) = json.loads(call("status", "--json", "--folder", tmp_path).output)
    assert told["schema"] == "holdfast.fuzz-status/1"
    assert (told["executions"], told["state"], told["saved"]) == (200, "ended", 1)
    assert told["crashes"] == {"raised an exception": 1}


@pytest.mark.slow
def test_a_campaign_that_ran_to_its_end_is_not_resumed(tmp_path: Path) -> None:
    assert call("run", HERE + "PASSES", *QUICK, "--folder", tmp_path).exit_code == 0
    shown = call("resume", HERE + "PASSES", "--folder", tmp_path)
    assert shown.exit_code == 2
    assert "its last campaign ended because its budget was used up" in shown.output


@pytest.mark.slow
@posix
def test_ctrl_c_ends_the_workers_keeps_the_findings_exits_130_and_can_be_resumed(
    tmp_path: Path,
) -> None:
    name = HERE + "RAISES"
    words = ("--time", "6s", *QUICK[2:], "--folder", tmp_path / "f", "--store", tmp_path / "store")
    crashes = tmp_path / "f" / "tests.fuzz.bad_targets_RAISES" / "crashes"
    with started("run", name, *words) as parent:
        wait_for(lambda: crashes.is_dir() and any(crashes.glob("*.json")))
        children = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGINT)
        output, _ = parent.communicate(timeout=LIMIT_S)
    assert parent.returncode == 130, output
    assert children
    assert not [child for child in children if child.is_running()]
    assert "LookupError" in output
    assert "ending; a second Ctrl-C ends at once" in output
    assert records(tmp_path / "store")[0]["outcome"] == "failed"
    assert not list((crashes.parent / "workers").glob("*.*"))
    resumed = call("resume", name, "--folder", tmp_path / "f")
    assert resumed.exit_code == 1, resumed.output
    (told,) = json.loads(call("status", "--json", "--folder", tmp_path / "f").output)
    assert (told["state"], told["new"]) == ("ended", 1)
    assert told["fuzzed_s"] >= 6


@pytest.mark.slow
@posix
def test_a_second_ctrl_c_ends_at_once(tmp_path: Path) -> None:
    # The input that runs hangs for good, and its limit is far away.
    words = ("--time", "60s", *QUICK[2:], "--folder", tmp_path)
    place = tmp_path / "tests.fuzz.bad_targets_HANGS_LONG"
    with started("run", HERE + "HANGS_LONG", *words) as parent:
        wait_for(lambda: list(place.glob("workers/*.box")))
        wait_for(lambda: len(psutil.Process(parent.pid).children(recursive=True)) > 1)
        children = psutil.Process(parent.pid).children(recursive=True)
        parent.send_signal(signal.SIGINT)
        wait_for(lambda: "a second Ctrl-C" in parent.stdout.readline())
        parent.send_signal(signal.SIGINT)
        began_s = time.monotonic()
        parent.wait(LIMIT_S)
        assert time.monotonic() - began_s < 20
    assert parent.returncode == 130
    psutil.wait_procs(children, timeout=LIMIT_S)
    assert not [child for child in children if child.is_running()]


@pytest.mark.slow
@posix
def test_two_campaigns_in_one_folder_refuse_and_status_tells_who_runs(tmp_path: Path) -> None:
    place = tmp_path / "tests.fuzz.bad_targets_PASSES"
    words = ("--time", "60s", *QUICK[2:], "--folder", tmp_path)
    with started("run", HERE + "PASSES", *words) as parent:
        wait_for(lambda: list(place.glob("corpus/*")))
        shown = call("run", HERE + "PASSES", *QUICK, "--folder", tmp_path)
        assert shown.exit_code == 2
        assert f"in use by the campaign of process {parent.pid}" in shown.output
        status = call("status", "--folder", tmp_path)
        assert f"running, process {parent.pid}" in " ".join(status.output.split())
        assert call("resume", HERE + "PASSES", "--folder", tmp_path).exit_code == 2
        parent.send_signal(signal.SIGINT)
        parent.communicate(timeout=LIMIT_S)


@pytest.mark.slow
@posix
@pytest.mark.parametrize("engine", ["greybox", "auto"])
def test_workers_whose_parent_was_killed_end_by_themselves(tmp_path: Path, engine: str) -> None:
    corpus = tmp_path / "tests.fuzz.bad_targets_PASSES" / "corpus"
    words = ("--time", "60s", "--engine", engine, "--folder", tmp_path)
    with started("run", HERE + "PASSES", *words) as parent:
        wait_for(lambda: corpus.is_dir() and any(corpus.iterdir()))
        children = psutil.Process(parent.pid).children(recursive=True)
        parent.kill()
    assert children
    _, alive = psutil.wait_procs(children, timeout=LIMIT_S)
    assert not alive


@pytest.mark.slow
def test_a_database_of_another_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    assert call("run", HERE + "PASSES", *QUICK, "--folder", tmp_path).exit_code == 0
    path = tmp_path / "tests.fuzz.bad_targets_PASSES" / "campaigns.sqlite3"
    with sqlite3.connect(path) as opened:
        opened.execute("PRAGMA user_version = 99")
    opened.close()
    before = path.read_bytes()
    for words in (["run", HERE + "PASSES", *QUICK], ["resume", HERE + "PASSES"], ["status"]):
        shown = call(*words, "--folder", tmp_path)
        assert shown.exit_code == 2, shown.output
        assert "it is of version 99, and this holdfast reads version 1" in shown.output
    assert path.read_bytes() == before

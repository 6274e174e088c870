import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from stress.commands import stress_command
from stress.scenarios import scenario_names

BAD = "tests.stress.bad_scenarios:"
LIMIT_S = 30.0


def call(*words: str) -> Any:
    return CliRunner().invoke(stress_command, words, env={"COLUMNS": "120"})


def documents(store: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted((store / "runs").glob("*.json"))]


def test_list_names_every_scenario() -> None:
    shown = call("list")
    assert shown.exit_code == 0
    for name in scenario_names():
        assert name in shown.output


@pytest.mark.slow
def test_a_run_that_passes_exits_0_and_keeps_its_record(tmp_path: Path) -> None:
    store = tmp_path / "store"
    shown = call("run", BAD + "PASSES", "--rounds", "1", "--store", str(store))
    assert shown.exit_code == 0, shown.output
    assert "passed" in shown.output
    (document,) = documents(store)
    assert document["records"][0]["outcome"] == "passed"


@pytest.mark.slow
def test_a_run_that_fails_exits_1_with_the_line_that_runs_it_again(tmp_path: Path) -> None:
    shown = call("run", BAD + "RAISES", BAD + "PASSES", "--rounds", "1", "--store", str(tmp_path))
    assert shown.exit_code == 1
    assert "ValueError: raised on purpose" in shown.output
    assert f"again: holdfast stress run {BAD}RAISES --seed 0 --rounds 1" in shown.output
    outcomes = [record["outcome"] for record in documents(tmp_path)[0]["records"]]
    assert outcomes == ["failed", "passed"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run"], "give the scenarios to run, or --all"),
        (["run", "--all", "flow_100_waiters"], "give the scenarios to run, or --all"),
        (["run", "nobody"], "no scenario 'nobody'"),
        (["run", "flow_100_waiters", "--rounds", "0"], "--rounds"),
        (["run", "flow_100_waiters", "--seconds", "0"], "--seconds"),
        (["run", "flow_100_waiters", "--time", "inf"], "is no time; write 90, 90s, 5m or 8h"),
    ],
)
def test_wrong_usage_exits_2_before_any_child_starts(words: list[str], says: str) -> None:
    shown = call(*words)
    assert shown.exit_code == 2
    assert says in shown.output


@pytest.mark.slow
def test_a_folder_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    shown = call("run", BAD + "PASSES", "--rounds", "1", "--store", str(tmp_path))
    assert shown.exit_code == 1
    assert "mine.txt" in shown.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_ends_the_child_keeps_the_results_and_exits_130(tmp_path: Path) -> None:
    words = ["run", BAD + "PASSES", BAD + "SPINS", "--rounds", "1", "--hang", "60"]
    program = "from stress.commands import stress_command; stress_command()"
    parent = subprocess.Popen(  # our own program
        [sys.executable, "-c", program, *words, "--store", str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        child = _spinning_child(psutil.Process(parent.pid))
        parent.send_signal(signal.SIGINT)
        output, _ = parent.communicate(timeout=LIMIT_S)
    finally:
        parent.kill()
        parent.wait()
    assert parent.returncode == 130, output
    assert not child.is_running()
    outcomes = [record["outcome"] for record in documents(tmp_path)[0]["records"]]
    assert outcomes == ["passed", "undecided"]


def _spinning_child(parent: psutil.Process) -> psutil.Process:
    deadline_s = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline_s:
        for child in parent.children():
            with contextlib.suppress(psutil.NoSuchProcess):  # the first scenario's, just ended
                # Before it becomes the child, a fork still shows its parent's words.
                if any("SPINS" in word and '"target"' in word for word in child.cmdline()):
                    return child
        time.sleep(0.01)
    raise AssertionError("the second scenario never started")

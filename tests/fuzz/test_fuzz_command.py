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

from fuzz._atheris import why_not
from fuzz.catalogue import target_names
from fuzz.commands import fuzz_command

HERE = "tests.fuzz.bad_targets:"
LIMIT_S = 30.0
QUICK = ("--runs", "200", "--engine", "plain", "--seed", "1")


def call(*words: object) -> Any:
    return CliRunner().invoke(fuzz_command, [str(word) for word in words])


def records(store: Path) -> list[dict[str, Any]]:
    (path,) = sorted((store / "runs").glob("*.json"))
    found: list[dict[str, Any]] = json.loads(path.read_text())["records"]
    return found


def test_list_names_every_target_and_the_engine() -> None:
    shown = call("list")
    assert shown.exit_code == 0
    for name in target_names():
        assert name in shown.output
    assert "Inputs come from: " in shown.output


@pytest.mark.slow
def test_a_clean_run_exits_0_names_its_engine_and_keeps_its_record(tmp_path: Path) -> None:
    store = tmp_path / "store"
    shown = call("run", HERE + "PASSES", *QUICK, "--folder", tmp_path / "f", "--store", store)
    assert shown.exit_code == 0, shown.output
    assert "clean" in shown.output
    assert "plain seeded generator: no coverage guidance; seed 1" in shown.output
    (record,) = records(store)
    assert (record["kind"], record["outcome"]) == ("fuzz", "passed")
    assert record["params"]["generator"] == "plain seeded generator: no coverage guidance"
    measures = {measure["metric"]: measure["value"] for measure in record["measures"]}
    assert measures["executions"] == 200
    assert measures["crashes"] == 0
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
    again = call(*words, "--folder", folder)
    assert again.exit_code == 1
    assert "LookupError" in again.output
    assert "1 executions" in again.output


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
    shown = call("run", HERE + "PASSES", "--time", "0.0001ms", "--engine", "plain",
                 "--folder", tmp_path)  # fmt: skip
    assert shown.exit_code == 3, shown.output
    assert "not one input was run" in shown.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run"], "give the targets to run, or --all"),
        (["run", "--all", "flow_operations"], "give the targets to run, or --all"),
        (["run", "nobody"], "no target 'nobody': the targets are secret_operations"),
        (["run", "tests.fuzz.bad_targets:NOT_A_TARGET"], "it is a int, not a Target"),
        (["run", "tests.fuzz.bad_targets:NOBODY"], "AttributeError"),
        (["run", "flow_operations", "--time", "0s"], "is no time above 0"),
        (["run", "flow_operations", "--time", "soon"], "is no time above 0"),
        (["run", "flow_operations", "--runs", "0"], "--runs"),
        (["run", "flow_operations", "--seed", "-1"], "--seed"),
        (["run", "flow_operations", "--engine", "afl"], "--engine"),
        (["run", "flow_operations", "--replay", "nowhere"], "nowhere"),
        (["run", "--all", "--replay", __file__], "exactly one target"),
    ],
)
def test_wrong_usage_exits_2_before_any_child_starts(words: list[str], says: str) -> None:
    shown = call(*words)
    assert shown.exit_code == 2, shown.output
    assert says in " ".join(shown.output.split())


@pytest.mark.skipif(not why_not(), reason="Atheris can run here")
def test_atheris_where_it_cannot_run_is_wrong_usage() -> None:
    shown = call("run", "flow_operations", "--engine", "atheris")
    assert shown.exit_code == 2
    assert "Atheris cannot run here" in shown.output


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_ctrl_c_ends_the_child_keeps_the_findings_and_exits_130(tmp_path: Path) -> None:
    program = "from fuzz.commands import fuzz_command; fuzz_command()"
    words = ["run", HERE + "RAISES", "--time", "60s", "--engine", "plain"]
    parent = subprocess.Popen(
        [sys.executable, "-c", program, *words, "--folder", tmp_path / "f", "--store",
         tmp_path / "store"],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    crashes = tmp_path / "f" / "tests.fuzz.bad_targets_RAISES" / "crashes"
    try:
        wait_for(lambda: crashes.is_dir() and any(crashes.glob("*.json")))
        (child,) = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGINT)
        output, _ = parent.communicate(timeout=LIMIT_S)
    finally:
        parent.kill()
        parent.wait()
    assert parent.returncode == 130, output
    assert not child.is_running()
    assert "LookupError" in output
    assert records(tmp_path / "store")[0]["outcome"] == "failed"
    assert not list(crashes.parent.glob("box-*"))
    assert not list(crashes.parent.glob("job-*"))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("engine", ["plain", "auto"])
def test_a_child_whose_parent_was_killed_ends_by_itself(tmp_path: Path, engine: str) -> None:
    program = "from fuzz.commands import fuzz_command; fuzz_command()"
    words = ["run", HERE + "PASSES", "--time", "60s", "--engine", engine]
    parent = subprocess.Popen(
        [sys.executable, "-c", program, *words, "--folder", tmp_path],
        stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        corpus = tmp_path / "tests.fuzz.bad_targets_PASSES" / "corpus"
        wait_for(lambda: corpus.is_dir() and any(corpus.iterdir()))
        (child,) = psutil.Process(parent.pid).children()
    finally:
        parent.kill()
        parent.wait()
    child.wait(LIMIT_S)


def wait_for(condition: Any) -> None:
    deadline_s = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)

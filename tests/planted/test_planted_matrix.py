"""The matrix itself: it must not say "found" or "passes" of what is neither."""

import dataclasses
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import harness
from reports import Outcome
from stress import Ending
from tests.planted.byte_draws import ByteDraws
from tests.planted.catalogue import Method, PlantedBug, module_names
from tests.planted.flow.bugs import BUGS
from tests.planted.matrix import records_of, run_matrix, run_row, table_of
from tests.planted.methods import attempt

ROOT = Path(__file__).resolve().parents[2]
LOST = next(bug for bug in BUGS if bug.label == "B-53")
SIMPLE = next(bug for bug in BUGS if bug.label == "B-58")


def planted(**how: Any) -> PlantedBug:
    return dataclasses.replace(SIMPLE, executions=5, **how)


def test_a_twin_without_its_bug_is_reported_as_not_found() -> None:
    row = run_row(planted(bad=SIMPLE.good), first_seed=4, seeds=2)
    assert (len(row.found), row.ok) == (0, False)
    assert row.problems() == [
        (
            "B-58: not found in 5 executions\n"
            "  python -m tests.planted --only B-58 --first-seed 4 --seeds 1  (and 1 more seeds)"
        )
    ]
    bad, good = records_of([row])
    assert (bad.outcome, good.outcome) == (Outcome.FAILED, Outcome.PASSED)


def test_a_good_twin_that_fails_is_a_false_alarm() -> None:
    row = run_row(planted(good=SIMPLE.bad), first_seed=0, seeds=1)
    assert (len(row.found), len(row.alarms), row.ok) == (1, 1, False)
    assert "good twin: false alarm: example 0:" in row.problems()[0]
    _bad, good = records_of([row])
    assert good.outcome is Outcome.FAILED


def test_another_finding_than_the_bugs_own_counts_neither_as_found_nor_as_passed() -> None:
    other = dataclasses.replace(LOST, kinds=(harness.FindingKind.DATA_RACE,))
    seen = attempt(other, twin="bad", seed=0)
    assert (seen.found, seen.passed) == (False, False)
    assert seen.undecided == "found something else: LOST_WAKEUP"


def test_an_exploration_that_meets_its_step_bound_counts_neither_as_found_nor_as_passed() -> None:
    seen = attempt(dataclasses.replace(LOST, max_steps=3), twin="good", seed=0, executions=5)
    assert (seen.found, seen.passed) == (False, False)
    assert seen.undecided.startswith("undecided")


def test_a_tool_that_fails_counts_neither_as_found_nor_as_passed() -> None:
    seen = attempt(dataclasses.replace(LOST, strategy="no such one"), twin="bad", seed=0)
    assert (seen.found, seen.passed) == (False, False)
    assert seen.undecided.startswith("the tool failed: ")


def test_a_controlled_example_that_hangs_is_a_finding() -> None:
    bug = planted(body=lambda make, rng: LOST.body(make), bad=LOST.bad, controlled=True)
    bug = dataclasses.replace(bug, executions=50)
    seen = attempt(bug, twin="bad", seed=0)
    assert seen.found
    assert "LOST_WAKEUP" in seen.story


def test_an_example_can_be_run_again_alone() -> None:
    drawn: list[float] = []
    bug = planted(body=lambda make, rng: drawn.append(rng.random()))
    attempt(bug, twin="good", seed=3)
    assert drawn == [random.Random(f"3:{number}").random() for number in range(5)]


def test_a_stressed_check_runs_in_a_child_process() -> None:
    bug = dataclasses.replace(
        LOST, method=Method.STRESS, executions=1, seconds=0.5, noise="heavy", kinds=()
    )
    seen = attempt(bug, twin="good", seed=0)
    assert seen.passed, seen.story


def test_a_child_that_cannot_be_loaded_counts_neither_as_found_nor_as_passed() -> None:
    bug = dataclasses.replace(LOST, number="B-99", method=Method.STRESS, seconds=0.5, kinds=())
    seen = attempt(bug, twin="bad", seed=0)  # nothing of that number in the child
    assert (seen.found, seen.passed) == (False, False)
    assert "no planted bug answers to B_99_bad" in seen.undecided


def test_another_ending_than_the_bugs_own_counts_neither_as_found_nor_as_passed() -> None:
    bug = next(bug for bug in BUGS if bug.label == "B-53-stress")
    seen = attempt(
        dataclasses.replace(bug, endings=(Ending.SIGNAL,), hang_s=0.5), twin="bad", seed=0
    )
    assert (seen.found, seen.passed) == (False, False)
    assert seen.undecided.startswith("it hung")


def test_a_scan_that_loses_its_child_counts_neither_as_found_nor_as_passed() -> None:
    def lost(_make: object, _rng: object) -> None:
        raise OSError("the child is gone")

    seen = attempt(planted(method=Method.MEMORY_SCAN, body=lost), twin="bad", seed=0)
    assert (seen.found, seen.passed) == (False, False)
    assert seen.undecided == "the tool failed: OSError: the child is gone"


def test_draws_come_from_the_bytes_and_from_zeros_behind_them() -> None:
    draws = ByteDraws(b"\x05\x00\x80\x07")
    assert draws.randrange(100) == 5
    assert draws.random() == 0.5
    assert draws.choice("abcdefgh") == "h"
    assert [draws.random(), draws.randrange(9), draws.randbytes(2)] == [0.0, 0, b"\0\0"]


def test_the_matrix_tells_medians_and_survives_being_printed() -> None:
    heard: list[str] = []
    rows = run_matrix([SIMPLE], first_seed=0, seeds=3, progress=lambda bug: heard.append(bug.label))
    assert heard == ["B-58"]
    assert table_of(rows).row_count == 1
    found = records_of(rows)[0].measure("found")
    assert found is not None
    assert (found.value, found.n) == (3, 3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"number": "53"}, "number takes 'B-'"),
        ({"executions": 0}, "executions takes 1 or more"),
        ({"isolated": True}, "only an exploration can be isolated"),
        ({"method": Method.EXPLORATION, "controlled": True}, "only PROPERTY examples"),
        ({"noise": "heavy"}, "noise and endings are for STRESS only"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        dataclasses.replace(SIMPLE, **change)


def test_helpers_and_tests_are_not_taken_for_bug_modules() -> None:
    assert "tests.planted.flow.bugs" in module_names()
    assert not any("test_" in name for name in module_names())


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m tests.planted`: the hook refuses subjects that this process has imported."""
    return subprocess.run(  # our own program
        [sys.executable, "-m", "tests.planted", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_command_refuses_a_bug_that_is_not_there() -> None:
    shown = command("--only", "B-99")
    assert shown.returncode == 2
    assert "no planted bug B-99" in shown.stderr


@pytest.mark.slow
def test_the_command_exits_0_when_all_is_found_and_keeps_its_records(tmp_path: Path) -> None:
    words = ["--only", "B-55", "--only", "B-59", "--seeds", "2", "--store", str(tmp_path)]
    shown = command(*words)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "2 of 2 as expected" in shown.stdout
    (path,) = (tmp_path / "runs").glob("*.json")
    assert len(json.loads(path.read_text())["records"]) == 4

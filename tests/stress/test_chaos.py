"""Chaos as a value, and each kind of it: finds the subject that breaks, and lets its twin pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from harness.faults import FaultPlan
from reports import Store
from stress import Budget, Ending, StressRun, record_of, run_scenario
from stress.chaos import MEANING, Chaos, Trouble
from stress.chaos_applied import calm, faults_now
from stress.chaos_errors import ChaosTextError
from stress.chaos_limits import _limit_with_free

if TYPE_CHECKING:
    from pathlib import Path

TWINS = "tests.stress.chaos_twins:"
ON_POSIX = pytest.mark.skipif(os.name != "posix", reason="limits and signals are POSIX's")


def run(name: str, chaos: str, **budget: Any) -> StressRun:
    asked = Chaos.parse(chaos)
    return run_scenario(name, Budget(**{"rounds": 4, "seed": 1, **budget}, chaos=asked))


# -- the value


@pytest.mark.parametrize(
    "text",
    [
        "kill",
        "clock,disk,descriptors,locks,signals,slow,failing",
        "disk,faults(os.write: between 2 4 fails ENOSPC; open: share 0.1 fails, seed 7)".replace(
            ", seed", "; seed"
        ),
    ],
)
def test_chaos_reads_back_from_its_words_and_from_its_document(text: str) -> None:
    chaos = Chaos.parse(text)
    assert str(chaos) == text
    assert Chaos.parse(str(chaos)) == chaos
    assert Chaos.from_json(json.loads(json.dumps(chaos.to_json()))) == chaos


def test_the_order_of_the_words_does_not_matter_and_all_is_all() -> None:
    assert Chaos.parse("signals, clock") == Chaos.parse("clock,signals,clock")
    assert Chaos.parse("all").kinds == tuple(Trouble)
    assert Chaos.parse("clock,faults(x: nth 1 fails)").plan == FaultPlan.parse("x: nth 1 fails")
    assert MEANING.keys() == set(Trouble)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("disk,fire", "fire"),
        ("", ""),
        ("faults(os.write)", "os.write"),
        ("disk;clock", "disk;clock"),
    ],
)
def test_a_word_that_is_no_chaos_is_refused_with_what_there_is(text: str, word: str) -> None:
    with pytest.raises(ChaosTextError) as refused:
        Chaos.parse(text)
    assert refused.value.word == word
    assert "descriptors: only a few more files can be opened" in str(refused.value)


def test_without_chaos_a_scenario_may_ask_for_calm_all_the_same() -> None:
    calm()
    assert faults_now() is None


@pytest.mark.parametrize("free", [0, 1, 5])
def test_a_limit_leaves_as_many_free_numbers_as_asked(free: int) -> None:
    used = {0, 1, 2, 3, 7, 9}
    limit = _limit_with_free(used, free)
    assert len(set(range(limit)) - used) == free
    assert limit not in used


# -- each kind


FOUND = [
    ("clock", "CLOCK_BAD", Ending.EXCEPTION, "an entry of a moment ago has expired"),
    ("disk", "DISK_BAD", Ending.EXCEPTION, "a file that was written is gone"),
    ("descriptors", "DESCRIPTORS_BAD", Ending.LEAK, "/dev/null"),
    ("faults(open: share 0.2 fails EMFILE)", "ABSENCE_BAD", Ending.EXCEPTION, "the file says"),
    ("locks", "LOCKS_BAD", Ending.EXCEPTION, "bytes count as locked"),
    ("signals", "SIGNALS_BAD", Ending.HANG, "did not finish round"),
    ("slow", "SLOW_BAD", Ending.EXCEPTION, "somebody has paid twice"),
    ("failing", "FAILING_BAD", Ending.HANG, "did not finish round"),
    ("kill", "KILL_BAD", Ending.EXCEPTION, "is torn"),
    ("kill", "KILL_FORGETS", Ending.EXCEPTION, "a file that was written is gone"),
]


@ON_POSIX
@pytest.mark.slow
@pytest.mark.parametrize(("chaos", "twin", "ending", "says"), FOUND, ids=str)
def test_each_kind_finds_the_subject_that_breaks_under_it(
    chaos: str, twin: str, ending: Ending, says: str
) -> None:
    seen = run(TWINS + twin, chaos)
    assert seen.ending is ending, f"{seen.ending}: {seen.message}\n{seen.output}"
    assert says in seen.message
    assert f"--chaos '{chaos}'" in seen.replay or f"--chaos {chaos}" in seen.replay


@ON_POSIX
@pytest.mark.slow
@pytest.mark.parametrize(
    ("chaos", "twin"),
    [
        ("clock,signals,slow", "CLOCK_GOOD"),
        ("disk,failing", "DISK_GOOD"),
        ("descriptors,signals", "DESCRIPTORS_GOOD"),
        ("faults(open: share 0.2 fails EMFILE)", "ABSENCE_GOOD"),
        ("locks", "LOCKS_GOOD"),
        ("signals", "SIGNALS_GOOD"),
        ("slow,clock", "SLOW_GOOD"),
        ("failing", "FAILING_GOOD"),
        ("kill,clock,signals,failing", "KILL_GOOD"),
    ],
)
def test_the_good_twins_pass_under_the_same(chaos: str, twin: str) -> None:
    seen = run(TWINS + twin, chaos, rounds=1 if "kill" in chaos else 3)
    assert seen.passed, f"{seen.ending}: {seen.message}\n{seen.stacks}\n{seen.output}"
    assert {str(kind) for kind in Chaos.parse(chaos).kinds} - {"slow", "failing"} <= set(seen.chaos)


@ON_POSIX
@pytest.mark.slow
@pytest.mark.parametrize("name", ["store_under_chaos", "secrets_under_chaos", "flow_under_chaos"])
def test_our_own_subjects_keep_their_promises_under_all_of_it(name: str) -> None:
    seen = run(name, "clock,disk,descriptors,locks,signals,slow,failing", rounds=5)
    assert seen.passed, f"{seen.ending}: {seen.message}\n{seen.stacks}\n{seen.output}"
    assert set(seen.chaos) >= {"clock", "disk", "descriptors", "locks", "signals", "faults"}


@ON_POSIX
@pytest.mark.slow
def test_the_report_store_loses_nothing_that_was_written_before_a_kill() -> None:
    seen = run("store_under_chaos", "kill,slow", rounds=2)
    assert seen.passed, f"{seen.ending}: {seen.message}\n{seen.output}"
    assert seen.rounds == 10
    assert seen.operations > 0
    assert seen.chaos["kill"].startswith("10 times")


@ON_POSIX
@pytest.mark.slow
def test_a_kill_of_what_leaves_nothing_behind_is_refused_and_says_why() -> None:
    seen = run("flow_under_chaos", "kill", rounds=1)
    assert seen.ending is Ending.BROKEN
    assert "nothing that outlives its process" in seen.message


@ON_POSIX
@pytest.mark.slow
def test_the_record_and_the_command_line_say_what_was_done(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "holdfast.cli", "stress", "run", TWINS + "SLOW_GOOD"]
    options = ["--rounds", "1", "--chaos", "clock,slow", "--store", str(tmp_path / "store")]
    told = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "clock: set " in told.stdout
    with Store(tmp_path / "store") as store:
        (stamp,) = store.stamps()
        (record,) = store.document(stamp.run_id).records
    assert record.params["chaos"] == "clock,slow"
    assert record.params["chaos: clock"].startswith("set ")
    wrong = subprocess.run(
        [*command, "--chaos", "fire"], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 2
    assert "'fire' in the chaos" in wrong.stderr.replace("\n", " ")


@ON_POSIX
@pytest.mark.slow
def test_a_disk_that_cannot_be_mounted_is_full_by_a_fault_plan(tmp_path: Path) -> None:
    script = (
        "import sys, tempfile\n"
        "from pathlib import Path\n"
        "from stress import chaos_disk\n"
        "from stress.chaos import Chaos\n"
        "def refuse(folder): raise PermissionError(1, 'unshare')\n"
        "chaos_disk._mount_over = refuse\n"
        "with Chaos.parse('disk').applied(seed=1, scratch=Path(sys.argv[1])) as applied:\n"
        "    with applied.round(1):\n"
        "        try:\n"
        "            for _ in range(500): (Path(sys.argv[1]) / 'x').write_text('y')\n"
        "        except OSError as error: print(error.strerror, applied.forgives(error))\n"
        "    print(applied.done['disk'])\n"
    )
    with_path = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env=with_path,
    ).stdout
    assert "No space left on device True" in told
    assert "writes fail with ENOSPC by a fault plan (no small file system" in told


def test_record_of_a_run_without_chaos_has_none() -> None:
    plain = StressRun(name="x", budget=Budget(), ending=Ending.PASSED)
    assert not [name for name in record_of(plain).params if name.startswith("chaos")]

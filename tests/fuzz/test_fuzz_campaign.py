"""Campaigns in real child processes, with both engines."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

import fuzz
from fuzz._atheris import why_not
from fuzz.black_box import BlackBox
from fuzz.campaign_run import MIB
from fuzz.corpus import InputFolder, content_name

HERE = "tests.fuzz.bad_targets:"
NO_ATHERIS = why_not()
ENGINES = [
    fuzz.Engine.PLAIN,
    pytest.param(
        fuzz.Engine.ATHERIS, marks=pytest.mark.skipif(bool(NO_ATHERIS), reason=NO_ATHERIS)
    ),
]
needs_atheris = pytest.mark.skipif(bool(NO_ATHERIS), reason=NO_ATHERIS)
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
pytestmark = pytest.mark.slow
both_engines = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name.lower())


def campaign(
    name: str, folder: Path, engine: fuzz.Engine = fuzz.Engine.PLAIN, **how: Any
) -> fuzz.CampaignRun:
    budget = fuzz.Budget(
        runs=how.pop("runs", 300),
        seconds=how.pop("seconds", 30.0),
        memory_bytes=how.pop("memory_bytes", 1024 * MIB),
    )
    full = name if name in fuzz.target_names() else HERE + name
    seed = how.pop("seed", 1)
    run = fuzz.run_campaign(full, engine=engine, seed=seed, budget=budget, folder=folder, **how)
    left = [child for child in psutil.Process().children() if child.status() != "zombie"]
    assert not left, "a child outlived its campaign"
    return run


def only(run: fuzz.CampaignRun) -> fuzz.Found:
    assert run.verdict is fuzz.Verdict.FOUND, run
    (found,) = run.found
    return found


@both_engines
def test_a_good_target_is_clean_after_the_runs_asked_for(
    tmp_path: Path, engine: fuzz.Engine
) -> None:
    run = campaign("PASSES", tmp_path, engine)
    assert run.verdict is fuzz.Verdict.CLEAN, run
    assert run.executions == 300
    assert run.features > 3
    assert run.corpus == len(InputFolder(tmp_path / "tests.fuzz.bad_targets_PASSES/corpus")) > 0


@both_engines
def test_a_finding_is_saved_whole_with_its_story_and_the_campaign_goes_on(
    tmp_path: Path, engine: fuzz.Engine
) -> None:
    run = campaign("RAISES", tmp_path, engine)
    found = only(run)
    assert run.executions >= 300
    assert run.failures > 1
    assert (found.crash.kind, found.crash.confirmed) == (fuzz.CrashKind.EXCEPTION, True)
    assert "LookupError" in found.crash.message
    assert "in raises" in found.crash.story
    assert "executor.py" not in found.crash.story
    assert found.path.read_bytes() == found.crash.data
    assert found.path.name == content_name(found.crash.data)
    written = json.loads(found.path.with_name(found.path.name + ".json").read_text())
    assert written["schema"] == "holdfast.crash/1"
    assert sorted(path.name for path in found.path.parent.iterdir()) == [
        found.path.name, f"{found.path.name}.json",
    ]  # fmt: skip


def test_the_smallest_input_of_a_finding_is_kept(tmp_path: Path) -> None:
    assert len(only(campaign("RAISES", tmp_path, runs=2_000)).crash.data) == 4


def test_two_bugs_of_one_type_are_two_findings_and_each_is_kept_once(tmp_path: Path) -> None:
    run = campaign("TWO_BUGS", tmp_path)
    assert len(run.found) == 2
    assert run.failures > 20
    assert {found.crash.message.partition(",")[0] for found in run.found} == {
        "ValueError: first", "ValueError: second",
    }  # fmt: skip


def test_saved_crashes_run_first_and_one_that_fails_still_is_known_and_not_saved_again(
    tmp_path: Path,
) -> None:
    first = only(campaign("RAISES", tmp_path))
    run = campaign("RAISES", tmp_path, seed=2)
    again = only(run)
    assert (run.replayed, run.fixed, again.known, again.path) == (1, 0, True, first.path)


def test_a_saved_crash_that_fails_no_more_is_counted_and_kept(tmp_path: Path) -> None:
    saved = InputFolder(tmp_path / "tests.fuzz.bad_targets_PASSES/crashes").add(b"once a crash")
    run = campaign("PASSES", tmp_path)
    assert (run.verdict, run.replayed, run.fixed) == (fuzz.Verdict.CLEAN, 1, 1)
    assert saved.exists()


@pytest.mark.parametrize("name", ["RAISES", pytest.param("KILLS", marks=posix)])
def test_every_saved_crash_is_run_even_if_each_ends_its_child(tmp_path: Path, name: str) -> None:
    saved = InputFolder(tmp_path / f"tests.fuzz.bad_targets_{name}/crashes")
    for data in (b"long enough", b"long, too", b"and another"):
        saved.add(data)
    run = campaign(name, tmp_path, runs=1)
    assert (run.replayed, run.fixed) == (3, 0)
    assert only(run).known


@both_engines
@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        pytest.param("KILLS", fuzz.CrashKind.SIGNAL, "SIGSEGV", marks=posix),
        ("EXITS", fuzz.CrashKind.EXIT, "exit code 3"),
        ("HANGS", fuzz.CrashKind.HANG, "after 0.5 s"),
        ("LEAVES", fuzz.CrashKind.EXCEPTION, "SystemExit"),
        ("IN_THREAD", fuzz.CrashKind.EXCEPTION, "LookupError"),
        ("IN_FINALISER", fuzz.CrashKind.EXCEPTION, "LookupError"),
    ],
)
def test_whatever_ends_an_input_is_one_finding_with_its_input(
    tmp_path: Path, engine: fuzz.Engine, *, name: str, kind: fuzz.CrashKind, says: str
) -> None:
    found = only(campaign(name, tmp_path, engine, seconds=1.5))
    assert found.crash.kind is kind
    assert says in found.crash.message
    assert found.path.read_bytes()


@posix
def test_a_hang_and_a_signal_tell_where_they_were(tmp_path: Path) -> None:
    assert "in hangs" in only(campaign("HANGS", tmp_path, seconds=2.0)).crash.story
    assert "in kills" in only(campaign("KILLS", tmp_path, seconds=2.0)).crash.story


def test_a_child_over_its_memory_limit_is_a_finding(tmp_path: Path) -> None:
    found = only(campaign("EATS", tmp_path, seconds=1.5, memory_bytes=400 * MIB))
    assert found.crash.kind is fuzz.CrashKind.MEMORY
    assert "over 400 MiB" in found.crash.message


def test_inputs_that_cannot_be_judged_make_the_campaign_undecided(tmp_path: Path) -> None:
    run = campaign("CANNOT_TELL", tmp_path)
    assert run.verdict is fuzz.Verdict.UNDECIDED
    assert run.undecided == run.executions
    assert "before they were judged" in run.why_undecided


def test_a_failure_that_does_not_come_again_is_saved_and_marked_so(tmp_path: Path) -> None:
    assert only(campaign("FLAKY", tmp_path)).crash.confirmed is False


def test_what_a_target_prints_is_not_taken_for_a_report(tmp_path: Path) -> None:
    assert campaign("PRINTS", tmp_path).executions == 300


def test_the_time_asked_for_is_kept(tmp_path: Path) -> None:
    run = campaign("PASSES", tmp_path, runs=None, seconds=0.5)
    assert run.verdict is fuzz.Verdict.CLEAN
    assert 0.4 < run.fuzzing_s < 10  # 20 times; the two processes start their clocks apart


def test_one_seed_makes_the_same_inputs_twice_and_another_seed_others(tmp_path: Path) -> None:
    def corpus(folder: str, seed: int) -> list[str]:
        campaign("PASSES", tmp_path / folder, seed=seed)
        kept = InputFolder(tmp_path / folder / "tests.fuzz.bad_targets_PASSES" / "corpus")
        return [path.name for path in kept.files()]

    assert corpus("one", 7) == corpus("two", 7) != corpus("three", 8)


def test_a_replay_runs_one_input_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"long enough")
    run = campaign("RAISES", tmp_path, replay=file)
    assert (run.executions, only(run).path) == (1, file)
    file.write_bytes(b"abc")
    assert campaign("RAISES", tmp_path, replay=file).verdict is fuzz.Verdict.CLEAN


def test_a_file_that_is_no_input_is_refused(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(70_000))
    with pytest.raises(fuzz.InputFileError, match="70000 bytes"):
        campaign("RAISES", tmp_path, replay=big)
    with pytest.raises(fuzz.InputFileError, match="No such file"):
        campaign("RAISES", tmp_path, replay=tmp_path / "nobody")


@needs_atheris
def test_atheris_finds_by_coverage_what_chance_does_not(tmp_path: Path) -> None:
    # Five bytes in a row: chance finds them once in 2**40 inputs.
    run = campaign("GUARDED", tmp_path, fuzz.Engine.ATHERIS, runs=400_000, seconds=60.0)
    assert "behind five bytes" in only(run).crash.message
    assert (run.coverage or 0) > 5
    plain = campaign("GUARDED", tmp_path / "plain", runs=20_000)
    assert plain.verdict is fuzz.Verdict.CLEAN


@both_engines
def test_both_engines_follow_what_the_target_tells(tmp_path: Path, engine: fuzz.Engine) -> None:
    run = campaign("STAGES", tmp_path, engine, runs=400_000, seconds=60.0)
    assert "behind four bytes" in only(run).crash.message


@both_engines
@pytest.mark.parametrize("name", ["WAKES_ONE", "FORGETS_SOURCE", "STAYS_OPEN"])
def test_both_engines_find_planted_bugs(tmp_path: Path, engine: fuzz.Engine, *, name: str) -> None:
    run = campaign(name, tmp_path, engine, runs=1_500)
    assert run.verdict is fuzz.Verdict.FOUND, run
    again = campaign(name, tmp_path, replay=run.found[0].path)
    assert only(again).crash.key == run.found[0].crash.key


@both_engines
def test_a_crash_under_the_engine_carries_its_token(tmp_path: Path, engine: fuzz.Engine) -> None:
    run = campaign("WAKES_ONE", tmp_path, engine, runs=1_500)
    for found in run.found:
        assert "hf2." in found.crash.story, found.crash
    assert {found.crash.kind for found in run.found} == {fuzz.CrashKind.SCHEDULE}


@both_engines
@pytest.mark.parametrize("name", fuzz.target_names())
def test_our_own_targets_are_clean(tmp_path: Path, engine: fuzz.Engine, *, name: str) -> None:
    run = campaign(name, tmp_path, engine, runs=400)
    assert run.verdict is fuzz.Verdict.CLEAN, run
    assert run.features > 30


@needs_atheris
def test_atheris_sees_rewritten_code_too(tmp_path: Path) -> None:
    run = campaign("flow_operations", tmp_path, fuzz.Engine.ATHERIS, runs=3_000)
    # Code alone: what the target tells is some 1000 more.
    assert 80 < (run.coverage or 0) < 700


@needs_atheris
def test_libfuzzer_can_start_itself_again_through_our_first_word(tmp_path: Path) -> None:
    # -merge runs its first word through a shell; with a script's name alone it "succeeds" empty.
    job = tmp_path / "job with a space.json"
    inputs, merged, box = tmp_path / "inputs", tmp_path / "merged", tmp_path / "box"
    for data in (b"bbbbb", b"ccccc", b"\xa1aaaa", b"\xa1\x3caaa"):  # the first two are alike
        InputFolder(inputs).add(data)
    merged.mkdir()
    BlackBox(box, create=True).close()
    fields = {
        "target": HERE + "GUARDED", "instrument": ["tests.fuzz.bad_targets"], "controlled": False,
        "compares": True, "seed": 1, "seconds": None, "runs": None, "corpus": str(merged),
        "replay": [], "file": str(job), "box": str(box), "path": [*sys.path, str(Path.cwd())],
    }  # fmt: skip
    job.write_text(json.dumps(fields))
    script = Path(fuzz.__file__).with_name("_atheris.py")
    subprocess.run(
        [sys.executable, "-P", str(script), str(job), "-merge=1", str(merged), str(inputs)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    assert len(InputFolder(merged)) == 3

"""Campaigns in real worker processes, with both engines."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import psutil
import pytest

import fuzz
from fuzz.campaign.campaign_run import MIB
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.engines._atheris import why_not

if TYPE_CHECKING:
    from pathlib import Path

HERE = "tests.fuzz.bad_targets:"
NO_ATHERIS = why_not()
needs_atheris = pytest.mark.skipif(bool(NO_ATHERIS), reason=NO_ATHERIS)
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
pytestmark = pytest.mark.slow
both_engines = pytest.mark.parametrize(
    "engine", ["greybox", pytest.param("atheris", marks=needs_atheris)]
)


def campaign(name: str, folder: Path, engine: str = "greybox", **how: Any) -> fuzz.CampaignRun:
    budget = fuzz.Budget(
        runs=how.pop("runs", 300),
        seconds=how.pop("seconds", 30.0),
        memory_bytes=how.pop("memory_bytes", 1024 * MIB),
        stale_s=how.pop("stale_s", None),
    )
    before = set(psutil.Process().children())  # of other tests, such as a warm template
    full = name if name in fuzz.target_names() else HERE + name
    seed = how.pop("seed", 1)
    run = fuzz.run_campaign(full, engine=engine, seed=seed, budget=budget, folder=folder, **how)
    left = [
        child
        for child in psutil.Process().children()
        if child not in before and child.status() != "zombie"
    ]
    assert not left, "a child outlived its campaign"
    return run


def place(folder: Path, name: str) -> Path:
    return folder / f"tests.fuzz.bad_targets_{name}"


def query(folder: Path, name: str, statement: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(place(folder, name) / "campaigns.sqlite3")) as opened:
        return opened.execute(statement).fetchall()


def only(run: fuzz.CampaignRun) -> fuzz.Found:
    assert run.verdict is fuzz.Verdict.FOUND, run
    (found,) = run.found
    return found


@both_engines
def test_a_good_target_is_clean_after_exactly_the_runs_asked_for(
    tmp_path: Path, engine: str
) -> None:
    run = campaign("PASSES", tmp_path, engine)
    assert run.verdict is fuzz.Verdict.CLEAN, run
    assert (run.executions, run.ending) == (300, fuzz.Ending.BUDGET)
    assert run.features > 3
    assert run.corpus == len(InputFolder(place(tmp_path, "PASSES") / "corpus")) > 0


@pytest.mark.parametrize("workers", [2, 3])
def test_workers_share_the_runs_and_one_corpus(tmp_path: Path, workers: int) -> None:
    run = campaign("PASSES", tmp_path, workers=workers, runs=1_000)
    assert (run.executions, run.workers) == (1_000, workers)
    rows = query(tmp_path, "PASSES", "SELECT number, executions FROM workers ORDER BY number")
    assert [number for number, _ in rows] == list(range(workers))
    assert sum(executions for _, executions in rows) == 1_000
    assert max(executions for _, executions in rows) <= 1_000 // workers + 1


@needs_atheris
def test_auto_mixes_unlike_engines_over_one_corpus(tmp_path: Path) -> None:
    run = campaign("PASSES", tmp_path, "auto", workers=2, runs=2_000)
    assert sorted(run.engines) == ["atheris", "greybox"]
    assert query(tmp_path, "PASSES", "SELECT DISTINCT engine FROM workers ORDER BY engine") == [
        ("atheris",), ("greybox",),
    ]  # fmt: skip


@both_engines
def test_a_finding_is_saved_whole_with_its_story_and_the_campaign_goes_on(
    tmp_path: Path, engine: str
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
    assert len(run.found) == len(run.new) == 2
    assert run.failures > 20
    assert {found.crash.message.partition(",")[0] for found in run.found} == {
        "ValueError: first", "ValueError: second",
    }  # fmt: skip


def test_saved_crashes_run_first_and_one_that_fails_still_is_known_and_not_saved_again(
    tmp_path: Path,
) -> None:
    first = only(campaign("RAISES", tmp_path))
    run = campaign("RAISES", tmp_path, seed=2, workers=2)
    again = only(run)
    assert (run.replayed, run.fixed, again.known, again.path) == (1, 0, True, first.path)
    assert run.new == ()


def test_a_saved_crash_that_fails_no_more_is_counted_and_kept(tmp_path: Path) -> None:
    saved = InputFolder(place(tmp_path, "PASSES") / "crashes").add(b"once a crash")
    run = campaign("PASSES", tmp_path)
    assert (run.verdict, run.replayed, run.fixed) == (fuzz.Verdict.CLEAN, 1, 1)
    assert saved.exists()
    assert run.executions == 301, "replays are beside the runs asked for"


@pytest.mark.parametrize("name", ["RAISES", pytest.param("KILLS", marks=posix)])
def test_every_saved_crash_is_run_even_if_each_ends_its_worker(tmp_path: Path, name: str) -> None:
    saved = InputFolder(place(tmp_path, name) / "crashes")
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
    tmp_path: Path, engine: str, *, name: str, kind: fuzz.CrashKind, says: str
) -> None:
    found = only(campaign(name, tmp_path, engine, seconds=1.5))
    assert found.crash.kind is kind
    assert says in found.crash.message
    assert found.path.read_bytes()


@posix
def test_a_hang_and_a_signal_tell_where_they_were(tmp_path: Path) -> None:
    assert "in hangs" in only(campaign("HANGS", tmp_path, seconds=2.0)).crash.story
    assert "in kills" in only(campaign("KILLS", tmp_path, seconds=2.0)).crash.story


def test_the_limit_of_one_input_can_be_another_than_the_targets(tmp_path: Path) -> None:
    found = only(campaign("HANGS", tmp_path, seconds=1.0, hang_s=0.2))
    assert "after 0.2 s" in found.crash.message


def test_a_worker_over_its_memory_limit_is_a_finding(tmp_path: Path) -> None:
    found = only(campaign("EATS", tmp_path, seconds=1.5, memory_bytes=400 * MIB))
    assert found.crash.kind is fuzz.CrashKind.MEMORY
    assert "over 400 MiB" in found.crash.message


@posix
def test_where_every_input_ends_its_process_the_campaign_says_so_and_ends(
    tmp_path: Path,
) -> None:
    run = campaign("KILLS_ALWAYS", tmp_path, runs=None, seconds=300.0)
    assert run.ending is fuzz.Ending.HOPELESS
    assert only(run).crash.kind is fuzz.CrashKind.SIGNAL
    assert run.restarts >= 20
    assert run.elapsed_s < 60


@posix
def test_a_seed_that_ends_its_process_does_not_come_back_with_every_worker(
    tmp_path: Path,
) -> None:
    run = campaign("KILLER_SEED", tmp_path, runs=500)
    assert only(run).crash.data == b"kill"
    assert run.executions >= 500
    assert run.ending is fuzz.Ending.BUDGET
    assert query(tmp_path, "KILLER_SEED", "SELECT gone FROM inputs WHERE gone IS NOT NULL") == [
        ("it fails",),
    ]  # fmt: skip


def test_more_than_fifty_workers_may_end_early(tmp_path: Path) -> None:
    # One input in 50 leaves the process, as they are drawn: 5000 runs are some 100 workers.
    run = campaign("OFTEN_EXITS", tmp_path, runs=5_000, seconds=120.0)
    assert run.restarts > 50
    assert run.executions >= 5_000
    assert only(run).crash.kind is fuzz.CrashKind.EXIT


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


@pytest.mark.parametrize("name", ["PASSES", "RAISES"])
def test_a_campaign_ends_when_nothing_new_comes_even_if_nothing_ever_came(
    tmp_path: Path, name: str
) -> None:
    # RAISES tells nothing and has no code that is watched: not one input is kept.
    run = campaign(name, tmp_path, runs=None, seconds=120.0, stale_s=1.0)
    assert run.ending is fuzz.Ending.STALE
    assert run.quiet_s >= 1.0
    assert run.fuzzing_s < 60


def test_somebody_else_can_end_a_campaign_and_all_is_kept(tmp_path: Path) -> None:
    seen: list[int] = []
    run = campaign(
        "PASSES", tmp_path, runs=None, seconds=120.0,
        progress=lambda progress: seen.append(progress.executions),
        stop=lambda: bool(seen) and seen[-1] > 2_000,
    )  # fmt: skip
    assert run.verdict is fuzz.Verdict.INTERRUPTED
    assert run.executions > 2_000
    assert query(tmp_path, "PASSES", "SELECT ending FROM campaigns") == [("INTERRUPTED",)]


def test_two_campaigns_run_in_threads_of_one_process(tmp_path: Path) -> None:
    ended: dict[str, fuzz.CampaignRun] = {}

    def run(name: str) -> None:
        ended[name] = fuzz.run_campaign(
            HERE + name, engine="greybox", seed=1, budget=fuzz.Budget(runs=300, seconds=60),
            folder=tmp_path,
        )  # fmt: skip

    threads = [threading.Thread(target=run, args=(name,)) for name in ("PASSES", "RAISES")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended["PASSES"].verdict is fuzz.Verdict.CLEAN
    assert ended["RAISES"].verdict is fuzz.Verdict.FOUND


def test_one_seed_makes_the_same_inputs_twice_and_another_seed_others(tmp_path: Path) -> None:
    def corpus(folder: str, seed: int) -> list[str]:
        campaign("PASSES", tmp_path / folder, seed=seed)
        kept = InputFolder(place(tmp_path / folder, "PASSES") / "corpus")
        return [path.name for path in kept.files()]

    assert corpus("one", 7) == corpus("two", 7) != corpus("three", 8)


def test_seeds_and_pieces_of_a_dictionary_are_taken_up(tmp_path: Path) -> None:
    run = campaign("KEYWORD", tmp_path, runs=20_000, dictionary=[b"open sesame"])
    assert "the word was said" in only(run).crash.message
    campaign("PASSES", tmp_path, seeds=[b"a seed of the user's"])
    assert query(tmp_path, "PASSES", "SELECT name FROM inputs WHERE origin = 'seed'") == [
        (content_name(b"a seed of the user's"),),
    ]  # fmt: skip


def test_a_replay_runs_one_input_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"long enough")
    run = fuzz.replay_input(HERE + "RAISES", file)
    assert (run.executions, only(run).path) == (1, file)
    file.write_bytes(b"abc")
    assert fuzz.replay_input(HERE + "RAISES", file).verdict is fuzz.Verdict.CLEAN


@posix
def test_a_replay_tells_what_ends_its_process(tmp_path: Path) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"x")
    assert only(fuzz.replay_input(HERE + "KILLS", file)).crash.kind is fuzz.CrashKind.SIGNAL


def test_a_file_that_is_no_input_is_refused(tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(70_000))
    with pytest.raises(fuzz.InputFileError, match="70000 bytes"):
        fuzz.replay_input(HERE + "RAISES", big)
    with pytest.raises(fuzz.InputFileError, match="No such file"):
        fuzz.replay_input(HERE + "RAISES", tmp_path / "nobody")


@both_engines
def test_an_engine_finds_by_coverage_what_chance_does_not(tmp_path: Path, engine: str) -> None:
    # Five bytes in a row: chance finds them once in 2**40 inputs.
    run = campaign("GUARDED", tmp_path, engine, runs=400_000, seconds=60.0)
    assert "behind five bytes" in only(run).crash.message
    assert (run.coverage or 0) > 5


@both_engines
def test_both_engines_follow_what_the_target_tells(tmp_path: Path, engine: str) -> None:
    run = campaign("STAGES", tmp_path, engine, runs=400_000, seconds=60.0)
    assert "behind four bytes" in only(run).crash.message


@both_engines
@pytest.mark.parametrize("name", ["WAKES_ONE", "FORGETS_SOURCE", "STAYS_OPEN"])
def test_both_engines_find_planted_bugs(tmp_path: Path, engine: str, *, name: str) -> None:
    run = campaign(name, tmp_path, engine, runs=1_500)
    assert run.verdict is fuzz.Verdict.FOUND, run
    again = fuzz.replay_input(HERE + name, run.found[0].path)
    assert only(again).crash.key == run.found[0].crash.key


@both_engines
def test_a_crash_under_the_engine_carries_its_token(tmp_path: Path, engine: str) -> None:
    run = campaign("WAKES_ONE", tmp_path, engine, runs=1_500)
    for found in run.found:
        assert "hf2." in found.crash.story, found.crash
    assert {found.crash.kind for found in run.found} == {fuzz.CrashKind.SCHEDULE}


@both_engines
@pytest.mark.parametrize("name", ["secret_operations", "flow_operations"])
def test_our_own_targets_are_clean(tmp_path: Path, engine: str, *, name: str) -> None:
    run = campaign(name, tmp_path, engine, runs=400)
    assert run.verdict is fuzz.Verdict.CLEAN, run
    assert run.features > 30


@needs_atheris
def test_atheris_sees_rewritten_code_too(tmp_path: Path) -> None:
    run = campaign("flow_operations", tmp_path, "atheris", runs=3_000)
    # Code alone: what the target tells is some 1000 more.
    assert 80 < (run.coverage or 0) < 500

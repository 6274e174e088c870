"""What targets and folders do to a campaign: contained, named, and no harm to the others."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from click.testing import CliRunner

import fuzz
from fuzz.campaign.corpus import content_name
from fuzz.commands import fuzz_command

if TYPE_CHECKING:
    from pathlib import Path

BAD = "tests.fuzz.contained_worker_targets:"
HERE = "tests.fuzz.bad_targets:"
MIB = 1 << 20
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="what is contained here is POSIX"),
]


def call(*words: object) -> Any:
    return CliRunner().invoke(fuzz_command, [str(word) for word in words])


def kinds(folder: Path) -> dict[str, set[str]]:
    told = json.loads(call("status", "--json", "--folder", folder).output)
    return {one["target"].rpartition(":")[2]: set(one["crashes"]) for one in told}


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_targets_that_fork_flood_fill_the_disk_and_kill_their_parent_stop_no_other(
    tmp_path: Path,
) -> None:
    before = {process.pid for process in psutil.process_iter()}
    names = ["FORKS", "LEAVES_CHILD", "FILLS", "PRINTS_WITHOUT_END", "KILLS_PARENT"]
    shown = call(
        "run", *(BAD + name for name in names), HERE + "PASSES", "--time", "2s", "--engine",
        "greybox", "-j", "1", "--seed", "1", "--folder", tmp_path,
    )  # fmt: skip
    assert shown.exit_code == 1, shown.output
    assert f"clean  {HERE}PASSES" in shown.output
    found = kinds(tmp_path)
    assert found["FORKS"] == {"raised an exception"}
    assert found["FILLS"] <= {"raised an exception", "was killed by a signal"}
    assert found["FILLS"]
    assert found["PRINTS_WITHOUT_END"] == {"hung"}
    assert found["PASSES"] == set()
    # What was printed without end is not on the disk, and nobody is left who prints.
    assert size_of(tmp_path) < 20 * MIB
    left = [
        process
        for process in psutil.process_iter(["pid", "cmdline"])
        if process.pid not in before and str(tmp_path) in " ".join(process.info["cmdline"] or [])
    ]
    assert not left


@pytest.mark.parametrize("name", ["LEAVES_CHILD", "KILLS_PARENT"])
def test_an_input_that_is_killed_is_run_again_before_it_is_blamed(
    tmp_path: Path, name: str
) -> None:
    # SIGKILL may come from anybody; what an input does to itself it does three times.
    seen: list[int] = []
    run = fuzz.run_campaign(
        BAD + name, engine="greybox", seed=1, folder=tmp_path, budget=fuzz.Budget(seconds=60.0),
        progress=lambda progress: seen.append(progress.new), stop=lambda: seen[-1:] == [1],
    )  # fmt: skip
    (found,) = run.found
    assert found.crash.kind is fuzz.CrashKind.SIGNAL
    assert "SIGKILL" in found.crash.message
    assert found.crash.data


def test_damaged_entries_and_crashes_are_named_and_no_byte_is_lost(tmp_path: Path) -> None:
    place = tmp_path / "tests.fuzz.bad_targets_PASSES"
    torn = place / "corpus" / content_name(b"whole")
    torn.parent.mkdir(parents=True)
    torn.write_bytes(b"who")
    crashes = place / "crashes"
    crashes.mkdir()
    damaged = crashes / content_name(b"another")
    damaged.write_bytes(b"not that")
    run = fuzz.run_campaign(
        HERE + "PASSES", engine="greybox", seed=1, folder=tmp_path, budget=fuzz.Budget(runs=300)
    )
    assert run.executions == 300
    (about_corpus,) = [note for note in run.notes if torn.name in note]
    assert content_name(b"who") in about_corpus
    assert (torn.parent / content_name(b"who")).read_bytes() == b"who"
    assert any(damaged.name in note for note in run.notes), run.notes
    assert damaged.read_bytes() == b"not that"


def test_a_folder_that_cannot_be_used_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tests.fuzz.bad_targets_PASSES").mkdir()
    corpus = tmp_path / "tests.fuzz.bad_targets_PASSES" / "corpus"
    corpus.write_bytes(b"a file where the corpus should be")
    shown = call("run", HERE + "PASSES", "--runs", "10", "--folder", tmp_path)
    assert shown.exit_code == 2
    assert f"{corpus} cannot be used" in shown.output
    assert corpus.read_bytes() == b"a file where the corpus should be"


def test_a_damaged_database_of_one_target_hides_no_other_in_the_status(tmp_path: Path) -> None:
    words = ("--runs", "300", "-j", "1", "--engine", "greybox", "--folder", tmp_path)
    assert call("run", HERE + "PASSES", *words).exit_code == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "campaigns.sqlite3").write_bytes(b"nothing of ours" * 500)
    shown = call("status", "--folder", tmp_path)
    assert shown.exit_code == 2
    assert "executions  300" in shown.output
    assert "Nothing was changed" in shown.output


def test_a_full_disk_ends_the_campaign_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if that much had to stay free: a disk that is really full is the workers' test.
    monkeypatch.setattr("fuzz.campaign.sitting.SPARE_DISK_BYTES", 1 << 60)
    run = fuzz.run_campaign(
        HERE + "PASSES", engine="greybox", seed=1, folder=tmp_path, budget=fuzz.Budget(seconds=60)
    )
    assert run.ending is fuzz.Ending.TROUBLE
    assert run.verdict is fuzz.Verdict.UNDECIDED
    assert "are free on the disk" in run.trouble

"""`holdfast fuzz triage` and the other commands that come after a campaign."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.campaign.corpus import InputFolder
from fuzz.commands import COMMANDS, fuzz_command
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.crash_store import CrashStore

TARGET = "tests.fuzz.contained_targets:two_bugs"
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def call(*words: object) -> Result:
    return CliRunner().invoke(fuzz_command, [str(word) for word in words])


def flat(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("campaigns")
    places = CampaignFolder(made, TARGET)
    store = CrashStore(places.crashes, TARGET)
    with ContainedTarget(ask(TARGET)) as target:
        for data in (b"an X somewhere", b"A and then B"):
            crash = target.run(data).crash
            assert crash is not None
            store.save(crash)
    InputFolder(places.corpus).add(b"nothing")
    return made


def test_the_group_has_every_command_and_each_says_how_it_exits() -> None:
    for command in COMMANDS:
        assert fuzz_command.commands[str(command.name)] is command
        told = call(command.name, "--help")
        assert told.exit_code == 0
        assert "Exit codes: 0" in flat(told)
        assert f"holdfast fuzz {command.name} " in flat(told), "no example"


@needs_posix
@pytest.mark.slow
def test_triage_exits_1_while_something_fails_and_names_the_line_that_runs_it(
    folder: Path,
) -> None:
    told = call("triage", "--folder", folder)
    assert told.exit_code == 1, told.output
    assert "ValueError: X in b'an X somewhere'" in told.output
    assert "2 findings: 2 fail, 0 do not" in told.output
    assert f"again: holdfast fuzz run {TARGET} --replay" in told.output
    document = json.loads(call("triage", TARGET, "--folder", folder, "--json").output)
    (target,) = document["targets"]
    assert {one["status"] for one in target["findings"]} == {"fails"}
    assert {(one["failed"], one["runs"]) for one in target["findings"]} == {(3, 3)}


@needs_posix
@pytest.mark.slow
def test_triage_exits_0_where_nothing_fails_and_2_for_a_broken_target(tmp_path: Path) -> None:
    InputFolder(CampaignFolder(tmp_path, TARGET).crashes).add(b"mended")
    told = call("triage", TARGET, "--folder", tmp_path)
    assert told.exit_code == 0, told.output
    assert "fails no more" in told.output
    missing = "tests.fuzz.contained_targets:NOBODY"
    InputFolder(CampaignFolder(tmp_path, missing).crashes).add(b"x")
    told = call("triage", missing, TARGET, "--folder", tmp_path)
    assert told.exit_code == 2
    assert "NOBODY" in told.output
    assert "fails no more" in told.output, "the other target was stopped by it"
    assert call("triage", "--folder", tmp_path / "empty").exit_code == 0


@needs_posix
@pytest.mark.slow
def test_minimize_tells_sizes_and_writes_json(folder: Path) -> None:
    told = call("minimize", TARGET, "--folder", folder, "--json")
    assert told.exit_code == 0, told.output
    assert sorted(one["after_bytes"] for one in json.loads(told.output)) == [1, 2]
    again = call("minimize", TARGET, "--folder", folder)
    assert "was minimal already" in again.output
    assert call("minimize", TARGET, "zz", "--folder", folder).exit_code == 2


@needs_posix
@pytest.mark.slow
def test_regress_names_the_tests_it_adds(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "test_kept.py"
    told = call("regress", TARGET, "--folder", folder, "--output", file)
    assert told.exit_code == 0, told.output
    assert "added  test_refuse_x_does_not_raise_value_error" in told.output
    assert f"pytest {file}" in told.output
    again = call("regress", TARGET, "--folder", folder, "--output", file)
    assert "0 tests added, 2 findings were there already" in again.output
    file.write_text("mine = 1\n")
    refused = call("regress", TARGET, "--folder", folder, "--output", file)
    assert refused.exit_code == 2
    assert "Nothing was changed" in flat(refused)


@needs_posix
@pytest.mark.slow
def test_coverage_shows_what_was_never_reached(folder: Path, tmp_path: Path) -> None:
    told = call("coverage", TARGET, "--folder", folder, "--html", tmp_path / "html")
    assert told.exit_code == 0, told.output
    assert "contained_targets.py" in told.output
    assert "dies_in_many_ways, " in told.output
    assert (tmp_path / "html" / "index.html").exists()
    nothing = call("coverage", TARGET, "--folder", tmp_path)
    assert nothing.exit_code == 2
    assert "holds no inputs" in flat(nothing)


@needs_posix
@pytest.mark.slow
def test_merge_makes_a_corpus_smaller(folder: Path, tmp_path: Path) -> None:
    more = InputFolder(tmp_path)
    for number in range(20):
        more.add(b"nothing" * number)
    told = call("merge", TARGET, tmp_path, "--folder", folder, "--json")
    assert told.exit_code == 0, told.output
    result = json.loads(told.output)
    assert result["before"] == 20  # one of them was there
    assert 1 <= result["after"] < 20
    assert len(more) == 20, "a source was changed"


def test_add_writes_a_target_and_refuses_to_write_it_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    told = call("add", "parser", "--kind", "provider")
    assert told.exit_code == 0, told.output
    assert "holdfast fuzz run parser --time 60s" in told.output
    again = call("add", "parser")
    assert again.exit_code == 2
    assert "is not overwritten" in flat(again)
    assert call("add", "other", "--kind", "unheard-of").exit_code == 2

"""`holdfast report ingest`: what it takes, what it says, and its exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reports import Direction, RunDocument, Store
from reports.commands import report_command
from reports.commit import find_commit, read_history
from reports.importers.choices import Choices, Format
from reports.importers.folders import each_file
from reports.importers.ingest import Ingestion, ingest_file, read_runs

pytest.importorskip("sqlalchemy", reason="the extra holdfast[reports] is not installed")
ROOT = Path(__file__).resolve().parents[3]
GIT = shutil.which("git") or pytest.skip("git is not installed", allow_module_level=True)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(report_command, [str(one) for one in arguments])


def a_benchmark(file: Path, *, commit: str = "c" * 40, median: float = 2.0, **changes: Any) -> Path:
    stats = {"min": 1.0, "median": median, "max": 9.0, "mean": 5.0, "rounds": 7}
    values = {
        "machine_info": {},
        "datetime": "2026-01-01T00:00:00+00:00",
        "commit_info": {"id": commit, "dirty": False},
        "benchmarks": [{"fullname": "t::b", "stats": stats, "params": {"n": 3}, "group": "g"}],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(values | changes, indent=1))
    return file


def documents_of(store: Path) -> list[RunDocument]:
    return [
        RunDocument.from_bytes(one.read_bytes(), document=one.name)
        for one in sorted((store / "runs").iterdir())
    ]


def test_a_folder_is_walked_and_what_is_no_result_is_passed_over(tmp_path: Path) -> None:
    a_benchmark(tmp_path / "in" / ".benchmarks" / "Linux" / "0001.json")
    (tmp_path / "in" / "junit.xml").write_text("<testsuite><testcase name='a'/></testsuite>")
    (tmp_path / "in" / "package.json").write_text('{"name": "a", "version": "1.0.0"}')
    (tmp_path / "in" / "list.json").write_text("[1, 2]")
    (tmp_path / "in" / "notes.txt").write_text("not looked at")
    (tmp_path / "in" / "app.js").write_text("window.alert('hello');")
    (tmp_path / "in" / "coverage.xml").write_text('<!DOCTYPE coverage SYSTEM "x"><coverage/>')
    (tmp_path / "in" / "pom.json").write_text('{"schema": "of somebody else"}')
    result = run("ingest", tmp_path / "in", "--store", tmp_path / "s")
    assert result.exit_code == 0, result.output
    assert "5 files passed over, being no results" in result.output
    assert "2 new runs" in result.output


def test_a_damaged_file_in_a_folder_is_refused_and_the_others_are_taken(tmp_path: Path) -> None:
    a_benchmark(tmp_path / "in" / "a.json")
    (tmp_path / "in" / "b.json").write_text('{"benchmarks": [\n')
    (tmp_path / "in" / "c.json").write_text('{"schema": "holdfast.run/9"}')
    (tmp_path / "in" / "d.xml").write_text("<testsuite>\n<a>")
    result = run("ingest", tmp_path / "in", "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert "b.json, line 2, column 1: no JSON: it ends in the middle" in result.output
    assert "holdfast.run/9, which is not read here" in result.output
    assert "d.xml, line 2" in result.output
    assert "1 new run in" in result.output


def test_a_named_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "package.json"
    file.write_text('{"name": "a"}')
    result = run("ingest", file, "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert "JSON of an unknown kind" in result.output


def test_a_folder_of_nothing_is_said_with_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    result = run("ingest", tmp_path / "in", "--store", tmp_path / "s")
    assert (result.exit_code, "0 new runs" in result.output) == (2, True)


def test_what_is_there_already_is_said(tmp_path: Path) -> None:
    file = a_benchmark(tmp_path / "a.json")
    run("ingest", file, "--store", tmp_path / "s")
    result = run("ingest", file, file, "--store", tmp_path / "s")
    assert result.output.count("a.json: 1 record, already there") == 2
    assert "0 new runs, 2 runs already there" in result.output


def test_links_that_lead_in_a_circle_are_not_followed(tmp_path: Path) -> None:
    a_benchmark(tmp_path / "in" / "a.json")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in", target_is_directory=True)
    assert [one.file.name for one in each_file([tmp_path / "in"])] == ["a.json"]


@pytest.mark.parametrize(("statistic", "value"), [("median", 2.0), ("min", 1.0)])
def test_the_statistic_is_chosen(tmp_path: Path, statistic: str, value: float) -> None:
    run("ingest", a_benchmark(tmp_path / "a.json"), "--store", tmp_path / "s",
        "--statistic", statistic)  # fmt: skip
    (document,) = documents_of(tmp_path / "s")
    (record,) = document.records
    assert record.measures[0].value == value
    assert record.measures[0].median == 2.0
    assert dict(record.params) == {"group": "g", "n": "3"}


def test_the_mean_is_no_statistic(tmp_path: Path) -> None:
    file = a_benchmark(tmp_path / "a.json")
    assert run("ingest", file, "--store", tmp_path / "s", "--statistic", "mean").exit_code == 2


def test_a_direction_is_given_by_a_pattern(tmp_path: Path) -> None:
    file = a_benchmark(tmp_path / "a.json")
    run("ingest", file, "--store", tmp_path / "s", "--direction", "t::*=higher")
    (document,) = documents_of(tmp_path / "s")
    assert document.records[0].measures[0].direction is Direction.HIGHER


def test_what_nobody_knows_the_direction_of_is_said(tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text('[{"name": "score", "value": 3, "unit": "points"}]')
    result = run("ingest", file, "--store", tmp_path / "s")
    assert "--direction 'value=higher'" in result.output
    told = run("ingest", file, "--store", tmp_path / "s2", "--direction", "score=higher")
    assert "--direction" not in told.output


@pytest.mark.parametrize(
    "arguments",
    [("--direction", "x"), ("--direction", "x=up"), ("--direction", "=higher"),
     ("--commit", "no such name"), ("--commit", "--exec=x"), ("--format", "csv")],
    ids=" ".join,
)  # fmt: skip
def test_a_choice_that_is_none_is_refused_before_anything_is_taken(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = a_benchmark(tmp_path / "a.json")
    result = run("ingest", file, "--store", tmp_path / "s", *arguments)
    assert result.exit_code == 2
    assert not (tmp_path / "s").exists()


def test_a_folder_of_something_else_is_no_store_and_stays_as_it_is(tmp_path: Path) -> None:
    file = a_benchmark(tmp_path / "a.json")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").write_text("years of work")
    result = run("ingest", file, "--store", tmp_path / "thesis")
    assert result.exit_code == 2
    assert "is not a holdfast store" in result.output
    assert "1 record" not in result.output
    assert [one.name for one in (tmp_path / "thesis").iterdir()] == ["thesis.tex"]


def test_a_forced_format_refuses_what_is_not_of_it(tmp_path: Path) -> None:
    file = a_benchmark(tmp_path / "a.json")
    for form in Format:
        result = run("ingest", file, "--store", tmp_path / form.value, "--format", form.value)
        assert result.exit_code == (0 if form is Format.PYTEST_BENCHMARK else 2), form


def git(folder: Path, *arguments: str, date: str = "2026-01-01T00:00:00Z") -> str:
    environment = os.environ | {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
    done = subprocess.run(
        [GIT, "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
        capture_output=True, check=True, text=True, env=environment, timeout=60,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, list[str]]:
    """Commits whose dates contradict their order, and a merge: first parents decide."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commits = []
    for at, date in enumerate(["2026-01-03", "2026-01-01"]):
        git(folder, "commit", "-q", "--allow-empty", "-m", f"{at}", date=f"{date}T00:00:00Z")
        commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "checkout", "-q", "-b", "side", commits[0])
    for at in range(3):
        git(folder, "commit", "-q", "--allow-empty", "-m", f"side {at}")
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "merge", "side", date="2026-01-02T00:00:00Z")
    commits.append(git(folder, "rev-parse", "HEAD"))
    git(folder, "tag", "v1", commits[1])
    return folder, commits


def test_commits_are_placed_by_their_first_parents(
    tmp_path: Path, repository: tuple[Path, list[str]]
) -> None:
    folder, commits = repository
    for at, commit in enumerate(commits):
        file = a_benchmark(tmp_path / f"{at}.json", commit=commit, median=2.0 + at)
        run("ingest", file, "--store", tmp_path / "s", "--repository", folder,
            "--statistic", "median")  # fmt: skip
    with Store(tmp_path / "s") as store:
        (series,) = store.all_series()
    assert [one.stamp.position for one in series.runs] == [1, 2, 3]
    assert series.values == (2.0, 3.0, 4.0)


def test_a_commit_that_is_asked_for_alone_is_placed_as_in_the_whole_history(
    repository: tuple[Path, list[str]],
) -> None:
    folder, commits = repository
    history = read_history(folder)
    assert [history[one].position for one in commits] == [1, 2, 3]
    assert len(history) == 6
    assert {one: find_commit(one, folder=folder) for one in history} == history
    assert find_commit(commits[0][:10], folder=folder) is None
    assert find_commit("f" * 40, folder=folder) is None


def test_a_run_whose_commit_becomes_known_later_is_not_taken_again(
    tmp_path: Path, repository: tuple[Path, list[str]]
) -> None:
    folder, commits = repository
    file = a_benchmark(tmp_path / "a.json", commit=commits[2])
    away = Choices(repository=tmp_path)
    assert ingest_file(file, store=tmp_path / "s", choices=away).new == 1
    assert ingest_file(file, store=tmp_path / "s", choices=Choices(repository=folder)).new == 0


def test_a_shallow_clone_says_nothing_of_positions(
    tmp_path: Path, repository: tuple[Path, list[str]]
) -> None:
    folder, commits = repository
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{folder}", "shallow")
    file = a_benchmark(tmp_path / "a.json", commit=commits[2])
    (document,) = read_runs(file, choices=Choices(repository=tmp_path / "shallow"))
    ingest_file(file, store=tmp_path / "s", choices=Choices(repository=tmp_path / "shallow"))
    (kept,) = documents_of(tmp_path / "s")
    assert kept == document
    assert kept.commit is not None
    assert kept.commit.position is None


def test_a_commit_is_given_to_files_that_name_none_by_any_name_of_it(
    tmp_path: Path, repository: tuple[Path, list[str]]
) -> None:
    folder, commits = repository
    bare = a_benchmark(tmp_path / "bare.json", commit_info=None)
    named = a_benchmark(tmp_path / "named.json", commit=commits[0])
    run("ingest", bare, named, "--store", tmp_path / "s", "--repository", folder, "--commit", "v1")
    found = {
        one.commit.commit_id: one.commit.position
        for one in documents_of(tmp_path / "s")
        if one.commit
    }
    assert found == {commits[1]: 2, commits[0]: 1}


def test_a_file_older_than_the_commit_checked_out_is_not_said_to_be_of_it(
    tmp_path: Path, repository: tuple[Path, list[str]]
) -> None:
    folder, commits = repository
    choices = Choices(repository=folder)
    file = tmp_path / "junit.xml"
    file.write_text("<testsuite timestamp='2026-01-05T00:00:00Z'><testcase name='a'/></testsuite>")
    (document,) = read_runs(file, choices=choices)
    assert document.commit is not None
    assert document.commit.commit_id == commits[2]
    file.write_text("<testsuite timestamp='2025-01-05T00:00:00Z'><testcase name='a'/></testsuite>")
    (document,) = read_runs(file, choices=choices)
    assert document.commit is None


def test_many_files_are_summed_up_by_their_format(tmp_path: Path) -> None:
    for at in range(45):
        a_benchmark(tmp_path / "in" / f"{at}.json", median=1.0 + at / 100)
    result = run("ingest", tmp_path / "in", "--store", tmp_path / "s")
    assert result.output.splitlines() == [
        "45 files of pytest-benchmark", f"45 new runs in {tmp_path / 's'}",
    ]  # fmt: skip
    assert len(documents_of(tmp_path / "s")) == 45


def test_what_was_taken_before_an_interruption_stays(tmp_path: Path) -> None:
    first, second = (a_benchmark(tmp_path / f"{at}.json", median=2.0 + at) for at in range(2))

    def interrupted() -> None:
        with Ingestion(tmp_path / "s") as ingestion:
            ingestion.take(first)
            ingestion.take(second)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(documents_of(tmp_path / "s")) == 2


def test_cedarpys_files_are_taken_from_their_folder() -> None:
    shared = Path(os.environ.get("HOLDFAST_SHARED") or ROOT.parent / "shared")
    folder = shared / "data" / "cedarpy_pytest_benchmark" / "Darwin-CPython-3.11-64bit"
    if not folder.exists():
        pytest.skip("real results are not here: cedarpy_pytest_benchmark (HOLDFAST_SHARED)")
    documents = [one for named in each_file([folder]) for one in read_runs(named.file)]
    assert len(documents) == len(list(folder.glob("*.json")))
    assert {len(one.records) for one in documents} == {26, 31}  # the first file is of other code

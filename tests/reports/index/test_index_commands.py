"""`holdfast report list`, `merge`, `prune` and `rebuild`: what they print, and their exit codes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from reports import Outcome, Record, RecordKind
from reports.commands import report_command
from reports.commit import Commit
from tests.reports.index.written_runs import HERE, add, benchmark

if TYPE_CHECKING:
    from pathlib import Path

    from tests.reports.postgres_server import Server

SECRET = "hunter2swordfish"  # noqa: S105  # of nobody
HOME = HERE.fingerprint[:8]


def run(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(report_command, [str(one) for one in arguments], env=environment)


def run_git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)  # noqa: S607  # whichever is in PATH


def history(store: Path, count: int = 3) -> list[Path]:
    return [
        add(
            store,
            benchmark("io::read", 1.0 + at),
            benchmark("io::write", 2.0, metric="memory", unit="B"),
            at=at,
            commit=Commit(commit_id=f"{at + 1:x}" * 40, position=at + 1),
            source="pytest",
        )
        for at in range(count)
    ]


def test_series_are_listed_with_their_newest_value(tmp_path: Path) -> None:
    history(tmp_path / "s")
    result = run("list", "--store", tmp_path / "s")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        "benchmark  metric  latest       at  runs  commits  environment",
        f"io::read     time     3 s  3333333     3        3     {HOME}",
        f"io::write  memory     2 B  3333333     3        3     {HOME}",
    ]


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["read"], ["io::read"]),
        (["*read"], ["io::read"]),
        (["read*"], []),
        (["read", "wri"], ["io::read", "io::write"]),
        (["nothing"], []),
    ],
)
def test_a_pattern_chooses_series(tmp_path: Path, patterns: list[str], found: list[str]) -> None:
    history(tmp_path / "s")
    result = run("list", *patterns, "--store", tmp_path / "s")
    assert result.exit_code == (0 if found else 2)
    lines = result.output.splitlines()[1:] if found else []
    assert [line.split()[0] for line in lines] == found


def test_runs_are_listed_with_what_they_are_of(tmp_path: Path) -> None:
    (path,) = history(tmp_path / "s", 1)
    record = Record(kind=RecordKind.FUZZ, name="parser", outcome=Outcome.PASSED)
    other = add(tmp_path / "s", record, at=30, session="night", source="holdfast fuzz")
    lines = run("list", "--runs", "--store", tmp_path / "s").output.splitlines()
    assert [line.split() for line in lines] == [
        ["run", "written", "commit", "position", "session", "kinds", "environment", "source"],
        f"{other.stem[:8]} 2026-01-02 06:00 - - night fuzz {HOME} holdfast fuzz".split(),
        f"{path.stem[:8]} 2026-01-01 00:00 1111111 1 - benchmark {HOME} pytest".split(),
    ]
    assert len(run("list", "fuzz", "--runs", "--store", tmp_path / "s").output.splitlines()) == 2


def test_environments_are_listed_in_words(tmp_path: Path) -> None:
    history(tmp_path / "s", 1)
    result = run("list", "--environments", "--store", tmp_path / "s")
    assert result.output == f"{HOME}  1 run  {HERE}\n"


def test_a_store_is_merged_to_the_letter_and_again_without_effect(tmp_path: Path) -> None:
    history(tmp_path / "one")
    history(tmp_path / "two", 2)
    (extra,) = [add(tmp_path / "two", benchmark("other", 1.0))]
    result = run("merge", tmp_path / "one", tmp_path / "two", "--store", tmp_path / "s")
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"{tmp_path / 'one'}: 3 new runs, 0 already here",
        f"{tmp_path / 'two'}: 1 new run, 2 already here",
    ]
    copied = tmp_path / "s" / "runs" / extra.name
    assert copied.read_bytes() == extra.read_bytes()
    again = run("merge", tmp_path / "two", "--store", tmp_path / "s")
    assert again.output == f"{tmp_path / 'two'}: 0 new runs, 3 already here\n"


def test_a_changed_document_is_not_merged_and_the_others_are(tmp_path: Path) -> None:
    victim = history(tmp_path / "one")[1]
    victim.chmod(0o644)
    victim.write_bytes(victim.read_bytes().replace(b"2.0", b"9.0"))
    result = run("merge", tmp_path / "one", "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert f"{victim.name} was refused: its content is not what its name says" in result.output
    assert "2 new runs, 0 already here" in result.output
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 2


def test_what_is_no_store_is_not_merged(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    result = run("merge", tmp_path / "folder", "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert "is not a holdfast store" in result.output
    assert not (tmp_path / "s").exists()


def test_pruning_deletes_only_when_it_is_told_to(tmp_path: Path) -> None:
    paths = history(tmp_path / "s", 4)
    rare = add(tmp_path / "s", benchmark("rare", 1.0), at=-50, source="weekly")
    arguments = ("prune", "--keep-newest", 2, "--store", tmp_path / "s")
    told = run(*arguments)
    assert told.exit_code == 0
    assert told.output.splitlines()[-1] == "2 runs of 5 would go; --yes deletes them"
    assert all(one.exists() for one in paths)
    done = run(*arguments, "--yes")
    assert done.output.splitlines()[-1] == f"2 runs deleted, 3 left in {tmp_path / 's'}"
    assert [one.exists() for one in paths] == [False, False, True, True]
    assert rare.exists(), "counted apart from the others"
    assert run(*arguments, "--yes").output == f"0 runs deleted, 3 left in {tmp_path / 's'}\n"


@pytest.mark.parametrize("keep", ["0", "-1", "x"])
def test_pruning_needs_to_know_how_many_stay(tmp_path: Path, keep: str) -> None:
    history(tmp_path / "s")
    assert run("prune", "--keep-newest", keep, "--yes", "--store", tmp_path / "s").exit_code == 2
    assert run("prune", "--yes", "--store", tmp_path / "s").exit_code == 2
    assert len(list((tmp_path / "s" / "runs").iterdir())) == 3


def test_a_rebuild_says_what_it_holds(tmp_path: Path) -> None:
    history(tmp_path / "s")
    result = run("rebuild", "--store", tmp_path / "s")
    assert (result.exit_code, result.output) == (0, "3 runs and 2 series indexed\n")


def test_a_rebuild_with_a_refused_document_exits_with_1(tmp_path: Path) -> None:
    victim = history(tmp_path / "s")[0]
    victim.chmod(0o644)
    victim.write_bytes(b"{}")
    result = run("rebuild", "--store", tmp_path / "s")
    assert result.exit_code == 1
    assert "2 runs and 2 series indexed" in result.output
    assert victim.name in result.output


def test_a_rebuild_asks_a_repository_where_commits_stand(tmp_path: Path) -> None:
    history(tmp_path / "s")
    run_git("init", "-q", str(tmp_path / "clone"))
    result = run("rebuild", "--repository", tmp_path / "clone", "--store", tmp_path / "s")
    assert result.exit_code == 0
    assert f"0 of 3 commits found in {tmp_path / 'clone'}" in result.output
    assert run("rebuild", "--repository", tmp_path, "--store", tmp_path / "s").exit_code == 2


@pytest.mark.parametrize("command", ["list", "rebuild", "prune"])
def test_a_missing_store_is_explained_and_not_made(tmp_path: Path, command: str) -> None:
    more = ("--keep-newest", "1") if command == "prune" else ()
    result = run(command, *more, "--store", tmp_path / "s")
    assert result.exit_code == 2
    assert "there is no store at" in result.output
    assert not (tmp_path / "s").exists()


def test_the_index_is_named_by_an_option_or_the_environment(tmp_path: Path, server: Server) -> None:
    history(tmp_path / "s")
    url = server.room(password=SECRET)
    assert run("list", "--store", tmp_path / "s", "--index", url).exit_code == 0
    assert run("list", "--store", tmp_path / "s", HOLDFAST_INDEX=url).exit_code == 0
    assert not (tmp_path / "s" / "index.sqlite3").exists()
    history(tmp_path / "other", 1)
    for wrong in (
        run("list", "--store", tmp_path / "other", HOLDFAST_INDEX=url),
        run("list", "--store", tmp_path / "s", "--index", url.replace("postgresql", "mysql")),
    ):
        assert wrong.exit_code == 2
        assert SECRET not in wrong.output

"""Imported runs find their order in a repository, which is asked once for all of them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from reports import Store
from reports.commit import Commit, position_of
from reports.index import positions
from reports.index.errors import RepositoryError
from reports.index.positions import positions_of
from tests.reports.index.written_runs import add, benchmark

if TYPE_CHECKING:
    from pathlib import Path

ABSENT: Final = "f" * 40


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=b", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A line of three commits, a branch of two from its first, and their merge."""
    folder = tmp_path / "clone"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name in ("first", "second", "third"):
        git(folder, "commit", "-q", "--allow-empty", "-m", name)
        git(folder, "tag", name)
    git(folder, "checkout", "-q", "-b", "side", "first")
    for name in ("left", "further"):
        git(folder, "commit", "-q", "--allow-empty", "-m", name)
        git(folder, "tag", name)
    git(folder, "checkout", "-q", "main")
    git(folder, "merge", "-q", "--no-ff", "-m", "merge", "side")
    git(folder, "tag", "merged")
    return folder


TAGS: Final = ("first", "second", "third", "left", "further", "merged")


def test_every_commit_stands_where_git_counts_it(repository: Path) -> None:
    commits = [git(repository, "rev-parse", tag) for tag in TAGS]
    found = positions_of([*commits, ABSENT], repository=repository)
    assert found == {one: position_of(one, folder=repository) for one in commits}
    assert list(found.values()).count(4) == 1, "the merge counts its first parents alone"


def test_an_abbreviation_is_answered_under_that_abbreviation(repository: Path) -> None:
    short = git(repository, "rev-parse", "third")[:9]
    assert positions_of([short, "1234567"], repository=repository) == {short: 3}


def test_all_commits_are_one_call_of_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, ...]] = []
    real = positions._git

    def counted(folder: Path, *arguments: str, **more: object) -> str:
        calls.append(arguments)
        return real(folder, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(positions, "_git", counted)
    positions_of([git(repository, "rev-parse", tag) for tag in TAGS], repository=repository)
    assert [one[0] for one in calls] == ["rev-parse", "rev-list"]


def test_a_shallow_clone_is_refused(repository: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{repository}", str(shallow))
    with pytest.raises(RepositoryError, match="has only the newest commits"):
        positions_of([ABSENT], repository=shallow)


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not a git repository"):
        positions_of([ABSENT], repository=tmp_path)


def imported(store: Path, repository: Path) -> dict[str, bytes]:
    """Write runs that name their commits alone, the newest commit's first."""
    for at, tag in enumerate(("merged", "third", "first", "second")):
        commit = Commit(commit_id=git(repository, "rev-parse", tag))
        add(store, benchmark("b", float(TAGS.index(tag))), at=at, commit=commit)
    return {one.name: one.read_bytes() for one in (store / "runs").iterdir()}


def test_runs_are_put_in_the_order_of_a_repository_and_no_document_changes(
    tmp_path: Path, index: str | None, repository: Path
) -> None:
    path = tmp_path / "s"
    before = imported(path, repository)
    with Store(path, index) as store:
        assert store.all_series()[0].values == (5.0, 2.0, 0.0, 1.0)
        done = store.place_commits(repository)
        assert (done.commits, done.placed) == (4, 4)
        assert store.all_series()[0].values == (0.0, 1.0, 2.0, 5.0)
        assert [run.stamp.position for run in store.all_series()[0].runs] == [1, 2, 3, 4]
    with Store(path, index, anew=True) as store:
        assert store.all_series()[0].values == (0.0, 1.0, 2.0, 5.0), "a rebuild keeps the places"
    assert {one.name: one.read_bytes() for one in (path / "runs").iterdir()} == before


def test_another_repository_replaces_what_the_first_one_said(
    tmp_path: Path, index: str | None, repository: Path
) -> None:
    imported(tmp_path / "s", repository)
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    with Store(tmp_path / "s", index) as store:
        store.place_commits(repository)
        done = store.place_commits(other)
        assert (done.commits, done.placed) == (4, 0)
        assert store.all_series()[0].values == (5.0, 2.0, 0.0, 1.0)


def test_a_repository_goes_before_what_a_document_says(
    tmp_path: Path, index: str | None, repository: Path
) -> None:
    """One scale for all: a place from before history was rewritten may not be mixed in."""
    commit = Commit(commit_id=git(repository, "rev-parse", "first"), position=700)
    add(tmp_path / "s", benchmark("b", 1.0), commit=commit)
    with Store(tmp_path / "s", index) as store:
        assert store.stamps()[0].position == 700
        store.place_commits(repository)
        assert store.stamps()[0].position == 1

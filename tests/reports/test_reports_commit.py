"""Which commit a run belongs to, asked of a real repository."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from reports import BadValueError
from reports.commit import Commit, position_of, read_commit

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *arguments: str) -> str:
    options = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(  # a real repository of the test's own
        ["git", "-C", str(folder), *options, *arguments],  # noqa: S607  # wherever it is installed
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "--quiet", "--message=one")
    return tmp_path


def test_a_clean_checkout_names_its_commit_and_position(repository: Path) -> None:
    commit = read_commit(repository)
    assert commit is not None
    assert commit.commit_id == git(repository, "rev-parse", "HEAD")
    assert (commit.position, commit.dirty, commit.changes, commit.parents) == (1, False, "", ())


def test_a_merged_branch_counts_as_one_step(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "side")
    for text in ("two", "three"):
        git(repository, "commit", "--quiet", "--allow-empty", f"--message={text}")
    git(repository, "checkout", "--quiet", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--message=merge", "side")
    commit = read_commit(repository)
    assert commit is not None
    assert commit.position == 2
    assert len(commit.parents) == 2


def test_the_same_change_has_the_same_name_and_another_has_another(repository: Path) -> None:
    seen = []
    for text in ("two", "three", "two"):
        (repository / "file").write_text(text)
        commit = read_commit(repository)
        assert commit is not None
        assert commit.dirty
        assert commit.short.endswith("+")
        seen.append(commit.changes)
    assert seen[0] == seen[2] != seen[1]


def test_a_shallow_clone_does_not_know_its_position(repository: Path, tmp_path: Path) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "--message=two")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", str(clone))
    commit = read_commit(clone)
    assert commit is not None
    assert commit.position is None


def test_a_folder_without_a_repository_has_no_commit(tmp_path: Path) -> None:
    assert read_commit(tmp_path) is None


def test_an_id_that_is_an_option_never_reaches_git(repository: Path) -> None:
    assert position_of("--all", folder=repository) is None
    with pytest.raises(BadValueError, match="hex digits"):
        Commit(commit_id="--upload-pack=x")

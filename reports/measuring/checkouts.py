"""The code of one side in a folder of its own; the repository it comes from is only read.

A clone that borrows the repository's objects (`git clone --shared`) has the files of a commit and
a history that version tools can ask, and needs no entry in the repository, as a worktree would.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reports.commit import Commit, position_of, read_commit
from reports.measuring.errors import UnknownCommitError

WORKING_TREE: Final = "."
_OURS: Final = ".holdfast/"  # what holdfast keeps beside the code is no part of it
_GIT_TIMEOUT_S: Final = 300.0  # a checkout of a large repository on a slow disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What one side is to run.

    Attributes:
        commit: None for a folder outside of any repository.
        folder: Where it lies already, for code that is not checked out by us; else None.
        dirty_tree: It is the working tree of the repository, with all of its changes.
    """

    label: str
    commit: Commit | None
    folder: Path | None = None
    dirty_tree: bool = False

    @property
    def key(self) -> str:
        """Return what tells this code from other code."""
        if self.commit is None:
            return str(self.folder)
        return self.commit.commit_id + self.commit.changes


def resolve_code(name: str, *, repository: Path) -> Code:
    """Return the code that a name means in a repository.

    Args:
        name: A commit, branch or tag, or "." for the working tree with its uncommitted changes.

    Raises:
        UnknownCommitError: Git knows no such commit, or there is no repository.
    """
    if name == WORKING_TREE:
        commit = _working_commit(repository)
        if commit is None:
            raise UnknownCommitError(name, f"{repository} is in no git repository with a commit")
        return Code(label=commit.short, commit=commit, dirty_tree=commit.dirty)
    if not name or name.startswith("-"):
        raise UnknownCommitError(name, "a name cannot begin so")
    commit_id = _git(
        repository, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", about=name
    )
    commit = read_commit_id(repository, commit_id)
    return Code(label=commit.short, commit=commit)


def existing_code(folder: Path) -> Code:
    """Return code that already lies in a folder."""
    resolved = folder.resolve()
    commit = read_commit(resolved)
    return Code(label=commit.short if commit else folder.name, commit=commit, folder=resolved)


def read_commit_id(repository: Path, commit_id: str) -> Commit:
    """Return a commit of the repository by its whole id."""
    told = _git(repository, "show", "--no-patch", "--format=%ct %P", commit_id)
    committed_s, *parents = told.split()
    return Commit(
        commit_id=commit_id,
        parents=tuple(parents),
        position=position_of(commit_id, folder=repository),
        committed_at=datetime.fromtimestamp(int(committed_s), UTC),
    )


def check_out(code: Code, *, repository: Path, target: Path) -> None:
    """Put the code into `target`, which does not exist yet."""
    assert code.commit is not None, "only commits are checked out"
    top = Path(_git(repository, "rev-parse", "--show-toplevel"))
    target.parent.mkdir(parents=True, exist_ok=True)
    # No hooks: a checkout must not run anything of the repository's.
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false")
    clone = ("clone", "--quiet", "--shared", "--no-checkout", str(top), str(target))
    _git(top, *quiet, *clone)
    _git(target, *quiet, "checkout", "--quiet", "--detach", code.commit.commit_id)
    if code.dirty_tree:
        _lay_over(top, target)


def _working_commit(repository: Path) -> Commit | None:
    commit = read_commit(repository)
    if commit is None:
        return None
    top = Path(_git(repository, "rev-parse", "--show-toplevel"))
    digest = hashlib.sha256()
    for name in _new_files(top):
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
        digest.update((top / name).read_bytes() + b"\0")
    if not _new_files(top):
        return commit
    # A file that git does not know yet is code, too.
    digest.update(commit.changes.encode())
    return replace(commit, dirty=True, changes=digest.hexdigest()[:16])


def _lay_over(top: Path, target: Path) -> None:
    """Make the checkout what the working tree is."""
    for name in _listed(top, "ls-files", "-z", "--cached"):
        source, copy = top / name, target / name
        if source.is_dir() and not source.is_symlink():
            continue  # a submodule
        if not source.exists() and not source.is_symlink():
            copy.unlink(missing_ok=True)
        else:
            _copy(source, copy)
    for name in _new_files(top):
        _copy(top / name, target / name)


def _copy(source: Path, copy: Path) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    if copy.is_symlink() or copy.exists():
        copy.unlink()
    shutil.copy2(source, copy, follow_symlinks=False)


def _new_files(top: Path) -> list[str]:
    every = _listed(top, "ls-files", "-z", "--others", "--exclude-standard")
    files = [name for name in every if f"/{_OURS}" not in f"/{name}"]
    return [name for name in files if (top / name).is_file()]


def _listed(top: Path, *arguments: str) -> list[str]:
    return [name for name in _git(top, *arguments).split("\0") if name]


def _git(folder: Path, *arguments: str, about: str = "the repository") -> str:
    command = ["git", "-C", str(folder), *arguments]
    # No optional locks: even `git status` would else refresh the repository's index.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(  # noqa: S603  # git with verbs of ours
            command,
            capture_output=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
            env=environment,
        )
    except OSError as error:
        raise UnknownCommitError(about, f"git cannot be run ({error.strerror})") from error
    except subprocess.TimeoutExpired as error:
        reason = f"git took longer than {_GIT_TIMEOUT_S:.0f} s"
        raise UnknownCommitError(about, reason) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()[-500:]
        raise UnknownCommitError(about, said or "git knows no commit by that name")
    return done.stdout.decode("utf-8", "surrogateescape").strip("\n")

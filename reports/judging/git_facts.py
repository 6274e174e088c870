"""What git knows that the gate asks: which commit a name means, and who is at the keyboard."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from reports.commit import position_of
from reports.judging.decision import Since
from reports.judging.errors import NoAuthorError, UnknownCommitError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reports.series import RunStamp

_TIMEOUT_S: Final = 20.0
_LEAST_DIGITS: Final = 7


def find_commit(name: str, *, folder: Path, stamps: Iterable[RunStamp]) -> Since:
    """Return the commit that a name, a tag, a branch or some digits mean.

    Args:
        folder: Where git is asked first.
        stamps: The store's runs, which are asked where git does not know.

    Raises:
        UnknownCommitError: Neither knows it, or several commits of the store begin so.
    """
    commit_id = _git(folder, "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}")
    known = {s.commit_id: s for s in stamps if s.commit_id is not None}
    if commit_id is None:
        return _of_store(name, known)
    stamp = known.get(commit_id)
    seconds = _git(folder, "show", "--no-patch", "--format=%ct", commit_id)
    position = position_of(commit_id, folder=folder)
    return Since(
        commit_id=commit_id,
        position=stamp.position if position is None and stamp else position,
        committed_at=datetime.fromtimestamp(int(seconds), UTC) if seconds else None,
    )


def author_here(folder: Path) -> str:
    """Return the name and mail that git signs commits with.

    Raises:
        NoAuthorError: git is absent, or knows no name.
    """
    name = _git(folder, "config", "user.name")
    if not name:
        raise NoAuthorError
    mail = _git(folder, "config", "user.email")
    return f"{name} <{mail}>" if mail else name


def _of_store(name: str, known: dict[str, RunStamp]) -> Since:
    digits = name.lower()
    found = [one for one in known if one.startswith(digits)]
    if len(digits) < _LEAST_DIGITS or not found:
        raise UnknownCommitError(name, "neither git here nor the store knows such a commit")
    if len(found) > 1:
        raise UnknownCommitError(name, f"{len(found)} commits of the store begin so")
    stamp = known[found[0]]
    return Since(
        commit_id=found[0],
        position=stamp.position,
        committed_at=stamp.committed_at or stamp.written_at,
    )


def _git(folder: Path, *arguments: str) -> str | None:
    if any(argument.startswith("-") for argument in arguments[-1:]):
        return None  # a revision is never an option
    try:
        done = subprocess.run(  # noqa: S603  # git with fixed verbs
            ["git", "-C", str(folder), *arguments],  # noqa: S607  # the one in the path is meant
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode(errors="replace").strip() or None if done.returncode == 0 else None

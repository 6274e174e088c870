"""Which commit a run measured, and where it stands among the others."""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from reports.errors import BadValueError
from reports.record import check_text

if TYPE_CHECKING:
    from pathlib import Path

    from reports.strict_json import Fields

_ID: Final = re.compile(r"[0-9a-f]{7,64}")
_PARENTS: Final = 100  # an octopus merge has a handful
_GIT_TIMEOUT_S: Final = 20.0  # `git status` on a cold checkout of a large project takes seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit, its place on the first-parent line, and whether the tree had other changes.

    `changes` identifies what a dirty tree changed, so that two runs of the same edit count as one
    piece of code; it is empty where unknown.
    `committed_at` is when the commit was made; it orders commits where positions are unknown.
    `position` counts the commits up to this one along first parents; it is None where history is
    not there (a shallow clone, an imported file). Order by it, never by time stamps: a commit
    that was measured later can lie earlier.
    """

    commit_id: str
    parents: tuple[str, ...] = ()
    position: int | None = None
    dirty: bool = False
    committed_at: datetime | None = None
    changes: str = ""

    def __post_init__(self) -> None:
        check_text("Commit.changes", self.changes)
        for one in (self.commit_id, *self.parents):
            if not _ID.fullmatch(one):
                raise BadValueError("Commit", repr(one)[:80], "7 to 64 hex digits")

    @property
    def short(self) -> str:
        """Return seven digits, and a mark when the tree had uncommitted changes."""
        return self.commit_id[:7] + ("+" if self.dirty else "")

    def to_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        return {
            "commit_id": self.commit_id,
            "parents": list(self.parents),
            "position": self.position,
            "dirty": self.dirty,
            "changes": self.changes,
            "committed_at": self.committed_at.isoformat() if self.committed_at else None,
        }

    @classmethod
    def from_json(cls, values: Fields) -> Commit:
        """Return the commit that a document describes."""
        parents = values.text_list("parents", most=_PARENTS)
        position = values.integer("position", least=0) if "position" in values else None
        commit_id, dirty = values.text("commit_id"), values.flag("dirty")
        committed_at = values.time("committed_at") if "committed_at" in values else None
        try:
            return cls(
                commit_id=commit_id,
                parents=parents,
                position=position,
                dirty=dirty,
                committed_at=committed_at,
                changes=values.text("changes", default=""),
            )
        except BadValueError as error:
            values.refuse("commit_id", str(error))


def read_commit(folder: Path) -> Commit | None:
    """Return the commit checked out in `folder`, or None where git or a repository is absent."""
    head = _git(folder, "show", "--no-patch", "--format=%ct %H %P", "HEAD")
    if not head:
        return None
    committed_s, commit_id, *parents = head.split()
    changes = _git(folder, "diff", "HEAD", "--no-ext-diff", "--no-color")
    return Commit(
        commit_id=commit_id,
        parents=tuple(parents),
        position=position_of(commit_id, folder=folder),
        dirty=changes is None or bool(changes),
        changes=hashlib.sha256(changes.encode()).hexdigest()[:16] if changes else "",
        committed_at=datetime.fromtimestamp(int(committed_s), UTC),
    )


def position_of(commit_id: str, *, folder: Path) -> int | None:
    """Return a commit's first-parent position, or None where the history cannot tell."""
    if not _ID.fullmatch(commit_id):
        return None
    if _git(folder, "rev-parse", "--is-shallow-repository") != "false":
        return None  # a shallow clone counts only what it fetched
    count = _git(folder, "rev-list", "--count", "--first-parent", commit_id, "--")
    return int(count) if count and count.isdecimal() else None


def resolve_commit(revision: str, *, folder: Path) -> str | None:
    """Return the id of a branch, tag or shortened id, or None where git does not know it."""
    if revision.startswith("-"):
        return None  # no option of git's
    return _git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}") or None


def find_commit(commit_id: str, *, folder: Path) -> Commit | None:
    """Return one commit as `read_history` returns it, or None where it would not be in there."""
    position = position_of(commit_id, folder=folder)
    if position is None:
        return None
    found = _git(folder, "log", "-1", "--format=%ct %H %P", commit_id, "--")
    committed_s, whole_id, *parents = (found or "0 unknown").split()
    if whole_id != commit_id:
        return None  # a shortened id, which may come to mean several
    return Commit(
        commit_id=commit_id,
        parents=tuple(parents),
        position=position,
        committed_at=datetime.fromtimestamp(int(committed_s), UTC),
    )


def read_history(folder: Path) -> dict[str, Commit]:
    """Return every commit that a name leads to, placed, by its id.

    One call of git, whatever the number of commits; a long history takes it seconds. Empty where
    git, a repository or a whole history (not a shallow clone) is absent.
    """
    if _git(folder, "rev-parse", "--is-shallow-repository") != "false":
        return {}
    lines = (_git(folder, "log", "--all", "--format=%H %ct %P", "HEAD") or "").splitlines()
    rows = {commit_id: rest for commit_id, *rest in (line.split() for line in lines)}
    positions: dict[str, int] = {}
    for commit_id in rows:
        _place(commit_id, rows=rows, positions=positions)
    return {
        commit_id: Commit(
            commit_id=commit_id,
            parents=tuple(parents),
            position=positions[commit_id],
            committed_at=datetime.fromtimestamp(int(committed_s), UTC),
        )
        for commit_id, (committed_s, *parents) in rows.items()
    }


def _place(commit_id: str, *, rows: dict[str, list[str]], positions: dict[str, int]) -> None:
    """Write down a commit's position and those of its first parents."""
    line = []
    while commit_id in rows and commit_id not in positions:
        line.append(commit_id)
        commit_id = (rows[commit_id][1:] or [""])[0]
    below = positions.get(commit_id, 0)
    for above, one in enumerate(reversed(line), 1):
        positions[one] = below + above


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603  # git with fixed verbs and checked ids
            command, capture_output=True, timeout=_GIT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # A diff holds whatever bytes the files hold.
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None

"""What an import takes from where it runs: machine, commit and history, each looked up once."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from reports.commit import Commit, find_commit, read_commit, read_history, resolve_commit
from reports.environment import UNKNOWN, Environment
from reports.errors import BadValueError

if TYPE_CHECKING:
    from pathlib import Path

    from reports.document import RunDocument
    from reports.fields import Fields
    from reports.importers.choices import Choices

_ASKED_SINGLY: Final = 4
_COMMIT_ID: Final = re.compile(r"[0-9a-f]{7,64}")


class Here:
    """The place and the choices of one import. Belongs to one thread.

    Raises:
        BadValueError: Git does not know the chosen commit, and it is no id.
    """

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.named_commit = self._chosen_commit()
        self._found: dict[str, Commit | None] = {}
        self.companions: dict[Path, Fields | None] = {}  # files that tell of many results

    @cached_property
    def environment(self) -> Environment:
        """The machine and Python of this process."""
        return Environment.capture()

    def _chosen_commit(self) -> Commit | None:
        chosen = self.choices.commit
        if not chosen:
            return None
        commit_id = resolve_commit(chosen, folder=self.choices.repository) or chosen
        if not _COMMIT_ID.fullmatch(commit_id):
            takes = f"an id of 7 to 64 hex digits, or a name that git knows in {self._folder}"
            raise BadValueError("--commit", repr(chosen)[:80], takes)
        return Commit(commit_id=commit_id)

    def commit_at(self, measured_at: datetime) -> Commit | None:
        """Return the commit of a file that names none and was written then.

        It is the chosen one, or the one checked out here unless that is younger than the file.
        """
        if self.named_commit is not None:
            return self.named_commit
        current = self._checked_out
        if current is None or current.committed_at is None or current.committed_at > measured_at:
            return None
        return current

    def placed(self, document: RunDocument) -> RunDocument:
        """Return the document with its commit's position, where the repository knows it."""
        commit = document.commit
        if commit is None or commit.position is not None:
            return document
        known = self._known(commit.commit_id)
        if known is None:
            return document
        return dataclasses.replace(
            document,
            commit=dataclasses.replace(
                commit,
                position=known.position,
                parents=commit.parents or known.parents,
                committed_at=commit.committed_at or known.committed_at,
            ),
        )

    def unnamed_environment(self, suite: str) -> Environment:
        """Return the environment of a file that names no machine: like itself, unlike all known."""
        return unknown_environment(self.choices.environment_name or suite)

    def _known(self, commit_id: str) -> Commit | None:
        # A file or two ask git for their commits alone: all of a long history takes seconds.
        if commit_id not in self._found:
            self._found[commit_id] = (
                find_commit(commit_id, folder=self.choices.repository)
                if len(self._found) < _ASKED_SINGLY
                else self._history.get(commit_id)
            )
        return self._found[commit_id]

    @cached_property
    def _checked_out(self) -> Commit | None:
        return read_commit(self.choices.repository)

    @cached_property
    def _history(self) -> dict[str, Commit]:
        return read_history(self.choices.repository)

    @property
    def _folder(self) -> str:
        return str(self.choices.repository.absolute())


def commit_or_none(
    commit_id: str, *, committed_at: datetime | None = None, dirty: bool = False
) -> Commit | None:
    """Return a commit, or None where the id is no hash: "unversioned", or another system's."""
    if not _COMMIT_ID.fullmatch(commit_id):
        return None
    return Commit(commit_id=commit_id, committed_at=committed_at, dirty=dirty)


def unknown_environment(name: str) -> Environment:
    """Return an environment of which the name alone is known."""
    return Environment(
        system=UNKNOWN,
        kernel=UNKNOWN,
        machine=name[:200] or UNKNOWN,
        cpu=UNKNOWN,
        cores=0,
        implementation=UNKNOWN,
        python=UNKNOWN,
        build=UNKNOWN,
        threads=UNKNOWN,
        hash_seed=UNKNOWN,
    )


def name_digest(name: str) -> str:
    """Return 8 hex digits in the place of a machine's name, which may be a person's."""
    return hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def modified_at(file: Path) -> datetime:
    """Return when a file was last written."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)

"""Which runs a version's name means: a commit, a run, or whatever git calls a commit."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reports.errors import BadValueError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.series import RunStamp

_LEAST_CHARS: Final = 4  # git's own shortest abbreviation
_DIGITS: Final = re.compile(r"[0-9a-f]+")
_GIT_TIMEOUT_S: Final = 20.0
_MOST_LISTED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One piece of code that was measured, and its runs, oldest first."""

    label: str
    codes: frozenset[str]
    stamps: tuple[RunStamp, ...]


def find_version(stamps: Sequence[RunStamp], name: str, *, folder: Path) -> Version:
    """Return the version that `name` means.

    Args:
        name: The first digits of a commit's id or of a run document's name, a `+` after them for
            a commit with uncommitted changes; or anything that git in `folder` knows as a commit.
        folder: Where the repository may be.

    Raises:
        BadValueError: The name fits nothing, or more than one version.
    """
    bare = name.removesuffix("+")
    fits = _fitting(stamps, bare) if _DIGITS.fullmatch(bare) else {}
    if not fits:
        commit_id = _commit_of(bare, folder=folder)
        fits = _fitting(stamps, commit_id) if commit_id else {}
        if commit_id and not fits:
            got = f"{name!r}: git knows it as {commit_id[:7]}, which has no run in the store"
            raise BadValueError("compare", got, "a version that was measured")
    # A commit measured both clean and with changes: the bare id means the clean one.
    dirty = name.endswith("+")
    chosen = {code: stamp for code, stamp in fits.items() if stamp.dirty is dirty} or fits
    if len(chosen) != 1 and not _look_alike(chosen):
        raise BadValueError("compare", _misfit(name, chosen), "digits that fit exactly one")
    runs = sorted(
        (one for one in stamps if one.code in chosen),
        key=lambda one: (one.written_at, one.run_id),
    )
    return Version(label=runs[0].label, codes=frozenset(chosen), stamps=tuple(runs))


def _look_alike(chosen: dict[str, RunStamp]) -> bool:
    """Return whether all are one commit with uncommitted changes that nobody wrote down.

    Files of other programs say "dirty" and no more. Who names that commit means all of them.
    """
    unknown = all(stamp.dirty and not stamp.changes for stamp in chosen.values())
    return unknown and len({stamp.commit_id for stamp in chosen.values()}) == 1


def _fitting(stamps: Sequence[RunStamp], digits: str) -> dict[str, RunStamp]:
    if len(digits) < _LEAST_CHARS:
        raise BadValueError("compare", repr(digits), f"at least {_LEAST_CHARS} digits of an id")
    return {
        stamp.code: stamp
        for stamp in stamps
        if stamp.run_id.startswith(digits)
        or (stamp.commit_id or "").startswith(digits)
        # An imported file may know only the first digits of its commit.
        or (stamp.commit_id is not None and digits.startswith(stamp.commit_id))
    }


def _misfit(name: str, chosen: dict[str, RunStamp]) -> str:
    if not chosen:
        return f"{name!r}: no run or commit begins so, and git here knows no commit by that name"
    some = ", ".join(sorted(stamp.label for stamp in chosen.values())[:_MOST_LISTED])
    return f"{name!r}: it fits {len(chosen)} versions ({some})"


def _commit_of(name: str, *, folder: Path) -> str | None:
    """Return the id of the commit that git means by a name, or None."""
    asked = ["git", "-C", str(folder), "rev-parse", "--verify", "--quiet", "--end-of-options"]
    try:
        done = subprocess.run(  # noqa: S603  # git, told that what follows is no option
            [*asked, f"{name}^{{commit}}"],
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):  # a null byte is a ValueError
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None

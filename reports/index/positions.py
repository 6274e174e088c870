"""Where commits stand on the first-parent line, asked of a repository for all of them at once."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

from reports.index.errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ID: Final = re.compile(r"[0-9a-f]{7,64}")
_SHORTEST: Final = 7
_TIMEOUT_S: Final = 300.0  # a history of a million commits takes about ten seconds


def positions_of(commits: Iterable[str], *, repository: Path) -> dict[str, int]:
    """Return how many commits lie on each commit's first-parent line, itself included.

    Commits that the repository does not have, such as those of another project or of a branch
    that was never fetched, are left out. An abbreviated id is answered under that abbreviation.

    Raises:
        RepositoryError: There is no repository or no git, or it is a shallow clone, which counts
            only what it fetched.
    """
    wanted = sorted({one for one in commits if _ID.fullmatch(one)})
    shallow = _git(repository, "rev-parse", "--is-shallow-repository")
    if shallow.strip() != "false":
        reason = "it is a shallow clone, which has only the newest commits"
        raise RepositoryError(str(repository), reason)
    if not wanted:
        return {}
    # The lines of all of them together, each commit with its parents. An id that is not there is
    # passed over; one that begins with a dash cannot be, since they are digits.
    listed = _git(
        repository,
        "rev-list",
        "--first-parent",
        "--parents",
        "--topo-order",
        "--ignore-missing",
        "--stdin",
        lines=wanted,
    )
    return _named(_counted(listed), wanted)


def _counted(listed: str) -> dict[str, int]:
    positions: dict[str, int] = {}
    # Parents come after their children, so from the last line on each parent is known.
    for line in reversed(listed.splitlines()):
        commit, *parents = line.split()
        positions[commit] = positions.get(parents[0], 0) + 1 if parents else 1
    return positions


def _named(positions: dict[str, int], wanted: list[str]) -> dict[str, int]:
    found = {one: positions[one] for one in wanted if one in positions}
    short = [one for one in wanted if one not in positions]
    if not short:
        return found
    by_start: dict[str, list[str]] = {}
    for commit in positions:
        by_start.setdefault(commit[:_SHORTEST], []).append(commit)
    for one in short:
        fits = [full for full in by_start.get(one[:_SHORTEST], ()) if full.startswith(one)]
        if len(fits) == 1:
            found[one] = positions[fits[0]]
    return found


def _git(repository: Path, *arguments: str, lines: Iterable[str] = ()) -> str:
    command = ["git", "-C", str(repository), *arguments]
    try:
        done = subprocess.run(  # noqa: S603  # git with fixed verbs; ids come by stdin, checked
            command,
            input="".join(f"{line}\n" for line in lines),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise RepositoryError(str(repository), "git is not installed") from error
    except subprocess.TimeoutExpired as error:
        reason = f"git did not answer within {_TIMEOUT_S:g} s"
        raise RepositoryError(str(repository), reason) from error
    if done.returncode != 0:
        reason = done.stderr.strip().partition("\n")[0] or f"git exited {done.returncode}"
        raise RepositoryError(str(repository), reason)
    return done.stdout

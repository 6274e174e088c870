"""The failing schedules of earlier runs, one small file a test, tried first in the next run.

A file is replaced at once or not at all, so runs that share a folder never read half of one. What
is read may be damaged or hostile: it is looked at as bytes of unknown origin, and then the token
has to be one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.errors import TokenError
from harness.replay_token import decode_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.finding import Finding

FOLDER: Final = Path(".holdfast", "failures")
SCHEMA: Final = "holdfast.failure/1"
MAX_AGE_S: Final = 90 * 24 * 3600.0
MAX_BYTES: Final = 1_000_000  # a token has 200 characters, and far more only without names
_SLUG: Final = re.compile(r"[^A-Za-z0-9_.]+")
_OPEN: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


@dataclass(frozen=True, slots=True)
class StoreProblem:
    """Why a file of the store is of no use, in words."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path.name} in {FOLDER.as_posix()} is ignored: {self.reason}"


class TokenStore:
    """The folder of a project. Safe to use from several processes at once.

    Args:
        root: The project's folder; nothing is made in it before there is something to keep.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def path_of(self, test: str) -> Path:
        """Return the file of a test: a name that a person can read, and a hash that is its own."""
        slug = _SLUG.sub("-", test.replace("::", "-"))[-80:].strip("-.")
        digest = hashlib.sha256(test.encode("utf-8", "replace")).hexdigest()[:12]
        return self._folder / f"{slug}-{digest}.json"

    def token_of(self, test: str) -> str | StoreProblem:
        """Return the token kept for a test, empty where there is none, or why it is of no use."""
        path = self.path_of(test)
        try:
            data = _read(path)
        except FileNotFoundError:
            return ""
        except NotADirectoryError:
            return ""
        except (OSError, ValueError) as error:
            return StoreProblem(path, str(error))
        return _token_in(data, path, test)

    def keep(self, test: str, finding: Finding) -> None:
        """Keep the token of a failure, in the place of an older one.

        Raises:
            OSError: The folder cannot be made or written.
        """
        document = {
            "schema": SCHEMA,
            "test": test,
            "token": finding.token,
            "kind": finding.kind.name,
            "found": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        text = json.dumps(document, indent=1) + "\n"
        if len(text) > MAX_BYTES:
            raise OSError(f"its token has {len(finding.token)} characters")
        self._folder.mkdir(parents=True, exist_ok=True)
        ignored = self._folder / ".gitignore"
        if not ignored.exists():
            _replace(ignored, "*\n")
        self._forget_old()
        _replace(self.path_of(test), text)

    def _forget_old(self) -> None:
        """Remove what nobody has tried for long: its test has another name by now, or is gone."""
        oldest = time.time() - MAX_AGE_S
        for path in self._folder.glob("*.json"):
            with contextlib.suppress(OSError):  # another process was faster
                if path.lstat().st_mtime < oldest:
                    path.unlink()

    def forget(self, test: str) -> None:
        """Remove what is kept for a test, if anything is."""
        with contextlib.suppress(OSError):  # it stays, and is tried again
            self.path_of(test).unlink()


class KeptToken:
    """The token of one test's last failure, and what becomes of it in this run.

    Args:
        note: Called with a line for the reader.
    """

    def __init__(self, store: TokenStore, test: str, note: Callable[[str], None]) -> None:
        self._store = store
        self._test = test
        self._note = note
        self._passed = False
        found = store.token_of(test)
        self.token = found if isinstance(found, str) else ""
        if isinstance(found, StoreProblem):
            note(str(found))

    def passed(self) -> None:
        """Note that its schedule does not fail any more; what is explored next decides about it."""
        self._passed = True

    def explored(self, finding: Finding | None) -> None:
        """Keep what an exploration found; where it found nothing, forget what has passed."""
        if finding is not None:
            if self._passed:
                self._note("the schedule kept from last time passes now, and another one fails")
            self.replace(finding)
        elif self._passed:
            self._store.forget(self._test)
            self._note(
                "the failure kept from last time no longer fails, and is forgotten. To guard it "
                f'for ever:\n@harness.regression("{self.token}")'
            )

    def drifted(self, error: TokenError) -> None:
        """Forget it: its schedule does not fit the code any more."""
        self._store.forget(self._test)
        self._note(
            f"the failure kept from last time is dropped, the code has changed: {error.reason}"
        )

    def replace(self, finding: Finding) -> None:
        """Keep a failure of this run; say so if that cannot be done."""
        if not finding.token:
            return
        try:
            self._store.keep(self._test, finding)
        except OSError as error:
            self._note(f"the failure is not kept for the next run: {error}")


def _read(path: Path) -> bytes:
    """Return the bytes of a plain file of bounded size; a pipe or a link is none.

    Raises:
        OSError: It cannot be opened.
        ValueError: It is something else.
    """
    descriptor = os.open(path, _OPEN)
    with open(descriptor, "rb") as file:  # noqa: PTH123  # of a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("it is no plain file")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
    return data


def _token_in(data: bytes, path: Path, test: str) -> str | StoreProblem:
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError):
        return StoreProblem(path, "it is damaged, or no JSON")
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return StoreProblem(path, f"its schema is not {SCHEMA}")
    if document.get("test") != test:
        return StoreProblem(path, "it is of another test")
    token = document.get("token")
    try:
        decode_token(token)  # type: ignore[arg-type]  # it says what it takes
    except TokenError as error:
        return StoreProblem(path, error.reason)
    return str(token)


def _replace(path: Path, text: str) -> None:
    """Put a file in place at once: a reader finds the old one or the new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123  # of a descriptor
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

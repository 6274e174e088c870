"""Crashes on disk: `crashes/<hash>` holds an input, `crashes/<hash>.json` what it did.

A file is written whole and is on the disk before its name is: a crash that was reported outlives
the power cut of the next second. Adding the same crash again writes nothing, so a journal may be
taken in as often as one likes. What is not ours is left as it is and named in `problems`: a
description that nobody can read, an input that does not hash to its name.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from fuzz.campaign.campaign_run import Found
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.triaging.crash import Crash, crash_from_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_temporary_numbers = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedCrash:
    """One saved input, and what is written of it.

    Attributes:
        crash: What it did when it was saved; None where no readable description lies beside it.
        first_seen: When it was saved, in UTC: `2026-05-01T03:12:45+00:00`.
        minimized_from: The name of the input that was made smaller to get this one; "" if none.
        minimal: The signature, and the rules, under which nothing smaller was found; "" if unknown.
    """

    path: Path
    data: bytes
    crash: Crash | None
    first_seen: str
    minimized_from: str
    minimal: str


class CrashStore:
    """The crashes of one target. One finding keeps one file: the smallest input of the campaign.

    A file of an earlier campaign is never replaced, since its replay line may stand in a report.

    Attributes:
        problems: What lies there and is not ours, or damaged: a sentence each.
    """

    def __init__(
        self, folder: Path, target: str, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._inputs = InputFolder(folder)
        self._target = target
        self._clock = clock
        self._found: dict[str, Found] = {}
        self.problems: list[str] = []

    @property
    def found(self) -> tuple[Found, ...]:
        """The findings so far, known ones that still fail among them."""
        return tuple(self._found.values())

    def saved(self) -> list[Path]:
        """Return the inputs that earlier campaigns saved, without damaged ones."""
        return [path for path in self._inputs.files() if self._is_whole(path)]

    def described(self, path: Path) -> Crash | None:
        """Return what is written of a saved input; None where that is missing or damaged."""
        return self.read(path).crash

    def read(self, path: Path) -> SavedCrash:
        """Return a saved input with all that is written of it."""
        data = path.read_bytes()
        fields = self._fields(path)
        crash = None
        if fields:
            try:
                crash = crash_from_json(fields, data)
            except (KeyError, TypeError, ValueError, AttributeError):
                self._problem(_description(path), "it does not describe a crash")
        seen = fields.get("first_seen") if crash is not None else None
        written = path.stat().st_mtime
        return SavedCrash(
            path=path,
            data=data,
            crash=crash,
            first_seen=seen if isinstance(seen, str) else _iso(written),
            minimized_from=str(fields.get("minimized_from", "")),
            minimal=str(fields.get("minimal", "")),
        )

    def target_of(self, path: Path) -> str:
        """Return the name of the target whose crash a saved input is; "" where nobody wrote it."""
        name = self._fields(path).get("target")
        return name if isinstance(name, str) else ""

    def still_fails(self, crash: Crash, path: Path) -> None:
        """Note that a saved input fails still."""
        self._found.setdefault(
            crash.key, Found(target=self._target, crash=crash, path=path, known=True)
        )

    def add(self, crash: Crash) -> Found | None:
        """Save a crash; return it if no finding was like it."""
        known = self._found.get(crash.key)
        if known is not None and (known.known or len(known.crash.data) <= len(crash.data)):
            return None
        path = self.save(crash)
        if known is not None:
            self._drop(known)
        found = Found(target=self._target, crash=crash, path=path, known=False)
        self._found[crash.key] = found
        return found if known is None else None

    def save(self, crash: Crash, **notes: str) -> Path:
        """Write a crash down, whatever else is known; return its file.

        Args:
            notes: `minimized_from` and `minimal` of `SavedCrash`.
        """
        path = self._inputs.path / content_name(crash.data)
        if not path.exists() or not self._is_whole(path):
            self._put_aside(path)
            write_durably(path, crash.data)
        description = _description(path)
        old = self._fields(path)
        if not old and description.exists():
            return path  # damaged or another's: named in the problems, and left alone
        new: dict[str, Any] = {
            **crash.to_json(),
            "target": self._target,
            "first_seen": old.get("first_seen") or _iso(self._clock()),
            **{name: old[name] for name in ("minimized_from", "minimal") if name in old},
            **notes,
        }
        if old != json.loads(json.dumps(new)):
            write_durably(description, json.dumps(new, indent=1).encode())
        return path

    def holds(self, data: bytes) -> Path | None:
        """Return the file of a saved input."""
        path = self._inputs.path / content_name(data)
        return path if path.exists() else None

    def _fields(self, path: Path) -> dict[str, Any]:
        description = _description(path)
        try:
            fields = json.loads(description.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            self._problem(description, f"it cannot be read: {error}")
            return {}
        if not isinstance(fields, dict) or "key" not in fields:
            self._problem(description, "it does not describe a crash")
            return {}
        return fields

    def _is_whole(self, path: Path) -> bool:
        try:
            whole = content_name(path.read_bytes()) == path.name
        except OSError as error:
            self._problem(path, f"it cannot be read: {error.strerror or error}")
            return False
        if not whole:
            self._problem(path, "its content does not hash to its name: cut short, or changed")
        return whole

    def _put_aside(self, path: Path) -> None:
        """Give a damaged file another name, so that the whole input can have its own."""
        if path.exists():
            for number in itertools.count():
                aside = path.with_name(f"{path.name}.damaged{number or ''}")
                if not aside.exists():
                    path.replace(aside)
                    return

    def _problem(self, path: Path, reason: str) -> None:
        text = f"{path}: {reason}. It was skipped, and left as it is."
        if text not in self.problems:
            self.problems.append(text)

    def _drop(self, found: Found) -> None:
        _description(found.path).unlink(missing_ok=True)
        found.path.unlink(missing_ok=True)


def write_durably(path: Path, data: bytes) -> None:
    """Write a file that is whole or not there, and there even after the power went."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{next(_temporary_numbers)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # no system but POSIX opens a folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _description(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()

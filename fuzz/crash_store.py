"""Crashes on disk: `crashes/<hash>` holds an input, `crashes/<hash>.json` what it did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fuzz.campaign_run import Found
from fuzz.corpus import InputFolder, content_name, write_whole
from fuzz.crash import Crash, crash_from_json

if TYPE_CHECKING:
    from pathlib import Path


class CrashStore:
    """The crashes of one target. One finding keeps one file: the smallest input of the campaign.

    A file of an earlier campaign is never replaced, since its replay line may stand in a report.
    """

    def __init__(self, folder: Path, target: str) -> None:
        self._inputs = InputFolder(folder)
        self._target = target
        self._found: dict[str, Found] = {}

    @property
    def found(self) -> tuple[Found, ...]:
        """The findings so far, known ones that still fail among them."""
        return tuple(self._found.values())

    def saved(self) -> list[Path]:
        """Return the inputs that earlier campaigns saved."""
        return self._inputs.files()

    def described(self, path: Path) -> Crash | None:
        """Return what is written of a saved input; None where that is missing or damaged."""
        try:
            fields = json.loads(path.with_name(f"{path.name}.json").read_text("utf-8"))
            return crash_from_json(fields, path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError):
            return None

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
        path = self._inputs.add(crash.data)
        text = json.dumps({**crash.to_json(), "target": self._target}, indent=1)
        write_whole(path.with_name(f"{path.name}.json"), text.encode())
        if known is not None:
            self._drop(known)
        found = Found(target=self._target, crash=crash, path=path, known=False)
        self._found[crash.key] = found
        return found if known is None else None

    def holds(self, data: bytes) -> Path | None:
        """Return the file of a saved input."""
        path = self._inputs.path / content_name(data)
        return path if path.exists() else None

    def _drop(self, found: Found) -> None:
        found.path.with_name(f"{found.path.name}.json").unlink(missing_ok=True)
        found.path.unlink(missing_ok=True)

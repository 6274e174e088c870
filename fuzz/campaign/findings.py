"""The findings of one campaign: on disk, in the database, and told apart from those known before.

A finding is known if an earlier campaign has saved one with its key. What the campaign itself found
before it was cut short stays new after a resume.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from fuzz.campaign.campaign_run import Found
from fuzz.campaign.corpus import content_name
from fuzz.triaging.crash import crash_from_json
from fuzz.triaging.crash_store import CrashStore
from fuzz.triaging.signature import SCHEME

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from fuzz.campaign.campaign_database import CampaignDatabase
    from fuzz.triaging.crash import Crash

    Report = dict[str, Any]


class Findings:
    """Used by the thread of the campaign."""

    def __init__(
        self, folder: Path, target: str, *, database: CampaignDatabase, campaign: int
    ) -> None:
        self._store = CrashStore(folder, target)
        self._target = target
        self._database = database
        self._campaign = campaign
        self._saved: dict[str, Path] = {}  # what earlier campaigns found
        self._own: dict[str, Found] = {}  # what this one found before it was cut short
        self._to_replay: list[Path] = []
        self.replayed = 0
        self.fixed = 0
        self._read_what_is_there()

    def _read_what_is_there(self) -> None:
        own = {name: key for key, name, known in self._database.findings(self._campaign)
               if not known}  # fmt: skip
        for path in self._store.saved():
            crash = self._store.described(path)
            if crash is not None and path.name in own:
                self._own[crash.key] = Found(
                    target=self._target, crash=crash, path=path, known=False
                )
                continue
            self._to_replay.append(path)
            if crash is not None and crash.scheme == SCHEME:
                self._saved[crash.key] = path

    @property
    def problems(self) -> tuple[str, ...]:
        """What lies among the crashes and is damaged, or not ours; a sentence each."""
        return tuple(self._store.problems)

    @property
    def found(self) -> tuple[Found, ...]:
        """All findings so far, known ones that still fail among them."""
        later = {found.crash.key: found for found in self._store.found}
        return tuple({**self._own, **later}.values())

    @property
    def by_kind(self) -> dict[str, int]:
        """How many findings there are of each kind; the values of `CrashKind`."""
        return dict(Counter(str(found.crash.kind) for found in self.found))

    @property
    def to_replay(self) -> tuple[Path, ...]:
        """Saved inputs that have not been run again yet."""
        return tuple(self._to_replay)

    def take(self, crash: Crash, *, at_s: float, executions: int) -> bool:
        """Keep a crash; return whether no finding of this campaign was like it.

        Its file is written first, then its row, inside the caller's transaction: killed in between,
        the campaign takes the same report again and writes the same file.
        """
        if any(found.crash.key == crash.key for found in self._own.values()):
            return False
        before = {found.crash.key: found for found in self._store.found}
        saved = self._saved.get(crash.key)
        if saved is not None:
            # Under the key it was saved with, but with what it does now.
            known = self._store.described(saved)
            self._store.still_fails(crash if known is None else known, saved)
        else:
            self._store.add(crash)
        after = {found.crash.key: found for found in self._store.found}
        found = after[crash.key]
        if before.get(crash.key) == found:
            return False
        self._database.finding(
            self._campaign,
            crash.key,
            kind=found.crash.kind.name,
            message=found.crash.message,
            name=found.path.name,
            known=found.known,
            at_s=at_s,
            executions=executions,
        )
        return crash.key not in before

    def take_replayed(
        self, path: Path, crash: Crash | None, *, at_s: float, executions: int
    ) -> None:
        """Note what a saved input did when it was run again; inside a transaction."""
        self._to_replay.remove(path)
        self.replayed += 1
        if crash is None:
            self.fixed += 1
            return
        self._store.still_fails(crash, path)
        self._saved.setdefault(crash.key, path)
        self._database.finding(
            self._campaign,
            crash.key,
            kind=crash.kind.name,
            message=crash.message,
            name=path.name,
            known=True,
            at_s=at_s,
            executions=executions,
        )


def crash_in(report: Report) -> Crash:
    """Return the crash that a worker reported."""
    return crash_from_json(report["crash"], bytes.fromhex(report["data"]))


def is_input(path: Path) -> bool:
    """Return whether a file holds the input that its name says."""
    return content_name(path.read_bytes()) == path.name

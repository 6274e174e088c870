"""What a folder knows of its campaigns, read without disturbing one that runs."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from fuzz.campaign.campaign_database import last_campaign_in, notes_in, totals_in
from fuzz.campaign.campaign_folder import DATABASE, running_in, target_folders
from fuzz.campaign.campaign_run import Ending
from fuzz.campaign.campaign_schema import read_database
from fuzz.campaign.errors import DatabaseError
from fuzz.campaign.plateau import Outlook
from fuzz.triaging.crash import CrashKind

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

SCHEMA: Final = "holdfast.fuzz-status/1"
STALE_LEAST_S: Final = 600.0  # of silence, before a campaign is called stale whatever the estimate


class State(StrEnum):
    """Where a campaign stands."""

    RUNNING = "running"
    KILLED = "killed"
    CUT_SHORT = "cut short"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStatus:
    """A target's last campaign.

    Attributes:
        pid: The process that runs it, or ran it last.
        crashes: Findings by kind; the keys are the words of `CrashKind`.
        new: How many of them no earlier campaign had saved.
        saved: Inputs under `crashes`, of all campaigns.
        seen_at: When its process last wrote, in seconds since 1970.
        paths: Inputs that this campaign added to the corpus.
    """

    target: str
    folder: str
    state: State
    ending: str
    trouble: str
    pid: int
    began_at: float
    seen_at: float
    fuzzed_s: float
    budget_s: float | None
    engines: tuple[str, ...]
    workers_started: int
    executions: int
    failures: int
    undecided: int
    features: int
    coverage: int | None
    corpus: int
    paths: int
    quiet_s: float
    crashes: Mapping[str, int]
    new: int
    saved: int
    outlook: Outlook | None
    notes: tuple[str, ...]

    @property
    def rate(self) -> float:
        """Executions per second of fuzzing."""
        return self.executions / self.fuzzed_s if self.fuzzed_s > 0 else 0.0

    @property
    def advice(self) -> str:
        """Whether it is worth going on, in a sentence."""
        if self.executions == 0:
            return "not one input ran; see what it says above, and begin anew"
        if self.outlook is None:
            return "too little ran to say whether more is worth it"
        least, most = self.outlook.more
        if self.outlook.stale or (self.quiet_s > STALE_LEAST_S and self.outlook.recent == 0):
            return (
                "hardly worth more as it is: nothing new in its last half, and as long again "
                f"is likely to bring {most} new paths at most; better seeds, a dictionary or "
                "another target pay more"
            )
        if least == 0:
            return f"slow going: as long again is likely to bring {most} new paths at most"
        return f"worth going on: as long again is likely to bring {least} to {most} new paths"

    def to_json(self) -> dict[str, Any]:
        """Return plain values, with the rate and the advice."""
        fields = asdict(self)
        return {
            "schema": SCHEMA, **fields, "state": self.state.name.lower(),
            "engines": list(self.engines), "notes": list(self.notes),
            "rate": self.rate, "advice": self.advice,
        }  # fmt: skip


def status_of(folder: Path) -> CampaignStatus | None:
    """Return what a target's folder knows of its last campaign; None if none was begun.

    Raises:
        DatabaseError: The database is damaged, or of another version.
    """
    with closing(read_database(folder / DATABASE)) as opened:
        try:
            last = last_campaign_in(opened)
            return None if last is None else _status(folder, opened, last)
        except (ValueError, KeyError, TypeError) as error:
            raise DatabaseError(folder / DATABASE, f"a campaign cannot be read: {error}") from error


def all_status(folder: Path) -> list[CampaignStatus | DatabaseError]:
    """Return the status of every target below a folder; what cannot be read as its error."""
    found: list[CampaignStatus | DatabaseError] = []
    for one in target_folders(folder):
        try:
            status = status_of(one)
        except DatabaseError as error:
            found.append(error)
            continue
        if status is not None:
            found.append(status)
    return found


def _status(folder: Path, opened: sqlite3.Connection, last: dict[str, Any]) -> CampaignStatus:
    settings = json.loads(last["settings"])
    totals = totals_in(opened, last["id"])
    rows = opened.execute(
        "SELECT kind, known FROM findings WHERE campaign = ?", (last["id"],)
    ).fetchall()
    crashes: dict[str, int] = {}
    for kind, _ in rows:
        words = str(CrashKind[kind])
        crashes[words] = crashes.get(words, 0) + 1
    paths = opened.execute(
        "SELECT coalesce(max(paths), 0) FROM curve WHERE campaign = ?", (last["id"],)
    ).fetchone()[0]
    return CampaignStatus(
        target=settings["target"],
        folder=str(folder),
        state=_state(folder, last["ending"]),
        ending="" if last["ending"] is None else Ending[last["ending"]].value,
        trouble=last["trouble"],
        pid=last["pid"],
        began_at=last["began_at"],
        seen_at=last["seen_at"],
        fuzzed_s=last["fuzzed_s"],
        budget_s=settings["budget"]["seconds"],
        engines=tuple(json.loads(last["engines"])),
        workers_started=totals.workers,
        executions=totals.counts.executions,
        failures=totals.counts.failures,
        undecided=totals.counts.undecided,
        features=totals.counts.features,
        coverage=totals.counts.coverage,
        corpus=_count(folder / "corpus"),
        paths=paths,
        quiet_s=last["quiet_s"],
        crashes=crashes,
        new=sum(not known for _, known in rows),
        saved=_count(folder / "crashes"),
        outlook=_outlook(last["outlook"]),
        notes=notes_in(opened, last["id"]),
    )


def _state(folder: Path, ending: str | None) -> State:
    if running_in(folder / "lock"):
        return State.RUNNING
    if ending is None:
        return State.KILLED
    resumable = (Ending.INTERRUPTED.name, Ending.PAUSED.name, Ending.TROUBLE.name)
    return State.CUT_SHORT if ending in resumable else State.ENDED


def _outlook(text: str | None) -> Outlook | None:
    if text is None:
        return None
    fields = json.loads(text)
    return Outlook(**{**fields, "more": tuple(fields["more"])})


def _count(folder: Path) -> int:
    """Return how many inputs a folder holds: files without a suffix."""
    try:
        with os.scandir(folder) as entries:
            return sum("." not in entry.name for entry in entries)
    except FileNotFoundError:
        return 0

"""Which findings a target's saved inputs show today: every one of them is run again.

Each input runs in a process that no other input has touched, several times: what fails each time
fails; what fails at times is flaky, and says how often; what fails no more is mended. One that
hangs or dies stops nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from fuzz.campaign.campaign_folder import DEFAULT_FOLDER, CampaignFolder
from fuzz.campaign.campaign_run import replay_command
from fuzz.target_facts import ask
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.crash import CrashKind
from fuzz.triaging.crash_store import CrashStore
from fuzz.triaging.signature import SCHEME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from fuzz.triaging.crash import Crash
    from fuzz.triaging.crash_store import SavedCrash

TIMES: Final = 3  # one that fails every other time passes for mended in 1 of 8
SCHEMA: Final = "holdfast.triage/1"


class Status(StrEnum):
    """What a finding does today."""

    FAILS = "fails"
    FLAKY = "fails at times"
    UNDECIDED = "cannot be judged"
    FIXED = "fails no more"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedInput:
    """One saved input, run again.

    Attributes:
        failed: In how many of the `runs` it failed, in whatever way.
        crash: How it failed most often; None if it did not fail.
        undecided: It met a bound before it could be judged, and never failed.
        saved: What was written of it.
    """

    saved: SavedCrash
    runs: int
    failed: int
    crash: Crash | None
    undecided: bool

    @property
    def key(self) -> str:
        """The finding that it shows, or showed when it was saved."""
        if self.crash is not None:
            return self.crash.key
        written = self.saved.crash
        if written is None:
            return f"unknown-{self.saved.path.name[:12]}"
        # Keys of two schemes cannot be compared: equal ones still are one finding.
        return written.key if written.scheme == SCHEME else f"{written.scheme}.{written.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriagedFinding:
    """One finding with all inputs that show it.

    Attributes:
        inputs: Those that fail first, the smallest of them first.
    """

    target: str
    key: str
    status: Status
    inputs: tuple[ReplayedInput, ...]

    @property
    def smallest(self) -> ReplayedInput:
        """The input that stands for the finding."""
        return self.inputs[0]

    @property
    def crash(self) -> Crash | None:
        """What happens; what happened, if it fails no more; None if nobody wrote that down."""
        return self.smallest.crash or self.smallest.saved.crash

    @property
    def first_seen(self) -> str:
        """When the first of its inputs was saved, in UTC."""
        return min(one.saved.first_seen for one in self.inputs)

    @property
    def failed(self) -> int:
        """How often its smallest input failed, of `runs`."""
        return self.smallest.failed

    @property
    def runs(self) -> int:
        """How often its smallest input was run."""
        return self.smallest.runs

    @property
    def replay(self) -> str:
        """The command that runs its smallest input again."""
        return replay_command(self.target, self.smallest.saved.path)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        crash = self.crash
        return {
            "key": self.key,
            "status": self.status.name.lower(),
            "kind": None if crash is None else crash.kind.name,
            "message": None if crash is None else crash.message,
            "frames": [] if crash is None else list(crash.frames),
            "failed": self.failed,
            "runs": self.runs,
            "first_seen": self.first_seen,
            "count": len(self.inputs),
            "smallest": str(self.smallest.saved.path),
            "bytes": len(self.smallest.saved.data),
            "replay": self.replay,
            "inputs": [
                {"path": str(one.saved.path), "failed": one.failed, "runs": one.runs}
                for one in self.inputs
            ],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageReport:
    """All findings of a target.

    Attributes:
        problems: What lies among the crashes and was skipped: a sentence each.
    """

    target: str
    findings: tuple[TriagedFinding, ...]
    problems: tuple[str, ...]

    @property
    def failing(self) -> tuple[TriagedFinding, ...]:
        """Those that failed at least once."""
        return tuple(one for one in self.findings if one.failed)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "schema": SCHEMA,
            "target": self.target,
            "findings": [one.to_json() for one in self.findings],
            "problems": list(self.problems),
        }


def triage(
    name: str,
    *,
    folder: Path = DEFAULT_FOLDER,
    times: int = TIMES,
    progress: Callable[[int, int], object] = lambda _done, _all: None,
) -> TriageReport:
    """Run every saved input of a target again and group them by what they show.

    Args:
        name: Of the target: a name of the catalogue, or `module:NAME`.
        folder: Where campaigns keep their folders.
        times: How often each input runs; one that hangs runs once, since it costs its whole limit.
        progress: Told how many inputs were run, and of how many.

    Raises:
        UnknownTargetError: There is no such target.
        BrokenTargetError: It cannot be imported.
        ValueError: `times` is below 1.
    """
    if type(times) is not int or times < 1:
        raise ValueError(f"times takes a whole number from 1, got {times!r}")
    store = CrashStore(CampaignFolder(folder, name).crashes, name)
    paths = store.saved()
    if not paths:
        return TriageReport(target=name, findings=(), problems=tuple(store.problems))
    with ContainedTarget(ask(name)) as target:
        replayed = replay_all(target, [store.read(path) for path in paths], times, progress)
    return TriageReport(
        target=name, findings=grouped(name, replayed), problems=tuple(store.problems)
    )


def replay_all(
    target: ContainedTarget,
    saved: Sequence[SavedCrash],
    times: int,
    progress: Callable[[int, int], object] = lambda _done, _all: None,
) -> list[ReplayedInput]:
    """Run each of the saved inputs `times` times."""
    replayed = []
    for number, one in enumerate(saved):
        progress(number, len(saved))
        replayed.append(replay(target, one, times))
    progress(len(saved), len(saved))
    return replayed


def replay(target: ContainedTarget, saved: SavedCrash, times: int) -> ReplayedInput:
    """Run one saved input up to `times` times."""
    crashes: list[Crash] = []
    undecided = runs = 0
    while runs < times:
        judged = target.run(saved.data)
        runs += 1
        undecided += judged.undecided
        if judged.crash is not None:
            crashes.append(judged.crash)
            if judged.crash.kind is CrashKind.HANG:
                break
    crash = None
    if crashes:
        (key, _), *_ = Counter(one.key for one in crashes).most_common(1)
        crash = next(one for one in crashes if one.key == key)
    return ReplayedInput(
        saved=saved,
        runs=runs,
        failed=len(crashes),
        crash=crash,
        undecided=undecided > 0 and crash is None,
    )


def grouped(name: str, replayed: Sequence[ReplayedInput]) -> tuple[TriagedFinding, ...]:
    """Return the findings: those that fail first, else by key, so that each keeps its place."""
    groups: dict[str, list[ReplayedInput]] = {}
    for one in replayed:
        groups.setdefault(one.key, []).append(one)
    findings = [
        TriagedFinding(
            target=name,
            key=key,
            status=_status_of(inputs),
            inputs=tuple(sorted(inputs, key=_standing)),
        )
        for key, inputs in groups.items()
    ]
    order = list(Status)
    return tuple(sorted(findings, key=lambda one: (order.index(one.status), one.key)))


def _standing(one: ReplayedInput) -> tuple[float, int, bytes]:
    """Order inputs by how well they stand for their finding: the surest, then the smallest."""
    return -one.failed / one.runs, len(one.saved.data), one.saved.data


def _status_of(inputs: Sequence[ReplayedInput]) -> Status:
    if any(one.failed == one.runs for one in inputs):
        return Status.FAILS
    if any(one.failed for one in inputs):
        return Status.FLAKY
    if any(one.undecided for one in inputs):
        return Status.UNDECIDED
    return Status.FIXED


def targets_with_crashes(folder: Path = DEFAULT_FOLDER) -> tuple[str, ...]:
    """Return the names of the targets that have saved crashes below `folder`."""
    names = []
    for crashes in sorted(folder.glob("*/crashes")):
        store = CrashStore(crashes, "")
        names += sorted({name for path in store.saved() if (name := store.target_of(path))})
    return tuple(dict.fromkeys(names))

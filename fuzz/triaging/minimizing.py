"""Makes the saved input of a finding as small as it goes, and keeps it beside the original.

The predicate is "the same finding", by its signature. Candidates run one after the other in one
process, which costs a third of a millisecond each; one that ends its process costs a fork. What
comes out is confirmed in fresh processes, and if it does not hold there, each candidate gets a
process of its own. The original is never touched.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fuzz.campaign.campaign_folder import DEFAULT_FOLDER, CampaignFolder
from fuzz.campaign.campaign_run import replay_command
from fuzz.target_facts import ask
from fuzz.triaging.byte_reduction import RULES, Reduction, shortlex
from fuzz.triaging.contained import ContainedTarget
from fuzz.triaging.crash import MAX_STORY, CrashKind
from fuzz.triaging.crash_store import CrashStore
from fuzz.triaging.errors import UnknownFindingError
from fuzz.triaging.triage_report import TIMES, TriagedFinding, grouped, replay_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from fuzz.triaging.crash import Crash

DEFAULT_SECONDS: Final = 60.0
# A candidate that hangs costs the whole limit, so the limit is no longer than this while candidates
# are tried; the result is confirmed with the target's own.
SHORT_HANG_S: Final = 2.0
FLAKY_TRIES: Final = 5  # of a candidate of a flaky finding: at 1 in 2 a good one is lost in 1 of 32


class MinimizeEnd(StrEnum):
    """How the minimising of one finding ended."""

    MINIMAL = "nothing more can be left out"
    ALREADY = "was minimal already"
    BUDGET = "the budget ended first"
    INTERRUPTED = "was interrupted"
    PASSES = "does not fail any more"
    UNCONFIRMED = "failed only after other inputs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimized:
    """What became of one finding.

    Attributes:
        before: The smallest input that was there.
        after: The smallest that there is now; the same file if nothing smaller was found.
        confirmed: How often the new input failed in the same way, of `TIMES` fresh runs.
        means: What the bytes of the new input mean, if the target says so.
    """

    target: str
    key: str
    message: str
    before: Path
    after: Path
    before_bytes: int
    after_bytes: int
    executions: int
    elapsed_s: float
    end: MinimizeEnd
    confirmed: int
    means: str

    @property
    def replay(self) -> str:
        """The command that runs the new input."""
        return replay_command(self.target, self.after)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "target": self.target,
            "key": self.key,
            "message": self.message,
            "before": str(self.before),
            "after": str(self.after),
            "before_bytes": self.before_bytes,
            "after_bytes": self.after_bytes,
            "executions": self.executions,
            "elapsed_s": round(self.elapsed_s, 3),
            "end": self.end.name.lower(),
            "confirmed": self.confirmed,
            "runs": TIMES,
            "means": self.means,
            "replay": self.replay,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far the minimising of one finding is."""

    key: str
    before_bytes: int
    now_bytes: int
    executions: int
    elapsed_s: float


class _BudgetSpentError(Exception):
    """No more candidates."""


def minimize(  # noqa: PLR0913  # all but one are keyword-only
    name: str,
    *,
    keys: Sequence[str] = (),
    folder: Path = DEFAULT_FOLDER,
    seconds: float | None = DEFAULT_SECONDS,
    executions: int | None = None,
    progress: Callable[[Step], object] = lambda _: None,
) -> tuple[Minimized, ...]:
    """Minimise the findings of a target; smaller inputs are saved beside the ones that are there.

    Ctrl-C ends it and keeps the best so far; the findings not yet begun are left out.

    Args:
        name: Of the target: a name of the catalogue, or `module:NAME`.
        keys: Keys of findings, or their beginnings; all findings when empty.
        folder: Where campaigns keep their folders.
        seconds: For each finding; None: no limit.
        executions: For each finding; None: no limit.
        progress: Called after every candidate that was taken, and every hundredth.

    Raises:
        UnknownTargetError: There is no such target.
        BrokenTargetError: It cannot be imported.
        UnknownFindingError: No saved input shows a finding of that key.
        ValueError: A budget is not above 0.
    """
    _check(seconds, executions)
    store = CrashStore(CampaignFolder(folder, name).crashes, name)
    facts = ask(name)
    with ContainedTarget(facts) as target:
        saved = [store.read(path) for path in store.saved()]
        findings = chosen(grouped(name, replay_all(target, saved, TIMES)), keys)
        done: list[Minimized] = []
        for finding in findings:
            one = _One(target, store, finding, seconds=seconds, executions=executions)
            done.append(one.run(progress))
            if done[-1].end is MinimizeEnd.INTERRUPTED:
                break
    return tuple(done)


def chosen(findings: Iterable[TriagedFinding], keys: Sequence[str]) -> list[TriagedFinding]:
    """Return the findings whose keys begin so; all if no key is given.

    Raises:
        UnknownFindingError: One of the keys is that of no finding.
    """
    known = list(findings)
    for key in keys:
        if not any(_is_called(one, key) for one in known):
            raise UnknownFindingError(key, tuple(one.key for one in known))
    return [one for one in known if not keys or any(_is_called(one, key) for key in keys)]


def _is_called(finding: TriagedFinding, key: str) -> bool:
    """Return whether `key` begins the key of the finding, or is the path or name of its input."""
    names = {one.saved.path.name for one in finding.inputs}
    return bool(key) and (finding.key.startswith(key) or Path(key).name in names)


def _check(seconds: float | None, executions: int | None) -> None:
    if seconds is not None and not seconds > 0:
        raise ValueError(f"seconds takes a number above 0 or None, got {seconds!r}")
    if executions is not None and (type(executions) is not int or executions < 1):
        raise ValueError(f"executions takes a whole number from 1 or None, got {executions!r}")


class _One:
    """The minimising of one finding. Used once."""

    def __init__(
        self,
        target: ContainedTarget,
        store: CrashStore,
        finding: TriagedFinding,
        *,
        seconds: float | None,
        executions: int | None,
    ) -> None:
        self._target = target
        self._store = store
        self._finding = finding
        self._began_s = time.monotonic()
        self._ends_s = float("inf") if seconds is None else self._began_s + seconds
        self._most = float("inf") if executions is None else executions
        self._runs = 0
        self._fresh = False
        self._now = len(finding.smallest.saved.data)
        self._progress: Callable[[Step], object] = lambda _: None

    def run(self, progress: Callable[[Step], object]) -> Minimized:
        """Reduce the smallest input of the finding."""
        self._progress = progress
        finding = self._finding
        first = finding.smallest
        crash = first.crash
        if crash is None:
            return self._told(first.saved.data, MinimizeEnd.PASSES, confirmed=0)
        if first.saved.minimal == self._rules():
            return self._told(first.saved.data, MinimizeEnd.ALREADY, confirmed=first.failed)
        data, end, last = first.saved.data, MinimizeEnd.INTERRUPTED, None
        # A second time with a process for each candidate, if the first way led astray.
        for self._fresh in (False, True):
            data, end = self._reduce(first.saved.data, hang=crash.kind is CrashKind.HANG)
            try:
                confirmed, last = self._confirm(data)
            except KeyboardInterrupt:
                # What was reduced is kept, if it is confirmed; a second Ctrl-C is heard there.
                self._target.abandon()
                end = MinimizeEnd.INTERRUPTED
                confirmed, last = self._confirm(data)
            if confirmed or end is MinimizeEnd.INTERRUPTED:
                break
        if last is None or shortlex(data) > shortlex(first.saved.data):
            end = end if end is MinimizeEnd.INTERRUPTED else MinimizeEnd.UNCONFIRMED
            return self._told(first.saved.data, end, confirmed=0)
        self._save(data, last, minimal=end is MinimizeEnd.MINIMAL)
        return self._told(data, end, confirmed=confirmed)

    def _rules(self) -> str:
        """Return what says that nothing smaller was found, and by which rules."""
        return f"{self._finding.key} {RULES}"

    def _reduce(self, data: bytes, *, hang: bool) -> tuple[bytes, MinimizeEnd]:
        facts = self._target.facts
        shape = self._target.shape
        short = min(facts.hang_s, SHORT_HANG_S) if hang and not self._fresh else None
        with self._target.limited(short):
            reduction = Reduction(
                data,
                self._fails,
                key=self._value_key if shape == "strategy" else shortlex,
                counted=shape == "controlled",
            )
            try:
                reduction.run()
            except _BudgetSpentError:
                return reduction.best, MinimizeEnd.BUDGET
            except KeyboardInterrupt:
                self._target.abandon()
                return reduction.best, MinimizeEnd.INTERRUPTED
        return reduction.best, MinimizeEnd.MINIMAL

    def _fails(self, data: bytes) -> bool:
        """Return whether an input shows this very finding."""
        flaky = self._finding.failed < self._finding.runs
        for _ in range(FLAKY_TRIES if flaky else 1):
            if self._runs >= self._most or time.monotonic() >= self._ends_s:
                raise _BudgetSpentError
            self._runs += 1
            crash = self._target.run(data, fresh=self._fresh or flaky).crash
            failed = crash is not None and crash.key == self._finding.key
            if failed:
                self._now = len(data)
            if failed or not self._runs % 100:
                self._show()
            if failed:
                return True
        return False

    def _show(self) -> None:
        self._progress(
            Step(
                key=self._finding.key,
                before_bytes=len(self._finding.smallest.saved.data),
                now_bytes=self._now,
                executions=self._runs,
                elapsed_s=time.monotonic() - self._began_s,
            )
        )

    def _value_key(self, data: bytes) -> tuple[object, ...]:
        """Return how simple the value is that a strategy makes: as short in writing as it goes."""
        text = self._target.describe(data)
        return len(text), text, *shortlex(data)

    def _confirm(self, data: bytes) -> tuple[int, Crash | None]:
        """Run the result in fresh processes, under the target's own limits."""
        confirmed, last = 0, None
        for _ in range(TIMES):
            crash = self._target.run(data).crash
            if crash is not None and crash.key == self._finding.key:
                confirmed, last = confirmed + 1, crash
                if crash.kind is CrashKind.HANG:
                    break
        return confirmed, last

    def _save(self, data: bytes, crash: Crash, *, minimal: bool) -> None:
        first = self._finding.smallest.saved
        story = self._target.story(data) or crash.story
        notes = {"minimal": self._rules()} if minimal else {}
        if data != first.data:
            notes["minimized_from"] = first.path.name
        self._store.save(replace(crash, story=story[:MAX_STORY]), **notes)

    def _told(self, data: bytes, end: MinimizeEnd, *, confirmed: int) -> Minimized:
        finding = self._finding
        before = finding.smallest.saved
        crash = finding.crash
        return Minimized(
            target=finding.target,
            key=finding.key,
            message="" if crash is None else crash.message,
            before=before.path,
            after=self._store.holds(data) or before.path,
            before_bytes=len(before.data),
            after_bytes=len(data),
            executions=self._runs,
            elapsed_s=time.monotonic() - self._began_s,
            end=end,
            confirmed=confirmed,
            means=self._target.describe(data),
        )

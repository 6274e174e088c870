"""What a running campaign writes down, and what it knows of itself: all that is not processes.

A page is one transaction: the sitting enters what each worker did, then closes the page, which
counts the corpus and moves the curve.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from fuzz.campaign.campaign_database import CampaignTotals, WorkerCounts
from fuzz.campaign.corpus import InputFolder, content_name
from fuzz.campaign.corpus_watch import CorpusWatch
from fuzz.campaign.findings import Findings
from fuzz.campaign.plateau import Curve

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from fuzz.campaign.campaign_database import CampaignDatabase
    from fuzz.campaign.campaign_folder import CampaignFolder
    from fuzz.campaign.campaign_settings import Settings
    from fuzz.campaign.plateau import Outlook, Rare
    from fuzz.engines.pace import Pace
    from fuzz.target_facts import TargetFacts
    from fuzz.triaging.crash import Crash
    from fuzz.workers.slot import Life

LAST_NOTES: Final = 5  # that the view shows; the database keeps all
SEED: Final = "seed"
FOUND_HERE: Final = "found here"  # in the folder, before this campaign
FUZZING: Final = "fuzzing"  # by one of several engines at once
MOST_OWED: Final = 32  # inputs that went and are set against those that come
MERGED: Final = "merged away"
FAILS: Final = "it fails"
REPLACED: Final = "removed while it ran"  # by libFuzzer, which has a smaller one; or by hand


class Books:
    """One campaign's books. Used by the campaign's thread.

    Attributes:
        fuzzed_s: Time in which inputs ran, sittings before a resume included.
        totals: What all workers have done, as of the last page.
        trouble: What is wrong with the fuzzing itself; "" mostly.
        broken: Why the target cannot be imported under any engine; "" if it can.
    """

    def __init__(  # noqa: PLR0913  # one campaign's parts
        self,
        settings: Settings,
        facts: TargetFacts,
        *,
        folder: CampaignFolder,
        database: CampaignDatabase,
        campaign: int,
        pace: Pace,
    ) -> None:
        self.settings = settings
        self.facts = facts
        self.folder = folder
        self.database = database
        self.campaign = campaign
        self.findings = Findings(
            folder.crashes, settings.target, database=database, campaign=campaign
        )
        self.corpus = CorpusWatch(folder.corpus)
        self.curve = Curve()
        self.fuzzed_s = 0.0
        self.elapsed_before_s = 0.0
        self.trouble = ""
        self.broken = ""
        self.totals = CampaignTotals(counts=WorkerCounts(), workers=0)
        self.last_notes: deque[str] = deque(maxlen=LAST_NOTES)
        self.outlook: Outlook | None = None
        self.rare: Rare | None = None  # of the worker that has run most since it began
        self._pace = pace
        self._sat_down_s: float | None = None
        self._mark_s = 0.0
        self._last_finding_s = 0.0
        self._gained = 0  # inputs, since paths were counted last; below 0: more went than came
        self._kept_by: set[str] = set()  # engines whose workers kept something since the last page

    def open(self, *, seeds: Collection[bytes], going_on: bool) -> None:
        """Look at what is there: the corpus, and what the campaign did before it was cut short."""
        corpus = InputFolder(self.folder.corpus)
        wrong = self.corpus.adopt()
        known = self.database.known_inputs()
        for seed in seeds:
            # One that was seen to fail, or was merged away, does not come back.
            if content_name(seed) not in known:
                corpus.add(seed)
        if going_on:
            self._read_what_was_done()
        came, _ = self.corpus.look()
        names = {content_name(seed) for seed in seeds}
        fresh = [(name, size) for name, size in came if known.get(name, "") is not None]
        seeded = [(name, size, SEED) for name, size in fresh if name in names]
        others = [(name, size) for name, size in fresh if name not in names]
        origin = FUZZING if going_on else FOUND_HERE
        with self.database.transaction():
            for text in (*wrong, *self.findings.problems):
                self.note(text)
            self._enter_inputs(seeded + [(name, size, origin) for name, size in others])
            # What came after the last page of a campaign that was killed.
            if going_on and others:
                self._add_paths(len(others))
            self._close()

    @contextmanager
    def sitting(self) -> Iterator[None]:
        """Let the time inside count as the campaign's."""
        self._sat_down_s = time.monotonic()
        try:
            yield
        finally:
            self.elapsed_before_s = self.elapsed_s
            self._sat_down_s = None

    @property
    def elapsed_s(self) -> float:
        """Time since the campaign began, without pauses between sittings."""
        if self._sat_down_s is None:
            return self.elapsed_before_s
        return self.elapsed_before_s + time.monotonic() - self._sat_down_s

    @property
    def quiet_s(self) -> float:
        """How long nothing new has come: no path and no finding."""
        return max(self.fuzzed_s - max(self.curve.last_s, self._last_finding_s), 0.0)

    def to_replay(self) -> list[Path]:
        """Return what has to run again first: suspects, then saved crashes."""
        return [*InputFolder(self.folder.suspects).files(), *self.findings.to_replay]

    def note(self, text: str) -> None:
        """Keep something that a reader of the figures should know; inside a transaction."""
        self.database.note(self.campaign, text)
        if text not in self.last_notes:
            self.last_notes.append(text)

    def take_crash(self, crash: Crash) -> bool:
        """Keep a crash; return whether it is a finding that this campaign had not."""
        is_new = self.findings.take(
            crash, at_s=self.fuzzed_s, executions=self.totals.counts.executions
        )
        if is_new:
            self._last_finding_s = self.fuzzed_s
        return is_new

    def take_replayed(self, path: Path, crash: Crash | None) -> None:
        """Note what an input did that had to run again; inside a transaction."""
        if path.parent == self.folder.suspects:
            self._take_suspect(path, crash)
            return
        self.database.cleared(path.name)
        self.findings.take_replayed(
            path, crash, at_s=self.fuzzed_s, executions=self.totals.counts.executions
        )

    def suspect(self, data: bytes) -> int:
        """Note that a process was killed while an input ran; return how often by now."""
        name = content_name(data)
        if not any(path.name == name for path in self.findings.to_replay):
            InputFolder(self.folder.suspects).add(data)
        return self.database.suspect(name)

    def _take_suspect(self, path: Path, crash: Crash | None) -> None:
        if crash is None:
            self.note(
                "a worker was killed from outside; the input that ran did nothing wrong when it "
                "was run again"
            )
        else:
            self.take_crash(crash)
            InputFolder(self.folder.corpus).remove(crash.data)
        self.database.cleared(path.name)
        path.unlink(missing_ok=True)

    def enter(
        self,
        life: Life,
        counts: WorkerCounts,
        *,
        kept: int,
        engine: str,
        ending: str | None = None,
    ) -> None:
        """Enter what a worker has done; inside a transaction."""
        if kept > life.kept:
            life.kept = kept
            self._kept_by.add(engine)
        self.database.worker(
            life.row, counts, read_to=life.journal.offset, pid=life.worker.pid, ending=ending
        )

    def close_page(self, *, merging: bool = False) -> None:
        """Count what came into the corpus and what it means; the end of a transaction.

        Args:
            merging: A merge has run since the last page: what went, it has taken.
        """
        came, went = self.corpus.look()
        if went:
            self._enter_gone(went, MERGED if merging else REPLACED)
        if came:
            origin = next(iter(self._kept_by)) if len(self._kept_by) == 1 else FUZZING
            self._enter_inputs([(name, size, origin) for name, size in came])
            self._kept_by.clear()
        self._count_paths(len(came) - (0 if merging else len(went)))
        if self.fuzzed_s >= self._mark_s:
            self._mark()
        self._close()

    def _count_paths(self, more: int) -> None:
        """Count as new what the corpus has gained.

        An engine that has found a smaller input for what another showed puts one in the other's
        place, and one that failed goes again: neither is a new path. It may go a page later than it
        came, so what goes is set against what comes next; not for long, since somebody may clear
        the corpus by hand.
        """
        self._gained = max(self._gained + more, -MOST_OWED)
        if self._gained > 0:
            self._add_paths(self._gained)
            self._gained = 0

    def _close(self) -> None:
        self.totals = self.database.totals(self.campaign)
        self.outlook = self.curve.outlook(
            seconds=self.fuzzed_s, executions=self.totals.counts.executions, rare=self.rare
        )
        self.database.state(
            self.campaign,
            elapsed_s=self.elapsed_s,
            fuzzed_s=self.fuzzed_s,
            quiet_s=self.quiet_s,
            replayed=self.findings.replayed,
            fixed=self.findings.fixed,
            outlook=self.outlook,
        )

    def _enter_inputs(self, came: list[tuple[str, int, str]]) -> None:
        self.database.inputs(
            self.campaign, came, at_s=self.fuzzed_s, executions=self.totals.counts.executions
        )

    def _enter_gone(self, went: list[str], why: str) -> None:
        fails = {name for name in went if (self.folder.crashes / name).exists()}
        self.database.gone(fails, FAILS)
        self.database.gone((name for name in went if name not in fails), why)

    def _add_paths(self, count: int) -> None:
        self.curve.add(count, seconds=self.fuzzed_s, executions=self.totals.counts.executions)
        self._mark()

    def _mark(self) -> None:
        self._mark_s = self.fuzzed_s + self._pace.mark_s
        counts = self.totals.counts
        self.database.mark(
            self.campaign,
            at_s=self.fuzzed_s,
            executions=counts.executions,
            paths=self.curve.found,
            coverage=counts.coverage,
            features=counts.features,
        )

    def _read_what_was_done(self) -> None:
        row = self.database.last_campaign()
        assert row is not None, "a campaign goes on that is in the database"
        self.fuzzed_s = row["fuzzed_s"]
        self.elapsed_before_s = row["elapsed_s"]
        self.totals = self.database.totals(self.campaign)
        self.last_notes.extend(self.database.notes(self.campaign))
        before = 0
        for at_s, executions, paths in self.database.curve(self.campaign):
            self.curve.add(paths - before, seconds=at_s, executions=executions)
            before = paths


def read_seeds(folder: Path) -> list[bytes]:
    """Return the inputs that a user's folder of seeds holds, whatever the files are called."""
    return [path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()]

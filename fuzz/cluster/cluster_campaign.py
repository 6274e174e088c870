"""`holdfast fuzz run --cluster`: a campaign in rounds on many machines.

The corpus, the crashes and the database are here; a round takes a snapshot of the corpus along, is
a small campaign of its own wherever it runs, and brings home what the snapshot had not: inputs,
crashes, counts. Inputs are named by their content, so what comes twice is there once.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from fuzz.campaign.campaign import Campaign, run_campaign
from fuzz.campaign.campaign_database import WorkerCounts
from fuzz.campaign.campaign_folder import CampaignFolder
from fuzz.campaign.campaign_run import Budget, Ending
from fuzz.campaign.corpus import InputFolder
from fuzz.campaign.progress import WorkerLine
from fuzz.campaign.run_command import CannotRunError, show
from fuzz.campaign.terminal import Terminal
from fuzz.campaign.turns import Broken
from fuzz.cluster.cluster import Cluster
from fuzz.cluster.corpus_blob import pack, unpack
from fuzz.cluster.errors import ClusterError
from fuzz.engines.mixture import AUTO, able_engines
from fuzz.engines.pace import USUAL
from fuzz.errors import BrokenTargetError, FuzzError
from fuzz.target_facts import ask
from fuzz.workers.interrupts import Interrupts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fuzz.campaign.campaign_books import Books
    from fuzz.campaign.campaign_run import CampaignRun
    from fuzz.campaign.campaign_settings import Settings
    from fuzz.cluster.cluster import RoundEnd
    from fuzz.triaging.crash import Crash

    Show = Callable[[tuple[WorkerLine, ...]], object]

ROUND_S: Final = 60.0  # what a lost worker costs; starting one costs some 2 s
LEAST_S: Final = 0.5  # of a round: below it no other is begun
MOST_LOST: Final = 5  # rounds without a result, after which it is not the round's fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a round brings home.

    Attributes:
        inputs: A blob of what its snapshot had not.
        trouble: What was wrong with the fuzzing itself there; "" mostly.
    """

    engine: str
    inputs: bytes
    crashes: tuple[Crash, ...]
    counts: WorkerCounts
    trouble: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzRound:
    """One round; runs in a child process on any machine that can import the target.

    Attributes:
        settings: Those of the campaign, with the round's own seed and budget.
        snapshot: A blob of the corpus.
    """

    number: int
    settings: Settings
    snapshot: bytes

    def __call__(self) -> Brought:
        """Fuzz in a folder of its own."""
        settings = self.settings
        before = set(unpack(self.snapshot))
        with tempfile.TemporaryDirectory(prefix="holdfast-fuzz-") as name:
            engine = self._engine()
            run = run_campaign(
                settings.target, engine=engine, workers=settings.workers, seed=settings.seed,
                budget=settings.budget, folder=Path(name), seeds=before,
                dictionary=settings.dictionary, hang_s=settings.hang_s,
            )  # fmt: skip
            corpus = InputFolder(CampaignFolder(Path(name), settings.target).corpus)
            fresh = [one for one in corpus.inputs() if one not in before]
            return Brought(
                engine=engine,
                inputs=pack(fresh),
                crashes=tuple(found.crash for found in run.found),
                counts=WorkerCounts(
                    executions=run.executions,
                    failures=run.failures,
                    undecided=run.undecided,
                    features=run.features,
                    coverage=run.coverage,
                ),
                trouble=run.trouble,
            )

    def _engine(self) -> str:
        """Return the engine of this round: rounds take turns at those that can run here."""
        if self.settings.engine != AUTO:
            return self.settings.engine
        able = able_engines(ask(self.settings.target))
        return able[self.number % len(able)]


def run_on_cluster(
    wanted: Sequence[Settings], address: str, *, folder: Path, seeds: Sequence[bytes]
) -> list[CampaignRun | Broken]:
    """Run campaigns on a cluster, one after the other, and show them.

    Raises:
        UsageError: The cluster cannot be used.
        ClickException: The fuzzing cannot be done: a folder, a database.
    """
    ended: list[CampaignRun | Broken] = []
    with Terminal() as terminal, ExitStack() as stack:
        terminal.waiting(f"looking for workers at {address}")
        try:
            cluster = stack.enter_context(Cluster(address))
        except ClusterError as error:
            raise click.UsageError(str(error)) from error
        interrupts = stack.enter_context(Interrupts(lambda: terminal.say(STOPPING)))
        for settings in wanted:
            one = _run_one(
                replace(settings, workers=1),
                cluster,
                folder=folder,
                seeds=seeds,
                terminal=terminal,
                stop=interrupts.asked,
            )
            ended.append(one)
            show(one, terminal)
            if interrupts.asked():
                break
    return ended


STOPPING: Final = "ending: rounds that run are given up; a second Ctrl-C ends at once"


def _run_one(  # noqa: PLR0913  # all but two are keyword-only
    settings: Settings,
    cluster: Cluster,
    *,
    folder: Path,
    seeds: Sequence[bytes],
    terminal: Terminal,
    stop: Callable[[], bool],
) -> CampaignRun | Broken:
    try:
        facts = ask(settings.target)
        with Campaign(
            settings, facts, folder=folder, progress=terminal.progress, pace=USUAL
        ) as campaign:
            campaign.begin(seeds=seeds)
            campaign.sit_with(
                lambda books, show: ClusterSitting(cluster, books, show=show, stop=stop).run()
            )
            return campaign.result()
    except BrokenTargetError as error:
        return Broken(target=settings.target, reason=error.reason)
    except FuzzError as error:
        raise CannotRunError(str(error)) from error


class ClusterSitting:
    """The rounds of one campaign. Used once, by one thread.

    Args:
        round_s: Seconds of one round.
    """

    def __init__(
        self,
        cluster: Cluster,
        books: Books,
        *,
        show: Show,
        stop: Callable[[], bool],
        round_s: float = ROUND_S,
    ) -> None:
        self._cluster = cluster
        self._books = books
        self._show = show
        self._stop = stop
        self._round_s = round_s
        self._corpus = InputFolder(books.folder.corpus)
        self._snapshot = b""
        self._snapshot_of = -1  # inputs in it
        self._running: dict[int, FuzzRound] = {}
        self._begun = 0
        self._lost = 0
        self._before_s = books.fuzzed_s
        self._began_s = books.elapsed_s

    def run(self) -> Ending:
        """Run rounds until something ends the sitting; return what did."""
        end: RoundEnd[FuzzRound, Brought]
        for end in self._cluster.rounds(self._next, beat=self._beat):
            self._take(end)
        if self._books.trouble:
            return Ending.TROUBLE
        if self._stop():
            return Ending.INTERRUPTED
        return Ending.STALE if self._stale() else Ending.BUDGET

    # -- rounds ------------------------------------------------------------------------------------

    def _next(self) -> tuple[FuzzRound, float] | None:
        seconds, runs = self._left()
        if self._books.trouble or self._stop() or self._stale():
            return None
        if seconds < LEAST_S or runs == 0:
            return None
        settings = self._books.settings
        seconds = min(self._round_s, seconds)
        budget = Budget(seconds=seconds, runs=runs, memory_bytes=settings.budget.memory_bytes)
        job = FuzzRound(
            number=self._begun,
            settings=replace(settings, seed=settings.seed + self._begun, budget=budget),
            snapshot=self._packed(),
        )
        self._running[job.number] = job
        self._begun += 1
        return job, seconds

    def _left(self) -> tuple[float, int | None]:
        """Return the seconds that are left of the budget, and a round's share of the inputs."""
        budget = self._books.settings.budget
        seconds = float("inf") if budget.seconds is None else budget.seconds - self._books.fuzzed_s
        if budget.runs is None:
            return seconds, None
        done = self._books.totals.counts.executions
        running = sum(job.settings.budget.runs or 0 for job in self._running.values())
        left = max(budget.runs - done - running, 0)
        return seconds, min(left, -(-budget.runs // max(self._cluster.slots, 1)))

    def _stale(self) -> bool:
        stale_s = self._books.settings.budget.stale_s
        return stale_s is not None and self._books.quiet_s >= stale_s

    def _packed(self) -> bytes:
        """Return the corpus as a blob; packed anew when there is more of it."""
        files = len(self._corpus)
        if files != self._snapshot_of:
            self._snapshot = pack(self._corpus.inputs())
            self._snapshot_of = files
        return self._snapshot

    def _take(self, end: RoundEnd[FuzzRound, Brought]) -> None:
        """Enter what a round brought, in one transaction; files come first, as always."""
        job = self._running.pop(end.job.number)
        books = self._books
        if end.result is None:
            self._lose(end)
            return
        brought = end.result
        self._lost = 0
        for data in unpack(brought.inputs):
            self._corpus.add(data)
        row = books.database.new_worker(books.campaign, number=job.number, engine=brought.engine)
        with books.database.transaction():
            for crash in brought.crashes:
                books.take_crash(crash)
                self._corpus.remove(crash.data)
            books.database.worker(row, brought.counts, read_to=0, ending="DONE")
            if brought.trouble:
                books.note(f"round {job.number}: {brought.trouble}")
            books.close_page()

    def _lose(self, end: RoundEnd[FuzzRound, Brought]) -> None:
        self._lost += 1
        books = self._books
        with books.database.transaction():
            books.note(f"round {end.job.number} came to no result: {end.trouble}")
            books.close_page()
        if self._lost >= MOST_LOST or not end.again:
            books.trouble = (
                f"{self._lost} rounds in a row came to no result; the last one: {end.trouble}. Can "
                "the cluster's workers import the target, and have they this version of holdfast?"
            )

    def _beat(self) -> bool:
        books = self._books
        books.fuzzed_s = self._before_s + books.elapsed_s - self._began_s
        self._show(
            tuple(
                WorkerLine(
                    number=job.number, engine=job.settings.engine, pid=None, state="round",
                    executions=0, rate=0.0, edges=0, features=0, restarts=0, resident_bytes=0,
                )
                for job in self._running.values()
            )
        )  # fmt: skip
        return not self._stop()

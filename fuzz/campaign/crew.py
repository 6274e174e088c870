"""The workers of a campaign: one in each slot, started anew where one ended early."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

import psutil

from fuzz.campaign.plateau import Rare
from fuzz.campaign.progress import Rate, WorkerLine
from fuzz.workers.journal import JournalReader
from fuzz.workers.leftovers import box_file, journal_file
from fuzz.workers.slot import Life, Slot
from fuzz.workers.worker_job import WorkerJob
from fuzz.workers.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fuzz.campaign.campaign_database import CampaignDatabase
    from fuzz.campaign.campaign_folder import CampaignFolder
    from fuzz.campaign.campaign_settings import Settings
    from fuzz.engines.pace import Pace
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.worker_job import WorkerEnd

STUCK_S: Final = 1.0  # an input that takes longer is told in the view


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A worker that has ended."""

    slot: Slot
    life: Life
    end: WorkerEnd


class Crew:
    """The workers of one sitting. Used by the campaign's thread, as a context manager.

    Args:
        runs: Inputs that the slots still may run together; None: no limit.
        able: Engines that can take over from one under which the target cannot be imported.
    """

    def __init__(  # noqa: PLR0913  # what a worker's job is made of
        self,
        facts: TargetFacts,
        engines: Sequence[str],
        *,
        settings: Settings,
        folder: CampaignFolder,
        database: CampaignDatabase,
        campaign: int,
        pace: Pace,
        runs: int | None,
        able: Sequence[str] = (),
    ) -> None:
        # The campaign has put the seeds into the corpus: one that ends its process shall not
        # come back with every worker.
        self._facts = replace(facts, seeds=())
        self._able = list(dict.fromkeys([*engines, *able]))
        self._settings = settings
        self._folder = folder
        self._database = database
        self._campaign = campaign
        self._stack = ExitStack()
        self._workers: dict[str, Workers] = {}
        self.slots = [
            Slot(number, engine, runs=share, pace=pace)
            for number, (engine, share) in enumerate(
                zip(engines, shares(runs, len(engines)), strict=True)
            )
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    @property
    def lives(self) -> Iterator[tuple[Slot, Life]]:
        """The workers that are there now."""
        for slot in self.slots:
            if slot.life is not None:
                yield slot, slot.life

    @property
    def finished(self) -> bool:
        """Whether every slot has used its share up, and nobody works any more."""
        return all(slot.finished and slot.life is None for slot in self.slots)

    @property
    def hopeless(self) -> bool:
        """Whether no slot that has anything left to do gets anywhere."""
        left = [slot for slot in self.slots if not slot.finished]
        return bool(left) and all(slot.hopeless for slot in left)

    def start(
        self,
        slot: Slot,
        *,
        now_s: float,
        seconds: float | None,
        replay: Sequence[Path],
        corpus: int,
    ) -> None:
        """Start a worker in an empty slot; `corpus` is how many inputs it begins with."""
        row = self._database.new_worker(self._campaign, number=slot.number, engine=slot.engine)
        job = WorkerJob(
            facts=self._facts,
            engine=slot.engine,
            number=slot.number,
            seed=slot.seed(self._settings.seed),
            corpus=self._folder.corpus,
            journal=journal_file(self._folder, row),
            box=box_file(self._folder, row),
            replay=tuple(replay),
            seconds=seconds,
            runs=slot.runs,
            memory_bytes=self._settings.budget.memory_bytes,
        )
        slot.life = Life(
            worker=self._workers_of(slot.engine).start(job),
            row=row,
            journal=JournalReader(job.journal),
            began_s=now_s,
            corpus=corpus,
            to_replay=list(replay),
            rate=Rate(),
        )

    def give_up(self, engine: str) -> str | None:
        """Use an engine no longer; return the one that takes over, None if there is none."""
        if engine in self._able:
            self._able.remove(engine)
        if not self._able:
            return None
        for slot in self.slots:
            if slot.engine == engine:
                slot.engine = self._able[0]
        return self._able[0]

    def _workers_of(self, engine: str) -> Workers:
        if engine not in self._workers:
            # A folder for each: templates name their files by the process that started them.
            workers = Workers(self._facts, engine, folder=self._folder.workers / engine)
            self._workers[engine] = self._stack.enter_context(workers)
        return self._workers[engine]

    def reap(self) -> list[Ended]:
        """Return the workers that have ended since the last time; their slots are empty now."""
        ended = []
        for slot, life in list(self.lives):
            end = life.worker.ended()
            if end is not None:
                slot.life = None
                ended.append(Ended(slot=slot, life=life, end=end))
        return ended

    def stop(self) -> None:
        """Ask every worker to end; `reap` tells when each has."""
        for _, life in self.lives:
            life.worker.stop()

    def rare(self) -> Rare | None:
        """Return how rare what inputs show is, of the worker that has run most of them."""
        flights = [life.worker.look() for _, life in self.lives]
        counted = [flight for flight in flights if flight.kinds]
        if not counted:
            return None
        most = max(counted, key=lambda flight: flight.executions)
        return Rare(
            kinds=most.kinds,
            singletons=most.singletons,
            doubletons=most.doubletons,
            executions=most.executions,
        )

    def lines(self, now_s: float) -> tuple[WorkerLine, ...]:
        """Return a line for each slot."""
        return tuple(_line(slot, now_s) for slot in self.slots)


def shares(runs: int | None, workers: int) -> list[int | None]:
    """Return how many inputs each worker may run; together exactly `runs`."""
    if runs is None:
        return [None] * workers
    return [runs // workers + (number < runs % workers) for number in range(workers)]


def _line(slot: Slot, now_s: float) -> WorkerLine:
    life = slot.life
    if life is None:
        state = "done" if slot.finished else "waits before it starts anew"
        return WorkerLine(
            number=slot.number, engine=slot.engine, pid=None, state=state,
            executions=slot.executions, rate=0.0, edges=0, features=0, restarts=slot.restarts,
            resident_bytes=0,
        )  # fmt: skip
    flight = life.worker.look()
    life.rate.add(now_s, flight.executions)
    state = "fuzzing" if life.worker.began else "starting"
    if life.to_replay:
        state = f"running {len(life.to_replay)} saved inputs"
    if flight.busy_s > STUCK_S:
        state = f"one input for {flight.busy_s:.0f} s"
    return WorkerLine(
        number=slot.number,
        engine=slot.engine,
        pid=life.worker.pid,
        state=state,
        executions=slot.executions + flight.executions,
        rate=life.rate.now,
        edges=flight.edges,
        features=flight.features,
        restarts=slot.restarts,
        resident_bytes=_resident(life.worker.pid),
    )


def _resident(pid: int | None) -> int:
    if pid is None:
        return 0
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0  # it has ended since

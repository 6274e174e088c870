"""A campaign: one target, one budget, some workers over one corpus.

Nothing here imports a target, prints, changes the folder it stands in, or handles signals: so a
campaign can be run from any thread of any process, one in a folder at a time.
"""

from __future__ import annotations

import json
import math
import time
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import psutil

from fuzz.campaign.campaign_books import Books
from fuzz.campaign.campaign_database import CampaignDatabase, last_campaign_in
from fuzz.campaign.campaign_folder import DEFAULT_FOLDER, CampaignFolder, Lock
from fuzz.campaign.campaign_run import Budget, CampaignRun, Ending
from fuzz.campaign.campaign_schema import read_database
from fuzz.campaign.campaign_settings import Settings, settings_from_json
from fuzz.campaign.crew import Crew
from fuzz.campaign.errors import NothingToResumeError
from fuzz.campaign.progress import Progress, Rate, trail
from fuzz.campaign.sitting import Sitting
from fuzz.engines.mixture import AUTO, able_engines, mixture
from fuzz.engines.pace import USUAL
from fuzz.errors import BrokenTargetError
from fuzz.target_facts import ask
from fuzz.workers.leftovers import take_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from fuzz.campaign.progress import WorkerLine
    from fuzz.engines.pace import Pace
    from fuzz.target_facts import TargetFacts
    from fuzz.workers.leftovers import TakenIn

RESUMABLE = (None, Ending.INTERRUPTED.name, Ending.PAUSED.name, Ending.TROUBLE.name)


def run_campaign(  # noqa: PLR0913  # all but one are keyword-only
    name: str,
    *,
    engine: str = AUTO,
    workers: int = 1,
    seed: int,
    budget: Budget | None = None,
    folder: Path = DEFAULT_FOLDER,
    seeds: Iterable[bytes] = (),
    dictionary: Iterable[bytes] = (),
    hang_s: float | None = None,
    progress: Callable[[Progress], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace = USUAL,
) -> CampaignRun:
    """Fuzz a target and return what came of it; never raises for the subject.

    Saved crashes run again first. What a campaign that was killed has left in the folder is taken
    in. `kill -9` loses nothing that was found; `resume_campaign` then goes on.

    Args:
        name: One of `target_names()`, or `module:NAME` of any Target.
        engine: "auto" lets unlike engines take turns at the workers; or the name of one.
        workers: Processes that run inputs at the same time, over one corpus.
        seed: With one worker of the pure-Python engine, the same corpus and code, the inputs are
            the same.
        budget: Ten seconds when None.
        folder: Holds a folder for each target, with `corpus`, `crashes` and the database.
        seeds: Inputs to begin with, beside those of the target.
        dictionary: Pieces that inputs are likely to hold, beside those of the target.
        hang_s: Seconds after which one input counts as hanging; None: as the target says.
        progress: Called some four times a second.
        stop: Asked some twenty times a second; True ends the campaign as Ctrl-C does.
        pace: How often chores are done; for tests that compress a night into a minute.

    Raises:
        UnknownTargetError: There is no such target.
        BrokenTargetError: It cannot be imported.
        EngineMissingError: The engine cannot run here.
        FolderInUseError: Another campaign runs in the folder.
        FolderError: The folder cannot be written.
        DatabaseError: The folder's database is damaged, or of another version.
    """
    settings = Settings(
        target=name,
        engine=engine,
        workers=workers,
        seed=seed,
        budget=budget or Budget(),
        dictionary=tuple(dictionary),
        hang_s=hang_s,
    )
    facts = ask(name)
    with Campaign(settings, facts, folder=folder, progress=progress, pace=pace) as campaign:
        campaign.begin(seeds=seeds)
        campaign.sit(stop=stop)
        return campaign.result()


def resume_campaign(  # noqa: PLR0913  # all but one are keyword-only
    name: str,
    *,
    folder: Path = DEFAULT_FOLDER,
    budget: Budget | None = None,
    progress: Callable[[Progress], object] = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace = USUAL,
) -> CampaignRun:
    """Go on with the last campaign of a target, with its own settings, where it was cut short.

    Args:
        name: The target, as it was given to the campaign.
        budget: Another budget than it had, in all; None: its own.

    Raises:
        NothingToResumeError: There is no campaign of it, or it ran to its end.
        BrokenTargetError: The target cannot be imported.
        FolderInUseError: It still runs.
        DatabaseError: The folder's database is damaged, or of another version.
    """
    settings = settings_to_resume(name, folder)
    if budget is not None:
        settings = replace(settings, budget=budget)
    facts = ask(name)
    with Campaign(settings, facts, folder=folder, progress=progress, pace=pace) as campaign:
        campaign.go_on()
        campaign.sit(stop=stop)
        return campaign.result()


def settings_to_resume(name: str, folder: Path) -> Settings:
    """Return the settings of a target's last campaign, if it was cut short.

    Raises:
        NothingToResumeError: There is no campaign of it, or it ran to its end.
        DatabaseError: The folder's database is damaged, or of another version.
    """
    path = CampaignFolder(folder, name).database
    if not path.exists():
        raise NothingToResumeError(folder, name, f"there is no {path}")
    with closing(read_database(path)) as opened:
        last = last_campaign_in(opened)
    if last is None:
        raise NothingToResumeError(folder, name, "no campaign was begun")
    if last["ending"] not in RESUMABLE:
        why = Ending[last["ending"]].value
        raise NothingToResumeError(folder, name, f"its last campaign ended because {why}")
    return settings_from_json(json.loads(last["settings"]))


class Campaign:
    """One campaign from the lock to the result. Used by one thread, as a context manager."""

    def __init__(
        self,
        settings: Settings,
        facts: TargetFacts,
        *,
        folder: Path,
        progress: Callable[[Progress], object],
        pace: Pace,
    ) -> None:
        self.settings = settings
        self._facts = replace(
            facts,
            dictionary=tuple(dict.fromkeys((*facts.dictionary, *settings.dictionary))),
            hang_s=settings.hang_s or facts.hang_s,
        )
        self._paths = CampaignFolder(folder, settings.target)
        self._progress = progress
        self._pace = pace
        self._stack = ExitStack()
        self._database: CampaignDatabase
        self._books: Books
        self._engines: tuple[str, ...] = ()
        self._rate = Rate()
        self._ending = Ending.BUDGET
        self._restarts = 0

    def __enter__(self) -> Self:
        try:
            self._engines = mixture(
                self.settings.engine, self._facts, workers=self.settings.workers
            )
            self._paths.make()
            self._stack.enter_context(Lock(self._paths.lock))
            self._database = self._stack.enter_context(CampaignDatabase(self._paths.database))
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self._stack.close()

    def begin(self, *, seeds: Iterable[bytes] = ()) -> None:
        """Begin a new campaign, with what earlier ones have left in the folder."""
        left = take_in(self._database, self._paths, self.settings.target, going_on=None)
        number = self._database.begin(self.settings, self._engines)
        self._open_books(number, left, seeds=(*self._facts.seeds, *seeds), going_on=False)

    def go_on(self) -> None:
        """Go on with the folder's last campaign."""
        last = self._database.last_campaign()
        assert last is not None, "somebody has read its settings"
        left = take_in(self._database, self._paths, self.settings.target, going_on=last["id"])
        self._database.go_on(last["id"], self.settings)
        self._open_books(last["id"], left, seeds=self._facts.seeds, going_on=True)

    def _open_books(
        self, number: int, left: TakenIn, *, seeds: Iterable[bytes], going_on: bool
    ) -> None:
        self._books = Books(
            self.settings,
            self._facts,
            folder=self._paths,
            database=self._database,
            campaign=number,
            pace=self._pace,
        )
        self._books.open(seeds=tuple(seeds), going_on=going_on)
        if left.workers:
            with self._database.transaction():
                self._books.note(str(left))

    def sit(
        self, *, stop: Callable[[], bool] = lambda: False, limit_s: float | None = None
    ) -> Ending:
        """Run the workers until the budget, somebody, or `limit_s` seconds of fuzzing end it.

        May be called again where it ended with `Ending.PAUSED`.

        Raises:
            BrokenTargetError: The target cannot be imported under the engine's hooks.
        """
        books = self._books
        crew = Crew(
            self._facts,
            self._engines,
            settings=self.settings,
            folder=self._paths,
            database=self._database,
            campaign=books.campaign,
            pace=self._pace,
            runs=self._runs_left(),
            able=able_engines(self._facts) if self.settings.engine == AUTO else (),
        )

        def sitting(books: Books, show: Callable[[tuple[WorkerLine, ...]], object]) -> Ending:
            with crew:
                ending = Sitting(
                    crew,
                    books,
                    pace=self._pace,
                    limit_s=limit_s,
                    show=lambda crew: show(crew.lines(time.monotonic())),
                    stop=stop,
                ).run()
                self._restarts += sum(slot.restarts for slot in crew.slots)
            return ending

        return self.sit_with(sitting)

    def sit_with(
        self,
        sitting: Callable[[Books, Callable[[tuple[WorkerLine, ...]], object]], Ending],
    ) -> Ending:
        """Let others do the work of a sitting, wherever they run.

        Args:
            sitting: Enters in the books what was done, and shows it now and then by a line for
                each worker.

        Raises:
            BrokenTargetError: The books say that the target cannot be imported.
        """
        books = self._books
        with books.sitting():
            self._ending = sitting(books, self._show)
        with self._database.transaction():
            self._database.end(books.campaign, self._ending, trouble=books.trouble)
        if books.broken and not books.totals.counts.executions:
            raise BrokenTargetError(self.settings.target, books.broken)
        return self._ending

    @property
    def left_s(self) -> float:
        """Seconds of fuzzing that its budget still has; endless without a limit of time."""
        seconds = self.settings.budget.seconds
        return math.inf if seconds is None else max(seconds - self._books.fuzzed_s, 0.0)

    def give(self, seconds: float) -> None:
        """Change its budget by what another target did not use."""
        budget = self.settings.budget
        if budget.seconds is not None:
            budget = replace(budget, seconds=budget.seconds + seconds)
            self.settings = self._books.settings = replace(self.settings, budget=budget)
            self._database.go_on(self._books.campaign, self.settings)

    def leave(self) -> None:
        """Note that it was interrupted between two turns."""
        self._ending = Ending.INTERRUPTED
        with self._database.transaction():
            self._database.end(self._books.campaign, self._ending)

    def _runs_left(self) -> int | None:
        runs = self.settings.budget.runs
        if runs is None:
            return None
        counts = self._books.totals.counts
        return max(runs - (counts.executions - counts.replayed), 0)

    def _show(self, lines: tuple[WorkerLine, ...]) -> None:
        books = self._books
        now_s = time.monotonic()
        counts = books.totals.counts
        self._rate.add(now_s, counts.executions)
        self._progress(
            Progress(
                target=self.settings.target,
                budget=self.settings.budget,
                seconds=books.fuzzed_s,
                executions=counts.executions,
                rate=self._rate.now,
                coverage=counts.coverage,
                features=counts.features,
                corpus=len(books.corpus),
                paths=books.curve.found,
                quiet_s=books.quiet_s,
                found=books.findings.by_kind,
                new=sum(not found.known for found in books.findings.found),
                undecided=counts.undecided,
                workers=lines,
                outlook=books.outlook,
                trail=trail(books.curve.marks(), books.fuzzed_s),
                resident_bytes=psutil.Process().memory_info().rss,
                notes=tuple(books.last_notes),
            )
        )

    def result(self) -> CampaignRun:
        """Return what came of it so far."""
        books = self._books
        counts = books.totals.counts
        return CampaignRun(
            target=self.settings.target,
            engines=self._engines,
            seed=self.settings.seed,
            budget=self.settings.budget,
            ending=self._ending,
            executions=counts.executions,
            failures=counts.failures,
            undecided=counts.undecided,
            found=books.findings.found,
            replayed=books.findings.replayed,
            fixed=books.findings.fixed,
            corpus=len(books.corpus),
            features=counts.features,
            coverage=counts.coverage,
            elapsed_s=books.elapsed_s,
            fuzzing_s=books.fuzzed_s,
            restarts=self._restarts,
            quiet_s=books.quiet_s,
            outlook=books.outlook,
            trouble=books.trouble,
            notes=self._database.notes(books.campaign),
            growth=tuple(self._database.growth(books.campaign)),
        )

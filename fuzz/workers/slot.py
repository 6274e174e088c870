"""One of a campaign's places for a worker: who works there now, who did before, when the next may.

A worker that a crash ended is followed by another at once. Where one after the other ends within a
moment, after a few inputs beside those of the corpus, and brings nothing new, the pauses grow;
after many of those in a row there is no point in going on: nearly every input ends its process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from fuzz.workers.leftovers import counts_of

if TYPE_CHECKING:
    from pathlib import Path

    from fuzz.campaign.campaign_database import WorkerCounts
    from fuzz.campaign.progress import Rate
    from fuzz.engines.pace import Pace
    from fuzz.workers.journal import JournalReader
    from fuzz.workers.workers import Worker

SHORT_S: Final = 1.0  # a life that is over before that, and brought nothing, was in vain
FEW: Final = 10  # if it ran no more inputs than that, too, beside those of the corpus
FREE: Final = 8  # lives in vain before the first pause
HOPELESS: Final = 20  # lives in vain in a row after which no other is begun
_SEED_STEP: Final = 7_919  # primes: the seeds of two places and two lives do not meet
_LIFE_STEP: Final = 104_729
_SEEDS: Final = 2**31


@dataclass(slots=True, kw_only=True)
class Life:
    """One worker process and what is known of it. Changed by the campaign's thread alone."""

    worker: Worker
    row: int  # in the database
    journal: JournalReader
    began_s: float
    corpus: int  # inputs that it began with
    to_replay: list[Path]  # what it was given to run again and has not yet
    replayed: int = 0
    kept: int = 0  # as of the last transaction
    brought: bool = False  # something new
    rate: Rate

    def counts(self) -> WorkerCounts:
        """Return what its black box says now, or said last."""
        return counts_of(self.worker.look(), replayed=self.replayed)


class Slot:
    """A place for a worker.

    Attributes:
        runs: Inputs it may still run, replays aside; None: no limit.
        life: Who works there now, if anybody does.
        restarts: Workers that followed one that ended early.
        executions: Of the workers that have ended.
        finished: Its share is used up.
        next_s: When the next worker may start.
    """

    def __init__(self, number: int, engine: str, *, runs: int | None, pace: Pace) -> None:
        self.number = number
        self.engine = engine
        self.runs = runs
        self.life: Life | None = None
        self.restarts = 0
        self.executions = 0
        self.finished = runs == 0
        self.next_s = 0.0
        self._lives = 0
        self._in_vain = 0
        self._pace = pace

    @property
    def hopeless(self) -> bool:
        """Whether so many lives in a row were in vain that another would be, too."""
        return self._in_vain >= HOPELESS

    def seed(self, first: int) -> int:
        """Return the seed of the next worker; of the first in the first place it is `first`."""
        made = (first + self.number * _SEED_STEP + self._lives * _LIFE_STEP) % _SEEDS
        self._lives += 1
        return made

    def spend(self, counts: WorkerCounts) -> None:
        """Take from the share what a worker that has ended did."""
        self.executions += counts.executions
        if self.runs is not None:
            self.runs = max(self.runs - (counts.executions - counts.replayed), 0)
            self.finished = self.runs == 0

    def after_early_end(self, life: Life, now_s: float) -> None:
        """Decide when the next worker may start."""
        self.restarts += 1
        counts = life.counts()
        fresh = counts.executions - counts.replayed - life.corpus
        in_vain = now_s - life.began_s < SHORT_S and fresh <= FEW and not life.brought
        self._in_vain = self._in_vain + 1 if in_vain else 0
        pauses = self._in_vain - FREE
        pause_s = self._pace.pause_s * 2**pauses if pauses >= 0 else 0.0
        self.next_s = now_s + min(pause_s, self._pace.longest_pause_s)

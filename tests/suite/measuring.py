"""Runs all searches that were asked for and not run before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.strategies.registry import make_strategy
from tests.suite.peer import MODES, SEEDS, SUBSET, search_with_frontrun
from tests.suite.searches import Searcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.suite.catalogue import Entry
    from tests.suite.searches import Search

    Progress = Callable[[str], object]

PEER_LIMIT_S: Final = 10.0  # wall seconds of one search of frontrun's


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to measure.

    Attributes:
        executions: Budget of one search.
        limit_s: CPU seconds of one search.
        time_limit_s: Wall seconds after which no further search starts; None for no limit.
        fixed: Search the correct twins, in which there is nothing to find.
        frontrun: The Python that has frontrun; None to leave it out.
        frontrun_all: Let frontrun search every program, not its subset.
    """

    entries: tuple[Entry, ...]
    strategies: tuple[str, ...]
    seeds: int
    executions: int
    limit_s: float
    time_limit_s: float | None = None
    fixed: bool = False
    frontrun: str | None = None
    frontrun_all: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All strategies of the table, frontrun's among them."""
        return (*self.strategies, *(MODES if self.frontrun else ()))

    def covers(self, search: Search) -> bool:
        """Whether a search is one of this plan's."""
        return (
            search.program in {entry.name for entry in self.entries}
            and search.strategy in self.columns
            and search.seed < self.seeds
            and search.budget == self.executions
            and search.twin == ("good" if self.fixed else "bad")
        )


class Measurement:
    """Runs a plan. Not shared between threads.

    Attributes:
        stopped: The time limit came before every search was run.
    """

    def __init__(self, plan: Plan, known: Iterable[Search], *, progress: Progress) -> None:
        self._plan = plan
        self._known = {search.key for search in known}
        self._progress = progress
        self._began_s = time.monotonic()
        self.stopped = False

    def run(self) -> Iterator[Search]:
        """Run what is missing; every search is given out as soon as it ended."""
        plan = self._plan
        for number, entry in enumerate(plan.entries, start=1):
            where = f"{number}/{len(plan.entries)} {entry.name}"
            yield from self._searches(entry, where)
            if plan.frontrun and not plan.fixed and not self._late():
                yield from self._peer_searches(entry, where, plan.frontrun)

    def _late(self) -> bool:
        limit_s = self._plan.time_limit_s
        if limit_s is not None and time.monotonic() - self._began_s >= limit_s:
            self.stopped = True
        return self.stopped

    def _searches(self, entry: Entry, where: str) -> Iterator[Search]:
        missing = [pair for pair in self._pairs() if not self._is_known(entry, *pair)]
        if not missing or self._late():
            return
        plan = self._plan
        with Searcher(entry, fixed=plan.fixed) as searcher:
            for strategy, seed in missing:
                if self._late():
                    return
                self._progress(f"{where}: {strategy}, seed {seed}")
                yield searcher.search(
                    strategy, seed=seed, executions=plan.executions, limit_s=plan.limit_s
                )

    def _pairs(self) -> Iterator[tuple[str, int]]:
        for strategy in self._plan.strategies:
            for seed in range(1 if draws_nothing(strategy) else self._plan.seeds):
                yield strategy, seed

    def _is_known(self, entry: Entry, strategy: str, seed: int) -> bool:
        twin = "good" if self._plan.fixed else "bad"
        return (entry.name, strategy, seed, self._plan.executions, twin) in self._known

    def _peer_searches(self, entry: Entry, where: str, python: str) -> Iterator[Search]:
        wanted = self._plan.frontrun_all or entry.name in SUBSET
        if not wanted or any(self._is_known(entry, mode, 0) for mode in MODES):
            return
        self._progress(f"{where}: frontrun")
        yield from search_with_frontrun(
            python,
            entry,
            seeds=range(min(self._plan.seeds, SEEDS)),
            executions=self._plan.executions,
            limit_s=PEER_LIMIT_S,
        )


def draws_nothing(strategy: str) -> bool:
    """Whether a strategy has no seed, so that one search says all."""
    made = make_strategy(strategy, 0)[1]
    # The portfolio is exhaustive in part, and draws in the rest.
    return bool(getattr(made, "exhaustive", False)) and getattr(made, "seed", None) is None

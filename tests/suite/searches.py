"""One search: a program, a strategy and a seed, until the bug shows or the budget ends.

It runs executions and nothing else. `harness.explore` would run a failing one again, shrink and
record it, and look whether the GIL permits it; here only the number of the execution counts.
"""

from __future__ import annotations

import platform
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from harness import ArgumentError
from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.finding import kind_of, message_of
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.suite.catalogue import Entry

NS_PER_S = 1e9


class SearchEnd(StrEnum):
    """How a search ended."""

    FOUND = "found"
    BUDGET = "budget"  # of executions
    TIME = "time"  # of CPU seconds
    DRY = "dry"  # the strategy has nothing left to try
    REFUSED = "refused"  # the strategy says that it does not search such a program
    OTHER = "other"  # something failed that is not the program's bug
    ERROR = "error"  # the tool failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What one search came to.

    Attributes:
        budget: Executions it was allowed.
        executions: Executions it ran: up to the one that showed the bug, or all.
        overruns: Executions among them that met their step bound.
        kind: What was found, a name of `FindingKind`; empty when nothing was.
        detail: The failure in words where it is not the program's own bug.
    """

    program: str
    strategy: str
    seed: int
    budget: int
    end: SearchEnd
    executions: int
    cpu_s: float
    overruns: int = 0
    kind: str = ""
    detail: str = ""
    twin: str = "bad"
    python: str = ""

    @property
    def found(self) -> bool:
        """Whether the program's bug showed."""
        return self.end is SearchEnd.FOUND

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two searches the same one."""
        return (self.program, self.strategy, self.seed, self.budget, self.twin)

    def to_json(self) -> dict[str, Any]:
        """Return the search as plain values."""
        return asdict(self)


class Searcher:
    """Runs searches on one program, or on its correct twin. Use as a context manager.

    Raises:
        HarnessError: The program could not be controlled.
    """

    def __init__(self, entry: Entry, *, fixed: bool = False) -> None:
        self._entry = entry
        self._fixed = fixed
        self._body: Callable[[], None] = entry.body(fixed=fixed)
        self._campaign = Campaign(model="free-threaded", max_steps=entry.max_steps, body=self._body)

    def __enter__(self) -> Searcher:  # noqa: PYI034  # final in effect
        self._campaign.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._campaign.__exit__(*exc)

    def search(self, strategy: str, *, seed: int, executions: int, limit_s: float) -> Search:
        """Search once.

        Args:
            strategy: A name, or `package.module:Class`.
            limit_s: CPU seconds after which no further execution starts.
        """
        run = _Run(self._campaign, self._body, limit_s=limit_s)
        began_ns = time.process_time_ns()
        try:
            end = run.until_it_ends(strategy, seed=seed, executions=executions)
        except ArgumentError as error:
            end, run.detail = SearchEnd.REFUSED, str(error)
        except Exception as error:  # noqa: BLE001  # a strategy that fails is one cell of the table
            end, run.detail = SearchEnd.ERROR, f"{type(error).__name__}: {error}"
        if end is SearchEnd.FOUND and run.kind not in {kind.name for kind in self._entry.kinds}:
            end = SearchEnd.OTHER
        return Search(
            program=self._entry.name,
            strategy=strategy,
            seed=seed,
            budget=executions,
            end=end,
            executions=run.executions,
            cpu_s=(time.process_time_ns() - began_ns) / NS_PER_S,
            overruns=run.overruns,
            kind=run.kind,
            detail="" if end is SearchEnd.FOUND and not self._fixed else run.detail,
            twin="good" if self._fixed else "bad",
            python=platform.python_version(),
        )


class _Run:
    """The executions of one search, counted as they go."""

    def __init__(self, campaign: Campaign, body: Callable[[], None], *, limit_s: float) -> None:
        self._campaign = campaign
        self._body = body
        self._limit_ns = int(limit_s * NS_PER_S)
        self.executions = 0
        self.overruns = 0
        self.kind = ""
        self.detail = ""

    def until_it_ends(self, wanted: str, *, seed: int, executions: int) -> SearchEnd:
        _, strategy = make_strategy(wanted, seed)
        campaign, body = self._campaign, self._body
        deadline_ns = time.process_time_ns() + self._limit_ns
        while self.executions < executions:
            if not strategy.begin(self.executions):
                return SearchEnd.DRY
            ending, _schedule = campaign.run(body, strategy)
            self.executions += 1
            if ending.kind is not EndingKind.FINISHED:
                kind = kind_of(ending)
                if kind is not None:
                    self.kind, self.detail = kind.name, message_of(ending)
                    return SearchEnd.FOUND
                self.overruns += 1
            if time.process_time_ns() >= deadline_ns and self.executions < executions:
                return SearchEnd.TIME
        return SearchEnd.BUDGET

"""What a worker process does: one share of an exploration, with everything the parent merges."""

from __future__ import annotations

import dataclasses
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ExplorationInterrupted
from harness.explorer import Explorer
from harness.exploring import shown_seed, visible_body
from harness.isolate import portable
from harness.place import stream_seed
from harness.stint import Board, DrawnStint, SearchStint
from harness.strategies.dfs_split import DfsSplit
from harness.strategies.registry import make_strategy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Protocol

    from harness.child_life import Send
    from harness.evidence import Coverage
    from harness.exploration import Exploration
    from harness.explorer import Stint
    from harness.isolate import Subject
    from harness.rules import Rule
    from harness.strategies.protocol import Strategy
    from harness.strategies.subtree import Subtree

    class WorkerStint(Stint, Protocol):
        """Which executions are a worker's, and where they stand among those of all."""

        def place(self, execution: int) -> int:
            """Return where one stands."""


PARTS_EACH: Final = 32  # parts of a tree for each worker: the last ones are small enough
TOLD_EVERY_S: Final = 0.5  # messages of a child stay in its file


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What all workers of an exploration are told.

    Attributes:
        strategy: As it was given.
        earlier: Executions of an exploration that this one goes on with, and of its division.
        budget_s: Of wall time, from the worker's start.
        told: Somebody wants to know how far it is.
    """

    subject: Subject
    strategy: str | Strategy | None
    seed: int
    max_steps: int
    model: str
    rules: tuple[Rule, ...]
    early_timeouts: bool
    workers: int
    earlier: int
    executions: int
    budget_s: float | None
    told: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a share.

    Attributes:
        left: Of the tree, what this worker had begun and did not finish.
        place: Of its failure, in the order of all executions or parts.
    """

    result: Exploration
    coverage: Coverage
    left: tuple[Subtree, ...] = ()
    cut: bool = False
    scope: str = ""
    place: int = 0


@dataclass(frozen=True, slots=True)
class DrawnJob:
    """A worker that draws its executions from a stream of its own."""

    share: Share
    board: Path
    worker: int

    def __call__(self, send: Send) -> Report:
        """Run the share."""
        share = self.share
        seed = stream_seed(
            share.seed, earlier=share.earlier, worker=self.worker, workers=share.workers
        )
        name, strategy = make_strategy(share.strategy, seed)
        part_of = getattr(strategy, "share", None)
        if callable(part_of):
            strategy = part_of(self.worker, share.workers)
        each, more = divmod(share.executions, share.workers)
        wanted = sys.maxsize if share.executions == sys.maxsize else each + (self.worker < more)
        board = Board(self.board)
        stint = DrawnStint(board, self.worker, share.workers)
        report = _Worker(share, name, strategy, stint, send).run(wanted)
        if report.coverage.exhausted:
            board.stop()  # it has run everything there is
        return report


@dataclass(frozen=True, slots=True)
class SplitJob:
    """The worker that divides a tree; each of its executions counts."""

    share: Share
    parts: tuple[Subtree, ...]
    cut: bool

    def __call__(self, send: Send) -> Report:
        """Divide until there are parts for all, or nothing is left."""
        share = self.share
        name, dfs = make_strategy(share.strategy, share.seed)
        split: Any = DfsSplit(dfs, share.workers * PARTS_EACH, self.parts, cut=self.cut)  # type: ignore[arg-type]  # it was checked that it can be divided
        report = _Worker(share, name, split, split, send).run(share.executions)
        return dataclasses.replace(report, left=split.parts(), cut=split.cut)


@dataclass(frozen=True, slots=True)
class SearchJob:
    """A worker that searches the parts that nobody else has."""

    share: Share
    board: Path
    worker: int
    parts: tuple[Subtree, ...]
    cut: bool

    def __call__(self, send: Send) -> Report:
        """Search until no part is left."""
        share = self.share
        name, dfs = make_strategy(share.strategy, share.seed)
        strategy: Any = dfs
        stint = SearchStint(Board(self.board), self.parts)
        strategy.go_on(stint, earlier=share.earlier, cut=self.cut, stream=self.worker)
        worker = _Worker(share, name, strategy, stint, send)
        try:
            return worker.run(sys.maxsize)
        finally:
            stint.end(worker.executions)


class _Worker:
    """One share, being run."""

    def __init__(
        self, share: Share, name: str, strategy: Strategy, stint: WorkerStint, send: Send
    ) -> None:
        self._share = share
        self._name = name
        self._strategy = strategy
        self._stint = stint
        self._send = send
        self._told_s = 0.0
        self.executions = 0

    def run(self, executions: int) -> Report:
        """Explore, and report; Ctrl-C ends it early."""
        share = self._share
        with visible_body(share.subject.body()) as (runnable, invisible):
            explorer = Explorer(
                runnable,
                self._strategy,
                name=self._name,
                seed=shown_seed(self._strategy, share.strategy, share.seed),
                max_steps=share.max_steps,
                model=share.model,
                invisible=invisible,
                earlier=share.earlier,
                rules=share.rules,
                early_timeouts=share.early_timeouts,
                stint=self._stint,
            )
            try:
                result = explorer.run(
                    max(executions, 1), share.budget_s, self._tell if share.told else None
                )
            except ExplorationInterrupted as interrupt:
                result = interrupt.partial  # type: ignore[assignment]  # of explore
        return self._report(result, explorer)

    def _report(self, result: Exploration, explorer: Explorer) -> Report:
        assert explorer.coverage is not None
        self.executions = result.executions
        return Report(
            dataclasses.replace(
                result, name=self._share.subject.name, finding=portable(result.finding)
            ),
            explorer.coverage,
            left=explorer.left(),
            cut=bool(getattr(self._strategy, "cut", False)),
            scope=_scope(self._strategy),
            place=self._stint.place(result.executions - 1),
        )

    def _tell(self, headway: object) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= TOLD_EVERY_S:
            self._told_s = now_s
            self._send(headway)


def _scope(strategy: Strategy) -> str:
    tell = getattr(strategy, "scope", None)
    return str(tell()) if callable(tell) else ""


def shares_left(reports: Sequence[Report]) -> list[Subtree]:
    """Return what all workers had begun and did not finish."""
    return [part for report in reports for part in report.left]

"""Explores in several processes at once.

Every worker is an isolated child, so one that dies is a finding. A strategy that draws gets a
stream of its own in each; a depth-first search is divided into parts first (`dfs_split`), which the
workers take one after the other. Which failure is told depends on the seed and the number of
workers, never on who was faster: see `stint`.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any, Final

from harness.child_process import Attendance
from harness.child_start import choose_start
from harness.crash import Crash
from harness.engine import board as engine_board
from harness.errors import ArgumentError, ExplorationInterrupted, NestedExplorationError
from harness.estimate import merged
from harness.evidence import Coverage
from harness.exchange import Exchange
from harness.exploration import Exploration, Verdict
from harness.explorer import verdict_of
from harness.exploring import chance_seed_of
from harness.headway import pooled
from harness.isolate import returned
from harness.place import Place, read_place
from harness.stint import Board
from harness.strategies.registry import make_strategy
from harness.strategies.subtree import WHOLE
from harness.worker_jobs import DrawnJob, Report, SearchJob, Share, SplitJob, shares_left

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.child_life import Job
    from harness.child_start import Start
    from harness.finding import Finding
    from harness.headway import Progress
    from harness.isolate import Subject
    from harness.strategies.protocol import Strategy
    from harness.strategies.subtree import Subtree

FIRST_LOOK_S: Final = 0.0005
LOOK_S: Final = 0.02
PROGRESS_S: Final = 0.25


class Workers:
    """One exploration in several processes. Used once.

    Args:
        settings: Those of `explore`, checked, without `progress` and `resume`.
    """

    def __init__(  # noqa: PLR0913  # as explore_isolated
        self,
        subject: Subject,
        strategy: str | Strategy | None,
        settings: dict[str, Any],
        *,
        start: str | None = None,
        memory_bytes: int | None = None,
        progress: Progress | None = None,
        resume: str | None = None,
    ) -> None:
        if engine_board.current() is not None:
            raise NestedExplorationError
        self._place = read_place("0" if resume is None else resume)
        self._subject = subject
        self._workers: int = settings["workers"]
        self._searches = _divisible(strategy, settings["seed"], self._workers)
        if resume is not None and (self._place.parts is not None) != self._searches:
            raise ArgumentError(
                "resume", resume, "the place of an exploration by the same strategy"
            )
        self._start: Start = choose_start(start, subject.target)
        self._memory_bytes = memory_bytes
        self._progress = progress
        self._executions: int = settings["executions"]
        self._budget_s: float | None = settings["budget_s"]
        self._interrupted = False
        self._divided = 0  # executions of the process that divided the tree
        self._started_s = time.perf_counter()
        self._started_cpu_s = _children_cpu_s()
        self._share = Share(
            subject=subject,
            strategy=strategy,
            seed=settings["seed"],
            max_steps=settings["max_steps"],
            model=settings["model"],
            rules=settings["fail_on"],
            early_timeouts=settings["early_timeouts"],
            workers=self._workers,
            earlier=self._place.earlier,
            executions=self._executions,
            budget_s=self._budget_s,
            told=progress is not None,
        )

    def run(self) -> Exploration:
        """Explore, and merge what comes of it.

        Raises:
            ExplorationInterrupted: Ctrl-C; it carries the result so far.
            HarnessError: A worker could not control an execution.
        """
        with ExitStack() as stack:
            exchanges = [stack.enter_context(closing(Exchange())) for _ in range(self._workers)]
            result = self._search(exchanges) if self._searches else self._draw(exchanges)
        if self._interrupted and result.finding is None:
            raise ExplorationInterrupted(result)
        return result

    # -- drawing -----------------------------------------------------------------------------------

    def _draw(self, exchanges: Sequence[Exchange]) -> Exploration:
        path = exchanges[0].folder / "board"
        Board(path, executions=0).close()
        busy = min(self._workers, self._executions)
        jobs: list[Job] = [DrawnJob(self._share, path, worker) for worker in range(busy)]
        reports = self._attend(jobs, exchanges, path)
        if isinstance(reports, Exploration):
            return reports
        return self._merge(reports, parts=None)

    # -- searching ---------------------------------------------------------------------------------

    def _search(self, exchanges: Sequence[Exchange]) -> Exploration:
        """Divide the tree in one process, then search its parts in all."""
        place = self._place
        path = exchanges[0].folder / "board"
        Board(path, executions=0).close()
        parts = place.parts if place.parts is not None else (WHOLE,)
        first = self._attend([SplitJob(self._share, parts, place.cut)], exchanges, path)
        if isinstance(first, Exploration):
            return first
        (divided,) = first
        self._divided = divided.result.executions
        left = self._executions - divided.result.executions
        over = divided.result.finding is not None or divided.coverage.stopped
        if over or not divided.left or left <= 0 or divided.coverage.overruns:
            return self._merge(first, parts=divided.left)
        board = Board(path, executions=min(left, sys.maxsize))
        try:
            share = dataclasses.replace(
                self._share,
                earlier=place.earlier + divided.result.executions,
                budget_s=self._time_left(),
            )
            jobs: list[Job] = [
                SearchJob(share, path, worker, divided.left, divided.cut)
                for worker in range(self._workers)
            ]
            reports = self._attend(jobs, exchanges, path)
            if isinstance(reports, Exploration):
                return reports
            untaken = divided.left[board.parts_taken() :]
        finally:
            board.close()
        bare = dataclasses.replace(divided, left=())
        return self._merge([bare, *reports], parts=(*shares_left(reports), *untaken))

    def _time_left(self) -> float | None:
        if self._budget_s is None:
            return None
        return max(self._budget_s - (time.perf_counter() - self._started_s), 1e-3)

    # -- attending ---------------------------------------------------------------------------------

    def _attend(
        self, jobs: Sequence[Job], exchanges: Sequence[Exchange], path: Path
    ) -> list[Report] | Exploration:
        """Run jobs in children; return their reports, or the result if one died."""
        running: list[Attendance] = []
        try:
            for job, exchange in zip(jobs, exchanges, strict=False):
                running.append(
                    Attendance(job, exchange, start=self._start, memory_bytes=self._memory_bytes)
                )
            dead = self._wait(running, path)
            if dead is not None:
                for attendance in running:
                    attendance.end()
                return self._crashed(running, running[dead], exchanges[dead])
            return [returned(attendance.outcome) for attendance in running]
        finally:
            for attendance in running:
                attendance.end()

    def _wait(self, running: Sequence[Attendance], path: Path) -> int | None:
        """Wait for the end of all; return the number of one that died."""
        left = list(range(len(running)))
        delay_s, told_s = FIRST_LOOK_S, time.monotonic()
        while left:
            try:
                for number in [number for number in left if running[number].poll()]:
                    left.remove(number)
                    outcome = running[number].outcome
                    if outcome.death:
                        return number
                    if not outcome.done or outcome.error is not None:
                        returned(outcome)  # raises
                now_s = time.monotonic()
                if self._progress is not None and now_s - told_s >= PROGRESS_S:
                    told_s = now_s
                    self._tell(running)
                time.sleep(delay_s)
                delay_s = min(delay_s * 1.5, LOOK_S)
            except KeyboardInterrupt:
                self._interrupt([running[number] for number in left], path)
        return None

    def _interrupt(self, running: Sequence[Attendance], path: Path) -> None:
        """Pass Ctrl-C on: every worker sends what it has."""
        self._interrupted = True
        board = Board(path)
        board.stop()
        board.close()
        for attendance in running:
            attendance.pass_on()

    def _tell(self, running: Sequence[Attendance]) -> None:
        assert self._progress is not None
        together = pooled([attendance.headway() for attendance in running])
        wanted = None if self._executions == sys.maxsize else self._executions
        self._progress(
            dataclasses.replace(
                together,
                wanted=wanted,
                budget_s=self._budget_s,
                elapsed_s=time.perf_counter() - self._started_s,
                executions=together.executions + self._divided,
                earlier=self._place.earlier,
            )
        )

    def _crashed(
        self, running: Sequence[Attendance], dead: Attendance, exchange: Exchange
    ) -> Exploration:
        """Return the result of an exploration whose worker was killed."""
        crash = Crash(
            self._subject, exchange, dead.outcome, start=self._start,
            max_steps=self._share.max_steps,
            chance_seed=chance_seed_of(self._share.strategy, self._share.seed),
        )  # fmt: skip
        executions = sum(attendance.headway().executions for attendance in running)
        executions = max(executions, crash.executions)
        finding = crash.examine()
        name, _ = make_strategy(self._share.strategy, self._share.seed)
        worker = list(running).index(dead) + 1
        return self._exploration(
            executions=executions,
            finding=finding,
            strategy=name,
            evidence=(
                f"execution {crash.executions} of worker {worker} killed its process ({name}, seed "
                f"{self._share.seed}, {self._workers} workers)"
            ),
            verdict=Verdict.FAILED,
        )

    # -- merging -----------------------------------------------------------------------------------

    def _merge(
        self, reports: Sequence[Report], *, parts: tuple[Subtree, ...] | None
    ) -> Exploration:
        """Return what all workers have found and covered.

        Args:
            parts: What of the tree is left; None for a strategy that draws.
        """
        failed = [report for report in reports if report.result.finding is not None]
        first = min(failed, key=_place_of, default=None)
        finding = None if first is None else first.result.finding
        coverage = self._covered(reports, first, parts)
        resume = ""
        if finding is None and not coverage.ran_dry:
            cut = any(report.cut for report in reports)
            executions = self._place.earlier + coverage.executions
            resume = str(Place(executions, parts, cut=cut))
        return self._exploration(
            executions=coverage.executions,
            finding=finding,
            strategy=coverage.strategy,
            evidence=str(coverage),
            verdict=verdict_of(coverage, finding),
            exhausted=coverage.exhausted,
            estimate=coverage.estimate,
            overruns=coverage.overruns,
            resume=resume,
            coverage=coverage,
        )

    def _covered(
        self, reports: Sequence[Report], failed: Report | None, parts: tuple[Subtree, ...] | None
    ) -> Coverage:
        every = [report.coverage for report in reports]
        executions = sum(one.executions for one in every)
        if failed is not None and parts is None:
            executions = failed.place + 1  # in the order of all, whoever was faster
        stopped = self._stopped(every, parts)
        # Whoever has run every schedule of a space by himself has done it for all.
        whole = next((one.scope for one in every if one.scope), "") if parts is None else ""
        if parts is not None and not parts and not stopped:
            whole = _scope(reports)
        return Coverage(
            executions=executions,
            strategy=every[0].strategy,
            seed=every[0].seed,
            max_steps=self._share.max_steps,
            failed=failed is not None,
            stopped="" if whole else stopped,
            overruns=sum(one.overruns for one in every),
            unfinished=next((one.unfinished for one in every if one.unfinished), ()),
            opaque="; ".join(dict.fromkeys(one.opaque for one in every if one.opaque)),
            invisible=next((one.invisible for one in every if one.invisible), ""),
            scope=whole,
            ran_dry=bool(whole),
            unit=every[0].unit,
            earlier=self._place.earlier,
            workers=self._workers,
            estimate=None if whole or failed else self._estimate(every, executions, parts),
        )

    def _stopped(self, every: Sequence[Coverage], parts: tuple[Subtree, ...] | None) -> str:
        if self._interrupted:
            return "interrupted"
        told = [one.stopped for one in every if one.stopped]
        if told:
            return told[0]
        return "the budget ended" if parts else ""

    def _estimate(
        self, every: Sequence[Coverage], executions: int, parts: tuple[Subtree, ...] | None
    ) -> Any:  # noqa: ANN401  # as merged
        known = [one.estimate for one in every if one.estimate is not None]
        done = None if parts is None else self._place.earlier + executions
        return merged(known, done=done)

    def _exploration(self, *, finding: Finding | None, **values: Any) -> Exploration:  # noqa: ANN401  # its fields
        return Exploration(
            name=self._subject.name,
            finding=finding,
            seed=self._share.seed,
            model=self._share.model,
            workers=self._workers,
            elapsed_s=time.perf_counter() - self._started_s,
            cpu_s=_children_cpu_s() - self._started_cpu_s,
            **{"exhausted": False, **values},
        )


def _divisible(strategy: str | Strategy | None, seed: int, workers: int) -> bool:
    """Say whether a strategy is a search that can be divided.

    Raises:
        ArgumentError: It cannot be shared among workers at all.
    """
    name, made = make_strategy(strategy, seed)
    if all(callable(getattr(made, member, None)) for member in ("go_on", "enter", "siblings")):
        return True
    if getattr(made, "exhaustive", False) and not getattr(made, "sampling", False):
        raise ArgumentError(
            "workers", workers,
            f"1 with {name}: what it runs next follows from what it ran before. dfs can be divided "
            "among workers, and every strategy that draws",
        )  # fmt: skip
    if not (strategy is None or isinstance(strategy, str)) and not hasattr(made, "share"):
        raise ArgumentError(
            "workers", workers,
            f"1 with an object: every worker would run what the others run. Name {name} by its "
            "import path, package.module:Class, which is called with a seed for each, or give it "
            "a method share(worker, workers)",
        )  # fmt: skip
    return False


def _scope(reports: Sequence[Report]) -> str:
    """Return the scope of a search whose parts are all done: one that was cut says so for all."""
    return max(reports, key=_was_cut).scope


def _was_cut(report: Report) -> bool:
    return report.cut


def _place_of(report: Report) -> int:
    return report.place


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system

"""One exploration: execution after execution until one fails or a budget ends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.errors import ExplorationInterrupted
from harness.evidence import Coverage
from harness.examination import Examiner
from harness.exploration import Exploration, Verdict
from harness.finding import kind_of
from harness.opaque import OpaqueWatch
from harness.strategies.divergence import DivergedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.ending import Ending
    from harness.finding import Finding
    from harness.strategies.protocol import Strategy

    Progress = Callable[[int, float], None]

MAX_OVERRUNS: Final = 10  # executions at their step bound after which more of them tell nothing
PROGRESS_S: Final = 0.25


def seed_of(strategy: Strategy, wanted: object, seed: int) -> int | None:
    """Return the seed that a strategy draws from; None where there is none.

    Args:
        wanted: As it was given: a class by its import path got `seed`.
    """
    own = getattr(strategy, "seed", None)
    if type(own) is int:
        return own
    return seed if isinstance(wanted, str) and ":" in wanted else None


class Explorer:
    """One call of `explore`."""

    def __init__(  # noqa: PLR0913  # one call of explore
        self,
        body: Callable[[], object],
        strategy: Strategy,
        *,
        name: str,
        seed: int | None,
        max_steps: int,
        model: str,
        invisible: str,
    ) -> None:
        self._body = body
        self._strategy = strategy
        self._name = name
        self._seed = seed
        self._max_steps = max_steps
        self._model = model
        self._invisible = invisible  # why plain accesses of the body are not seen, if they are not
        self._examiner = Examiner(body, model=model, max_steps=max_steps, seed=seed or 0)
        self._exhaustive = bool(getattr(strategy, "exhaustive", False))
        self._opaque = OpaqueWatch() if self._exhaustive else None
        self._executions = 0
        self._overruns = 0
        self._unfinished: tuple[str, ...] = ()  # where the tasks stood at the last bound
        self._ran_dry = False
        self._stopped = ""
        self._started_s = time.perf_counter()
        self._started_cpu_s = time.process_time()

    def run(
        self, executions: int, budget_s: float | None, progress: Progress | None
    ) -> Exploration:
        """Search, and tell what came of it.

        Raises:
            ExplorationInterrupted: Ctrl-C; it carries the result so far.
            HarnessError: An execution could not be controlled.
        """
        try:
            with Campaign(
                model=self._model, max_steps=self._max_steps, body=self._body
            ) as campaign:
                finding = self._search_safely(campaign, executions, budget_s, progress)
            if finding is not None:
                finding = self._examiner.with_gil(finding)
        except KeyboardInterrupt:
            self._stopped = "interrupted"
            raise ExplorationInterrupted(self._result(self._examiner.found)) from None
        return self._result(finding)

    def _search_safely(
        self,
        campaign: Campaign,
        executions: int,
        budget_s: float | None,
        progress: Progress | None,
    ) -> Finding | None:
        try:
            return self._search(campaign, executions, budget_s, progress)
        except DivergedError as error:
            return self._examiner.diverged(error)

    def _search(
        self,
        campaign: Campaign,
        executions: int,
        budget_s: float | None,
        progress: Progress | None,
    ) -> Finding | None:
        strategy, body = self._strategy, self._body
        next_look_s = self._started_s + PROGRESS_S
        while self._executions < executions:
            if not strategy.begin(self._executions):
                self._ran_dry = True
                return None
            ending, schedule = campaign.run(body, strategy, recorder=self._opaque)
            self._executions += 1
            if ending.kind is not EndingKind.FINISHED:
                if kind_of(ending) is not None:
                    early = bool(getattr(strategy, "early_timeouts", False))
                    return self._examiner.examine(campaign, ending, schedule, early=early)
                self._note_overrun(ending)
                if self._overruns >= MAX_OVERRUNS:
                    return None
            if budget_s is not None or progress is not None:
                now_s = time.perf_counter()
                if budget_s is not None and now_s - self._started_s >= budget_s:
                    if self._executions < executions:
                        self._stopped = "the time budget ended"
                    return None
                if progress is not None and now_s >= next_look_s:
                    next_look_s = now_s + PROGRESS_S
                    progress(self._executions, now_s - self._started_s)
        # The budget of executions may have ended exactly where the space does.
        self._ran_dry = self._exhaustive and not strategy.begin(self._executions)
        return None

    def _note_overrun(self, ending: Ending) -> None:
        self._overruns += 1
        self._unfinished = ending.places

    def _result(self, finding: Finding | None) -> Exploration:
        coverage = self._coverage(finding)
        if finding is not None:
            verdict = Verdict.FAILED
        else:
            verdict = Verdict.UNDECIDED if coverage.cut else Verdict.PASSED
        return Exploration(
            name=getattr(self._body, "__qualname__", type(self._body).__name__),
            verdict=verdict,
            executions=self._executions,
            exhausted=coverage.exhausted,
            finding=finding,
            evidence=str(coverage),
            strategy=self._name,
            seed=self._seed or 0,
            model=self._model,
            overruns=self._overruns,
            elapsed_s=time.perf_counter() - self._started_s,
            cpu_s=time.process_time() - self._started_cpu_s,
        )

    def _coverage(self, finding: Finding | None) -> Coverage:
        scope = ""
        if self._ran_dry and self._exhaustive:
            tell = getattr(self._strategy, "scope", None)
            scope = tell() if callable(tell) else self._name
        return Coverage(
            executions=self._executions,
            strategy=self._name,
            seed=self._seed,
            max_steps=self._max_steps,
            failed=finding is not None,
            stopped=self._stopped,
            overruns=self._overruns,
            unfinished=self._unfinished,
            opaque=self._opaque.words() if self._opaque is not None else "",
            invisible=self._invisible,
            scope=scope,
            ran_dry=self._ran_dry,
        )

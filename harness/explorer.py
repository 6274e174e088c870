"""One exploration: execution after execution until one fails or a budget ends."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

from harness.campaign import Campaign
from harness.determinism import CHECKING_RUNS, check_determinism
from harness.engine.ending import EndingKind
from harness.errors import ArgumentError, ExplorationInterrupted, PlaceLeftError
from harness.evidence import Coverage
from harness.examination import Examiner
from harness.exploration import Exploration, Verdict
from harness.finding import kind_of
from harness.headway import Headway
from harness.judged import JudgedBody
from harness.opaque import OpaqueWatch
from harness.place import Place
from harness.primitives.chance import chance
from harness.probing import Probing
from harness.strategies.divergence import DivergedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.ending import Ending
    from harness.estimate import Estimate
    from harness.finding import Finding
    from harness.headway import Progress
    from harness.probing import Failure
    from harness.rules import Rule
    from harness.strategies.protocol import Strategy
    from harness.strategies.subtree import Subtree

    class Stint(Protocol):
        """Which executions are this explorer's."""

        def allows(self, execution: int) -> bool:
            """Say whether one more is wanted, after so many."""

        def failed(self, execution: int) -> None:
            """Hear that this one failed, before it is looked at."""


PROVING_S: Final = 5.0  # wall time spent on asking whether executions at their bound go on for ever
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
    """One call of `explore`.

    Attributes:
        coverage: What was run, once there is a result.

    Args:
        earlier: Executions of an exploration that this one goes on with.
        rules: What an execution fails on that it survives.
        early_timeouts: Timeouts may fire early in every execution, whatever the strategy wants.
        stint: Which executions are this one's; None: all of them.
        examiner: Who makes a finding of a failure; None: one that shrinks and explains it.
    """

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
        earlier: int = 0,
        rules: Sequence[Rule] = (),
        stint: Stint | None = None,
        early_timeouts: bool = False,
        examiner: Examiner | None = None,
    ) -> None:
        self._body = body
        self._strategy: Any = strategy  # what it may have beside the protocol is asked for
        self._name = name
        self._seed = seed
        self._max_steps = max_steps
        self._model = model
        self._invisible = invisible  # why plain accesses of the body are not seen, if they are not
        self._earlier = earlier
        self._stint = stint
        self._early_timeouts = early_timeouts
        self._rules = rules
        self._examiner = examiner or Examiner(
            body, model=model, max_steps=max_steps, seed=seed or 0, rules=rules
        )
        self._exhaustive = bool(getattr(strategy, "exhaustive", False))
        # A strategy that is both is worth its executions without being through with them.
        self._sampling = bool(getattr(strategy, "sampling", not self._exhaustive))
        self._opaque = OpaqueWatch() if self._exhaustive else None
        self._executions = 0
        self._wanted: int | None = None
        self._budget_s: float | None = None
        self._overruns = 0
        self._proving_s = 0.0
        self._unfinished: tuple[str, ...] = ()  # where the tasks stood at the last bound
        self._ran_dry = False
        self._running = False  # an execution was prepared, and did not come to its end
        self._stopped = ""
        self.coverage: Coverage | None = None  # once there is a result
        self._next_look_s = PROGRESS_S
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
        with chance.seeded(self._seed or 0):
            return self._run(executions, budget_s, progress)

    def _run(
        self, executions: int, budget_s: float | None, progress: Progress | None
    ) -> Exploration:
        self._wanted = executions if executions < sys.maxsize else None
        self._budget_s = budget_s
        try:
            with Campaign(
                model=self._model, max_steps=self._max_steps, body=self._body, rules=self._rules
            ) as campaign:
                finding = self._unsteady(campaign, executions)
                if finding is None:
                    finding = self._search_safely(campaign, executions, progress)
            if finding is not None:
                finding = self._examiner.with_gil(finding)
        except KeyboardInterrupt:
            self._stopped = "interrupted"
            raise ExplorationInterrupted(self._result(self._examiner.found)) from None
        return self._result(finding)

    def _unsteady(self, campaign: Campaign, executions: int) -> Finding | None:
        """Return what shows before a search: it does not do the same twice, or goes in circles.

        One execution is no search, and runs once.
        """
        if executions == 1:
            return None
        check = check_determinism(
            campaign, self._body, model=self._model, max_steps=self._max_steps
        )
        found = check.finding
        if found is None and check.turns:
            found = self._examiner.overrun(campaign, [], early=False)
        if found is not None:
            self._executions = CHECKING_RUNS if found is check.finding else 2
        return found

    def _search_safely(
        self, campaign: Campaign, executions: int, progress: Progress | None
    ) -> Finding | None:
        probing = Probing(self._strategy, campaign, self._body)
        try:
            found = self._search(campaign, executions, progress, probing)
            if found is None and not self._ran_dry and not self._overruns >= MAX_OVERRUNS:
                failure = probing.at_end(self._executions, self._elapsed_s())
                if failure is not None:
                    found = self._examine(campaign, *failure)
        except DivergedError as error:
            if self._earlier and not self._executions:
                raise PlaceLeftError(error.difference) from None
            return self._examiner.diverged(campaign, error)
        return found

    def _search(
        self,
        campaign: Campaign,
        executions: int,
        progress: Progress | None,
        probing: Probing,
    ) -> Finding | None:
        strategy, body = self._strategy, self._body
        watched = self._budget_s is not None or progress is not None
        while self._executions < executions:
            if not self._prepare():
                return None
            ending, schedule = campaign.run(body, strategy, recorder=self._watch())
            self._running = False
            self._executions += 1
            if ending.kind is not EndingKind.FINISHED:
                if kind_of(ending) is not None:
                    self._tell_failure()
                    early = bool(getattr(strategy, "early_timeouts", False))
                    return self._examiner.examine(campaign, ending, schedule, early=early)
                found = self._note_overrun(campaign, ending, schedule)
                if found is not None:
                    return found
            if watched:
                failure = self._look(executions, progress, probing)
                if failure is not None:
                    return self._examine(campaign, *failure)
            if self._stopped or self._overruns >= MAX_OVERRUNS:
                return None
        self._end_of_executions()
        return None

    def _prepare(self) -> bool:
        """Prepare the next execution; False if there is none."""
        if self._stint is not None and not self._stint.allows(self._executions):
            return False
        self._running = True
        if self._strategy.begin(self._executions):
            if self._early_timeouts:
                self._hurry()
            return True
        self._running = False
        self._ran_dry = True
        return False

    def _hurry(self) -> None:
        """Let timeouts fire early in the execution that was prepared."""
        try:
            self._strategy.early_timeouts = True
        except AttributeError:
            wants = f"False with {self._name}, whose attributes cannot be set"
            raise ArgumentError("early_timeouts", self._early_timeouts, wants) from None

    def _look(self, executions: int, progress: Progress | None, probing: Probing) -> Failure | None:
        """Look at the clock, and tell how far it is; return an execution that failed meanwhile."""
        elapsed_s = self._elapsed_s()
        if self._budget_s is not None and elapsed_s >= self._budget_s * probing.search_share:
            if self._executions < executions:
                self._stopped = "the time budget ended"
            return None
        if progress is None or elapsed_s < self._next_look_s:
            return None
        self._next_look_s = elapsed_s + PROGRESS_S
        failure = probing.beside(elapsed_s)
        if failure is None:
            progress(self._headway())
        return failure

    def _watch(self) -> OpaqueWatch | None:
        """Return who watches the next execution: only one of a complete search proves anything."""
        return self._opaque if getattr(self._strategy, "exhaustive", False) else None

    def _end_of_executions(self) -> None:
        """See whether the budget of executions has ended exactly where the space does."""
        if not self._exhaustive:
            return
        self._ran_dry = not self._strategy.begin(self._executions)
        self._running = not self._ran_dry
        if self._running and not self._sampling:
            self._stopped = "the budget ended"

    def _examine(self, campaign: Campaign, ending: Ending, schedule: list[int]) -> Finding:
        """Return the finding of a walk: it counts as an execution."""
        self._executions += 1
        self._tell_failure()
        return self._examiner.examine(campaign, ending, schedule, early=True)

    def _tell_failure(self) -> None:
        if self._stint is not None:
            self._stint.failed(self._executions - 1)

    def _elapsed_s(self) -> float:
        return time.perf_counter() - self._started_s

    def _headway(self) -> Headway:
        return Headway(
            executions=self._executions,
            elapsed_s=self._elapsed_s(),
            wanted=self._wanted,
            budget_s=self._budget_s,
            earlier=self._earlier,
            estimate=self._estimate(),
            exhaustive=self._exhaustive and not self._sampling,
            unit=self._unit(),
        )

    def _unit(self) -> str:
        return str(getattr(self._strategy, "unit", "executions"))

    def _estimate(self) -> Estimate | None:
        """Return which part of the space was run, if the strategy can tell."""
        tell = getattr(self._strategy, "estimate", None)
        if not callable(tell) or not self._executions:
            return None
        found: Estimate | None = tell()
        return found

    def _out_of_sight(self) -> str:
        """Return why a search that is through would prove less than it seems to."""
        opaque = self._opaque.words() if self._opaque is not None else ""
        doubts = str(getattr(self._strategy, "incomplete", ""))
        return "; ".join(words for words in (opaque, doubts) if words)

    def left(self) -> tuple[Subtree, ...]:
        """Return what of its tree a search has still to run."""
        tell = getattr(self._strategy, "left", None)
        return () if self._ran_dry or not callable(tell) else tuple(tell(running=self._running))

    def _place(self) -> str:
        """Return what goes on from here; empty where nothing can, or nothing is left."""
        if self._ran_dry:
            return ""
        executions = self._earlier + self._executions
        if callable(getattr(self._strategy, "left", None)):
            cut = bool(getattr(self._strategy, "cut", False))
            return str(Place(executions, self.left(), cut=cut))
        return "" if self._exhaustive and not self._sampling else str(Place(executions))

    def _note_overrun(
        self, campaign: Campaign, ending: Ending, schedule: list[int]
    ) -> Finding | None:
        """Count an execution that met its step bound, and return the livelock if it is one."""
        self._overruns += 1
        self._unfinished = ending.places
        if self._proving_s > PROVING_S:
            return None
        started_s = time.perf_counter()
        early = bool(getattr(self._strategy, "early_timeouts", False))
        found = self._examiner.overrun(campaign, schedule, early=early)
        self._proving_s += time.perf_counter() - started_s
        if found is not None:
            self._overruns -= 1
            self._tell_failure()
        return found

    def _result(self, finding: Finding | None) -> Exploration:
        self.coverage = coverage = self._coverage(finding)
        return Exploration(
            name=getattr(self._body, "__qualname__", type(self._body).__name__),
            verdict=verdict_of(coverage, finding),
            executions=self._executions,
            exhausted=coverage.exhausted,
            finding=finding,
            evidence=str(coverage),
            strategy=self._name,
            seed=self._seed or 0,
            model=self._model,
            overruns=self._overruns,
            elapsed_s=self._elapsed_s(),
            cpu_s=time.process_time() - self._started_cpu_s,
            estimate=coverage.estimate,
            resume="" if finding is not None else self._place(),
            coverage=coverage,
        )

    def _coverage(self, finding: Finding | None) -> Coverage:
        scope = ""
        if self._ran_dry and self._exhaustive:
            tell = getattr(self._strategy, "scope", None)
            scope = tell() if callable(tell) else self._name
        doubts = self._body.doubts() if isinstance(self._body, JudgedBody) else ""
        return Coverage(
            executions=self._executions,
            strategy=self._name,
            seed=self._seed,
            max_steps=self._max_steps,
            failed=finding is not None,
            stopped=self._stopped or doubts,
            overruns=self._overruns,
            unfinished=self._unfinished,
            opaque=self._out_of_sight(),
            invisible=self._invisible,
            scope=scope,
            ran_dry=self._ran_dry,
            unit=self._unit(),
            earlier=self._earlier,
            estimate=None if self._ran_dry or finding is not None else self._estimate(),
        )


def verdict_of(coverage: Coverage, finding: Finding | None) -> Verdict:
    """Return what an exploration shows that covered so much."""
    if finding is not None:
        return Verdict.FAILED
    return Verdict.UNDECIDED if coverage.cut else Verdict.PASSED

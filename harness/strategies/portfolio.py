"""The default: several strategies that share a budget.

No strategy is the best for all programs: a random walk finds at once what partial order sampling
finds late, and the other way round; only a complete search ends. So each execution is given to one
of them. The first ones go round, because trivial bugs show under anything; half of them are of
`rff`, which needs the fewest for most of the known bugs. After twelve a small program gets turns of
`dpor`, too, which may exhaust it, and that is the best answer there is. Later on members are drawn
by what they paid lately (`payoff`): a pair of write and read, or a combination of pairs, that
nobody has shown yet. For this, executions of the others are watched now and then, and `rff` learns
from what they show.

Source of the idea: Gomes and Selman, "Algorithm portfolios", Artificial Intelligence 126, 2001:
where run times vary much and are not known beforehand, a mix beats its best part. For concurrency:
Coyote's portfolio, Microsoft Research.

Every choice is drawn from the seed and from what executions showed, never from a clock.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from harness.errors import ArgumentError, HarnessError
from harness.strategies.delay import Delay
from harness.strategies.dpor import Dpor
from harness.strategies.payoff import Payoff
from harness.strategies.pct import Pct
from harness.strategies.pos import Pos
from harness.strategies.random_walk import RandomWalk
from harness.strategies.rff import Rff
from harness.strategies.surw import Surw
from harness.strategies.wish import first_ready

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.ending import Ending
    from harness.engine.task import Task
    from harness.estimate import Estimate
    from harness.strategies.protocol import Strategy

    Pick = Callable[[Sequence[Task], Task | None], Task]

RFF: Final = "rff"
SAMPLERS: Final[dict[str, Callable[[int], Strategy]]] = {
    "random": RandomWalk,
    "pct": Pct,
    "delay": Delay,
    "pos": Pos,
    "surw": Surw,
}
# What an execution costs, measured on a counter, 9 locked increments, reorder_10 and twostage_20.
COSTS: Final = {"random": 1.0, "pct": 1.0, "delay": 1.2, "pos": 1.7, "surw": 2.4, RFF: 4.5}
ROUND: Final = (
    "random", RFF, "surw", RFF, "pct", RFF, "pos", RFF, "random", RFF, "delay", RFF,
)  # fmt: skip
# Where a choice among hundreds of tasks that each rank would take seconds an execution.
HUGE_ROUND: Final = ("random", "pct", "random", "delay")
HUGE: Final = 3_000_000  # tasks times operations: some twenty times twostage_100
ROUND_FOR: Final = 120  # samples that follow the round, before it is known what pays
ROUND_EVERY: Final = 4  # later samples, of which one follows it whatever pays: none is given up
WATCH_EVERY: Final = 16  # executions of a strategy, of which one is watched, after as many at first
SMALL_OPERATIONS: Final = 200  # of an execution; above, traces are too many to run them all
SMALL_TASKS: Final = 8
FIRST_TRACES: Final = 64  # that dpor runs early: two of three executions until then
LATER_TURN: Final = 8  # executions, of which one is dpor's from then on


class Portfolio:
    """Spreads executions over strategies, and learns which of them pays.

    Attributes:
        exhaustive: The running execution is one of `dpor`. A False from `begin` means that `dpor`
            has run every trace.

    Raises:
        ArgumentError: `seed` is not a whole number.
    """

    __slots__ = (
        "_complete",
        "_dpor",
        "_dpor_runs",
        "_longest",
        "_member",
        "_members",
        "_name",
        "_payoff",
        "_performed",
        "_random",
        "_rff",
        "_runs",
        "_samples",
        "_searches",
        "_tasks",
        "early_timeouts",
        "exhaustive",
        "finish",
        "operations",
        "perform",
        "pick",
        "sampling",
        "seed",
    )

    def __init__(self, seed: int) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        self.seed = seed
        self.sampling = True  # it is worth its executions without an end
        self.exhaustive = True  # and may come to one
        self.early_timeouts = self.operations = False
        # What the engine calls is that of the running member: nothing stands between.
        self.pick: Pick = _nobody
        self.perform: Callable[[Task, bool], None] = _ignore
        self.finish: Callable[[Sequence[Task], Ending], None] = _ignore
        self._random = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._searches = True  # it may run every trace by `dpor`
        self._start()

    def _start(self) -> None:
        self._rff = Rff(self._seed_of(RFF))
        self._rff.begin(0)
        self._members: dict[str, Any] = {RFF: self._rff}
        for name, make in SAMPLERS.items():
            self._members[name] = make(self._seed_of(name))
        self._runs = dict.fromkeys(self._members, 0)
        self._payoff = Payoff(COSTS, self._random)
        self._dpor: Dpor | None = Dpor() if self._searches else None
        self._dpor_runs = 0
        self._complete = ""  # what dpor has run, once nothing is left
        self._longest = 0  # operations of the longest execution that was watched
        self._tasks = 0  # the most tasks in one
        self._name = ""
        self._member: Any = None
        self._performed = 0
        self._samples = 0  # executions that were not dpor's

    def _seed_of(self, name: str) -> int:
        """Return a member's own seed: with one for all, they would draw the same numbers."""
        return zlib.crc32(f"{name}:{self.seed}".encode())

    def share(self, worker: int, workers: int) -> Portfolio:  # noqa: ARG002  # as workers call it
        """Be the strategy of one of several processes: only the first one runs every trace."""
        self._searches = worker == 0
        self._start()
        return self

    # -- whose turn it is --------------------------------------------------------------------------

    def begin(self, execution: int) -> bool:
        """Choose a member for an execution; False when every trace was run. 0 begins anew."""
        if not execution:
            self._random.seed(self.seed)
            self._start()
        if self._is_dpors(execution) and self._begin_dpor():
            return True
        if self._complete:
            return False
        name = self._next_name()
        member = self._members[name]
        runs = self._runs[name]
        self._runs[name] = runs + 1
        # What rff has watched, its first execution would forget.
        member.begin(runs + 1 if member is self._rff else runs)
        self._name, self._member = name, member
        self._give_turn(watched=runs < WATCH_EVERY or not runs % WATCH_EVERY)
        return True

    def _next_name(self) -> str:
        """Return who gives the next sample."""
        number = self._samples
        self._samples += 1
        if self._tasks * self._longest > HUGE:
            return HUGE_ROUND[number % len(HUGE_ROUND)]
        if number < ROUND_FOR:
            return ROUND[number % len(ROUND)]
        if not number % ROUND_EVERY:
            return ROUND[number // ROUND_EVERY % len(ROUND)]
        return self._payoff.draw()

    def _give_turn(self, *, watched: bool) -> None:
        """Let the engine talk to the member, and to `rff`, too, if the execution is watched."""
        member = self._member
        self.exhaustive = False
        self.early_timeouts = member.early_timeouts
        self.pick = member.pick
        self.operations = watched or getattr(member, "operations", False)
        if member is self._rff:
            self.perform, self.finish = member.perform, self._finish_watched
        elif watched:
            self._rff.attend()
            self.perform, self.finish = self._perform_watched, self._finish_watched
        else:
            self.perform = getattr(member, "perform", _ignore)
            self.finish = getattr(member, "finish", _ignore)

    def _perform_watched(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # Protocol
        tell = getattr(self._member, "perform", None)
        if tell is not None:
            tell(task, atomic)
        self._rff.perform(task, atomic)

    def _finish_watched(self, tasks: Sequence[Task], ending: Ending) -> None:
        """Learn from an execution what the member showed, and how large the program is."""
        tell = getattr(self._member, "finish", None)
        if tell is not None and self._member is not self._rff:
            tell(tasks, ending)
        self._rff.finish(tasks, ending)
        self._payoff.note(self._name, paid=self._rff.learned)
        self._longest = max(self._longest, self._rff.relation.clock)
        self._tasks = max(self._tasks, len(tasks))

    # -- the complete search -----------------------------------------------------------------------

    def _is_dpors(self, execution: int) -> bool:
        if self._dpor is None or execution < len(ROUND):
            return False
        if self._longest > SMALL_OPERATIONS or self._tasks > SMALL_TASKS:
            self._dpor = None
            return False
        if self._dpor_runs < FIRST_TRACES:
            return execution % 3 != 2  # noqa: PLR2004  # two of three
        return execution % LATER_TURN == 1

    def _begin_dpor(self) -> bool:
        dpor = self._dpor
        assert dpor is not None
        if not dpor.begin(self._dpor_runs):
            self._dpor = None
            if not dpor.incomplete:
                self._complete = f"all {self._dpor_runs} traces, {dpor.scope()}"
            return False
        self._dpor_runs += 1
        self._performed = 0
        self.exhaustive = self.early_timeouts = self.operations = True
        self.pick, self.perform = self._pick_dpor, self._perform_dpor
        self.finish = self._finish_dpor
        return True

    def _pick_dpor(self, ready: Sequence[Task], current: Task | None) -> Task:
        if self._dpor is not None:
            try:
                return self._dpor.pick(ready, current)
            except HarnessError:  # the body changes, and no search of it is complete: sample it
                self._dpor = None
        return current or first_ready(ready)

    def _perform_dpor(self, task: Task, atomic: bool) -> None:  # noqa: FBT001  # Protocol
        self._performed += 1
        if task.pending[0] == "call":  # the model is that of the GIL, which dpor does not take
            self._dpor = None
        if self._dpor is not None:
            try:
                self._dpor.perform(task, atomic)
            except HarnessError:  # as in _pick_dpor
                self._dpor = None

    def _finish_dpor(self, tasks: Sequence[Task], ending: Ending) -> None:
        if self._dpor is not None:
            try:
                self._dpor.finish(tasks, ending)
            except HarnessError:  # as in _pick_dpor
                self._dpor = None
        self._longest = max(self._longest, self._performed)
        self._tasks = max(self._tasks, len(tasks))

    def estimate(self) -> Estimate | None:
        """Return which part of the traces dpor has run, or else of the schedules the random walks.

        Either way at least: what other members have run beside is not counted.
        """
        if self._dpor is not None and self._dpor_runs and not self._dpor.incomplete:
            found = self._dpor.estimate()
            if found is not None and found.low:  # it says more than "at most"
                return replace(found, of="the traces")
        walks: Estimate | None = self._members["random"].estimate()
        return walks

    def scope(self) -> str:
        """Say what was covered once nothing is left."""
        return self._complete


def _nobody(ready: Sequence[Task], current: Task | None) -> Task:
    """Choose before any execution has begun: nobody asks."""
    return current or ready[0]


def _ignore(*_told: object) -> None:
    """Stand in for what a member does not want to be told."""

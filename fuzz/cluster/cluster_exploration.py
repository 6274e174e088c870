"""`holdfast explore --cluster`: one exploration in rounds on many machines.

A round goes on from a place, as `--resume` does: for a strategy that draws, a place is the number
of a stream of the seed, and every round has its own; for a search of a tree it is what of the tree
is left, which is divided among the rounds. Where several rounds fail, the one with the lowest
number is told, so that the answer does not depend on who was faster.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import click

import harness
from fuzz.cluster.cluster import Cluster
from fuzz.cluster.errors import ClusterError, RoundsLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fuzz.cluster.cluster import RoundEnd

EXPLORER: Final = "harness.explorer"  # where `holdfast explore` looks for one
ROUND_S: Final = 20.0
FIRST_ROUND_S: Final = 2.0  # short: it tells the rate, and what of a tree there is to divide
DIVIDING_WORKERS: Final = 2
MOST_LOST: Final = 5  # rounds without a result, after which it is not the round's fault


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ExplorationRound:
    """One round; runs in a child process on any machine that can import the target.

    Attributes:
        place: Where it goes on; None for the very first.
        settings: Those of `harness.explore_isolated`.
    """

    number: int
    target: str
    instrument: tuple[str, ...]
    place: str | None
    settings: dict[str, Any]

    def __call__(self) -> harness.Exploration:
        """Explore."""
        return harness.explore_isolated(
            self.target, instrument=self.instrument, resume=self.place, **self.settings
        )


class UndecidedClickError(click.ClickException):
    """Nothing was shown either way."""

    exit_code = 3


class ClusterExplorer:
    """Explores on a cluster on behalf of `holdfast explore`."""

    def __init__(self, address: str) -> None:
        self.options = ("--cluster", address)
        self._address = address

    def __call__(
        self,
        target: str,
        instrument: Sequence[str],
        *,
        progress: Callable[[harness.Headway], object],
        **settings: Any,  # noqa: ANN401  # those of harness.explore_isolated
    ) -> harness.Exploration:
        """Explore in rounds until one fails, the budget ends, or nothing is left.

        Raises:
            ExplorationInterrupted: Ctrl-C; it carries the result so far.
            ClickException: The cluster cannot be used, or rounds come to no result.
            ArgumentError: The strategy cannot be divided.
        """
        if settings.pop("workers") != 1:
            raise harness.ArgumentError(
                "workers", "several", "1 with --cluster: its workers are those of the cluster"
            )
        try:
            with Cluster(self._address) as cluster:
                search = _Search(cluster, target, tuple(instrument), settings, progress)
                return search.run()
        except RoundsLostError as error:
            raise UndecidedClickError(str(error)) from error
        except ClusterError as error:
            raise click.UsageError(str(error)) from error


class _Search:
    """One exploration. Used once."""

    def __init__(
        self,
        cluster: Cluster,
        target: str,
        instrument: tuple[str, ...],
        settings: dict[str, Any],
        progress: Callable[[harness.Headway], object],
    ) -> None:
        self._cluster = cluster
        self._target = target
        self._instrument = instrument
        self._executions: int = settings.pop("executions")
        self._budget_s: float | None = settings.pop("budget_s")
        self._places: deque[str | None] = deque([settings.pop("resume")])
        self._settings = settings
        self._progress = progress
        self._draws = False
        self._stream = 0  # of the round that was begun last, where rounds draw
        self._begun = 0
        self._running: dict[int, ExplorationRound] = {}
        self._ended: dict[int, harness.Exploration] = {}
        self._over = False  # a round has failed, or has run all there is
        self._lost = 0
        self._rate = 0.0  # executions per second of the fastest round
        self._widest = 1
        self._began_s = time.monotonic()

    def run(self) -> harness.Exploration:
        """Run rounds to the end."""
        interrupted = False
        try:
            end: RoundEnd[ExplorationRound, harness.Exploration]
            for end in self._cluster.rounds(self._next, beat=self._beat):
                self._take(end)
        except KeyboardInterrupt:
            interrupted = True
            if not self._ended:
                raise
        result = self._result(interrupted=interrupted)
        if interrupted and result.finding is None:
            raise harness.ExplorationInterrupted(result)
        return result

    # -- rounds ------------------------------------------------------------------------------------

    def _next(self) -> tuple[ExplorationRound, float] | None:
        """Return the next round; None while there is none to begin."""
        wanted = min(self._left(), self._size())
        if not wanted or self._over or self._time_left() <= 0:
            return None
        if self._draws:
            self._stream += 1
            place: str | None = str(self._stream)
        elif self._places:
            place = self._places.popleft()
        else:
            return None
        seconds = min(ROUND_S if self._ended else FIRST_ROUND_S, self._time_left())
        job = ExplorationRound(
            number=self._begun,
            target=self._target,
            instrument=self._instrument,
            place=place,
            settings={
                **self._settings,
                "executions": wanted,
                "budget_s": seconds,
                "workers": self._workers(),
            },
        )
        self._running[self._begun] = job
        self._begun += 1
        return job, seconds

    def _workers(self) -> int:
        """Return how many processes a round has: two divide what they do not finish.

        What one leaves of a tree is one place; two leave it in parts that many can go on from.
        """
        few = len(self._places) + len(self._running) < max(self._cluster.slots, 1)
        return DIVIDING_WORKERS if few and not self._draws else 1

    def _size(self) -> int:
        """Return how many executions a round may make: as many as fill its time."""
        return max(int(self._rate * ROUND_S), 1) if self._ended else sys.maxsize

    def _done(self) -> int:
        return sum(one.executions for one in self._ended.values())

    def _left(self) -> int:
        """Return how many executions are asked for that nobody has run or runs."""
        if self._executions == sys.maxsize:
            return sys.maxsize
        running = sum(job.settings["executions"] for job in self._running.values())
        # What runs may fall short of its share; the rest is asked for again.
        left: int = self._executions - self._done() - running
        return max(left, 0)

    def _time_left(self) -> float:
        if self._budget_s is None:
            return float("inf")
        return self._budget_s - (time.monotonic() - self._began_s)

    def _take(self, end: RoundEnd[ExplorationRound, harness.Exploration]) -> None:
        job = self._running.pop(end.job.number)
        result = end.result
        if result is None:
            self._lost += 1
            if self._lost >= MOST_LOST or not end.again:
                raise RoundsLostError(self._lost, end.trouble)
            if not self._draws:
                self._places.append(job.place)
            return
        self._ended[job.number] = result
        self._rate = max(self._rate, result.executions / max(result.elapsed_s, 1e-3))
        if result.finding is not None:
            self._over = True
        elif result.resume:
            self._go_on(result.resume)
        elif self._draws or not self._places:
            # Whoever has run all there is has done it for everybody; of a tree, this was the rest.
            self._over = self._draws or not self._running

    def _go_on(self, place: str) -> None:
        if "." in place:
            slots = max(self._cluster.slots, 1)
            self._places.extend(harness.divide_place(place, slots))
        elif not self._draws:
            self._draws = True
            self._stream = int(place)

    def _beat(self) -> bool:
        self._widest = max(self._widest, self._cluster.workers)
        self._progress(
            harness.Headway(
                executions=self._done(),
                wanted=None if self._executions == sys.maxsize else self._executions,
                elapsed_s=time.monotonic() - self._began_s,
                budget_s=self._budget_s,
            )
        )
        failed = min((n for n, one in self._ended.items() if one.finding), default=None)
        # Rounds before the one that failed are waited for; what comes after no longer counts.
        return failed is None or any(number < failed for number in self._running)

    # -- the result --------------------------------------------------------------------------------

    def _result(self, *, interrupted: bool) -> harness.Exploration:
        rounds = [self._ended[number] for number in sorted(self._ended)]
        left: Sequence[str] = ()
        if self._draws and all(one.resume for one in rounds):
            left = (str(self._stream + 1),)
        elif not self._draws:
            undone = [*self._places, *(job.place for job in self._running.values())]
            left = [place for place in undone if place is not None]
        stopped = "interrupted" if interrupted else ""
        if left and not stopped and (not self._draws or self._left()):
            stopped = (
                "the budget ended" if self._executions != sys.maxsize or not self._draws else ""
            )
        return harness.merge_rounds(
            rounds,
            left=left,
            stopped=stopped,
            workers=self._widest,
            elapsed_s=time.monotonic() - self._began_s,
        )


def add_cluster_option(command: click.Command) -> None:
    """Give `holdfast explore` the option `--cluster`."""

    def choose(ctx: click.Context, _param: click.Parameter, address: str | None) -> None:
        if address is not None:
            ctx.meta[EXPLORER] = ClusterExplorer(address)

    command.params.append(
        click.Option(
            ["--cluster"],
            metavar="ADDRESS",
            expose_value=False,
            callback=choose,
            help="Run it in rounds on the Dask cluster whose scheduler is there, such as "
            "tcp://127.0.0.1:8786.",
        )
    )

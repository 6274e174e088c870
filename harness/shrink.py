"""Makes a failing schedule smaller: fewer switches first, then fewer tasks and steps.

Every candidate is run; it counts only if it fails in the same way, at the same place, and costs
less. A candidate is a `Wish`: segments that each let one task go on up to one of its own points. So
what is left out, joined or moved shifts nothing of the rest, and any subset of the segments of a
failing run is a candidate that makes sense. That is what delta debugging needs.

Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE 28(2),
2002, section 3: ddmin. Choi and Zeller, "Isolating failure-inducing thread schedules", ISSTA 2002,
apply it to schedules. What is ours: segments in place of absolute times, and the passes after it.

A task that the failure does not need loses its segments like any other: it then runs after the
failure, which is never. What is left of a run that failed after 2 000 steps is a handful.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import combinations, islice, pairwise
from typing import TYPE_CHECKING, Final

from harness.errors import HarnessError
from harness.finding import signature_of
from harness.strategies.wish import TO_THE_END, Traced, Wish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.campaign import Campaign
    from harness.strategies.wish import Segment

MAX_RUNS: Final = 2_000
MAX_S: Final = 3.0  # wall time: a person waits for it
FIXED: Final = 4  # parts of a cost that a better place for a switch must not raise
MAX_PAIRS: Final = 400  # candidates of a pass that tries every pair of segments

Cost = tuple[int, int, int, int, int]  # in the order in which they count; see `Shrunk`


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """How far shrinking got.

    Attributes:
        before: Of the schedule that was found: preemptions, switches, tasks that ran, departures
            from what goes by itself, choices.
        after: Those of the smallest one.
        runs: Executions that it took.
        complete: Nothing was left to try; else the time or the number of runs ended it.
    """

    before: Cost
    after: Cost
    runs: int
    complete: bool

    def __str__(self) -> str:
        switches_before, choices_before = self.before[1], self.before[-1]
        switches, choices = self.after[1], self.after[-1]
        end = "" if self.complete else "; its budget ended first"
        return (
            f"{switches_before} switches in {choices_before} choices made {switches} in {choices} "
            f"by {self.runs} runs{end}"
        )


@dataclass(slots=True)
class _Best:
    wish: tuple[Segment, ...]
    schedule: list[int]
    cost: Cost


class Shrinker:
    """Shrinks one failing schedule under one campaign.

    Attributes:
        early: Whether timeouts may fire early in the smallest schedule.
        shrunk: How far it got; None while nothing was run.
    """

    __slots__ = (
        "_best",
        "_body",
        "_campaign",
        "_deadline_s",
        "_signature",
        "early",
        "runs",
        "shrunk",
    )

    def __init__(
        self,
        campaign: Campaign,
        body: Callable[[], object],
        *,
        early: bool,
        signature: tuple[object, ...],
    ) -> None:
        self._campaign = campaign
        self._body = body
        self._signature = signature
        self._deadline_s = time.perf_counter() + MAX_S
        self.early = early
        self.runs = 0
        self.shrunk: Shrunk | None = None
        self._best: _Best

    def shrink(self, choices: list[int]) -> list[int]:
        """Return the smallest schedule found that still fails in the same way."""
        first = self._run(Traced(choices, early_timeouts=self.early))
        if first is None:
            return choices
        self._best = first
        before = first.cost
        self._without_early_timeouts()
        progress = True
        while progress and self._spendable():
            cost = self._best.cost
            self._minimize()
            self._rearrange()
            self._settle_points()  # from there, more may be left out
            progress = self._best.cost[:FIXED] < cost[:FIXED]
        self.shrunk = Shrunk(
            before=before, after=self._best.cost, runs=self.runs, complete=self._spendable()
        )
        return self._best.schedule

    def _spendable(self) -> bool:
        return self.runs < MAX_RUNS and time.perf_counter() < self._deadline_s

    def _run(self, wish: Wish) -> _Best | None:
        """Run a candidate; None where it does not fail in the same way."""
        self.runs += 1
        wish.begin(0)
        try:
            ending, schedule = self._campaign.run(self._body, wish)
        except HarnessError:  # what cannot be controlled must not cost us the finding
            self._deadline_s = 0.0
            return None
        if signature_of(ending) != self._signature:
            return None
        switches = max(len(wish.ran) - 1, 0)
        cost = (wish.preemptions, switches, len(wish.tasks), wish.departures, len(schedule))
        return _Best(tuple(wish.ran), schedule, cost)

    def _accept(self, segments: Sequence[Segment]) -> bool:
        """Run segments; keep them if they fail alike and cost less."""
        if not self._spendable():
            return False
        made = self._run(Wish(segments, early_timeouts=self.early))
        if made is None or made.cost >= self._best.cost:
            return False
        self._best = made
        return True

    def _without_early_timeouts(self) -> None:
        """Let no timeout fire early, where the failure does not need it."""
        if not self.early:
            return
        made = self._run(Wish(self._best.wish, early_timeouts=False))
        if made is not None and made.cost <= self._best.cost:
            self._best = made
            self.early = False

    # -- fewer switches --------------------------------------------------------------------------

    def _minimize(self) -> None:
        """Find segments of which none can be left out: ddmin, "reduce to complement" and all."""
        if self._accept(()):
            return
        parts = 2
        while self._spendable():
            segments = self._best.wish
            parts = min(parts, len(segments))
            if parts < 2:  # noqa: PLR2004  # nothing to divide
                return
            if self._reduce(segments, parts):
                parts = max(parts - 1, 2)
            elif parts == len(segments):
                return
            else:
                parts *= 2

    def _reduce(self, segments: tuple[Segment, ...], parts: int) -> bool:
        """Try each part alone, then all but each part."""
        edges = [len(segments) * number // parts for number in range(parts + 1)]
        windows = list(pairwise(edges))
        if parts == 2:  # noqa: PLR2004  # later each part alone is too small to fail by itself
            for start, end in windows:
                if self._accept(segments[start:end]):
                    return True
        return any(self._accept(segments[:start] + segments[end:]) for start, end in windows)

    def _rearrange(self) -> None:
        """Join segments, let one go on to its end, exchange neighbours, exchange tasks."""
        for candidates in (_joined, _prolonged, _exchanged, _renamed, _without_two):
            progress = True
            while progress and self._spendable():
                progress = any(self._accept(wish) for wish in candidates(self._best.wish))

    # -- the same cost, a better place -----------------------------------------------------------

    def _settle_points(self) -> None:
        """Move each switch to the last point where it still matters.

        That is right before an operation that another order would have changed: the one that a
        reader has to look at, and the one by which a token can find the place again.
        """
        for index in range(len(self._best.wish)):
            if index < len(self._best.wish) and self._best.wish[index][1] != TO_THE_END:
                self._settle(index)

    def _settle(self, index: int) -> None:
        """Double the distance while the failure stays, then halve it: most moves are monotone."""
        step = 1
        while self._move(index, step):
            step *= 2
        while step > 1:
            step //= 2
            self._move(index, step)

    def _move(self, index: int, points: int) -> bool:
        wish = self._best.wish
        if not self._spendable() or index >= len(wish):
            return False
        task, stop = wish[index]
        later = (*wish[:index], (task, stop + points), *wish[index + 1 :])
        made = self._run(Wish(later, early_timeouts=self.early))
        if made is None or made.cost[:FIXED] > self._best.cost[:FIXED]:
            return False
        if index >= len(made.wish) or made.wish[index] != (task, stop + points):
            return False  # it was cut short by something else
        self._best = made
        return True


def _joined(wish: tuple[Segment, ...]) -> Iterator[tuple[Segment, ...]]:
    """Let a task do at once what it does in two segments: at the first one's place."""
    for index, (task, _) in enumerate(wish[:MAX_PAIRS]):
        for other in range(index + 1, len(wish)):
            if wish[other][0] == task:
                joined = (task, wish[other][1])
                yield (*wish[:index], joined, *wish[index + 1 : other], *wish[other + 1 :])
                break


def _prolonged(wish: tuple[Segment, ...]) -> Iterator[tuple[Segment, ...]]:
    """Let a task go on to its end where it was interrupted."""
    for index, (task, stop) in enumerate(wish[:MAX_PAIRS]):
        if stop != TO_THE_END:
            yield (*wish[:index], (task, TO_THE_END), *wish[index + 1 :])


def _exchanged(wish: tuple[Segment, ...]) -> Iterator[tuple[Segment, ...]]:
    """Let two neighbours run in the other order."""
    for index in range(min(len(wish) - 1, MAX_PAIRS)):
        yield (*wish[:index], wish[index + 1], wish[index], *wish[index + 2 :])


def _without_two(wish: tuple[Segment, ...]) -> Iterator[tuple[Segment, ...]]:
    """Leave out two segments that only make sense together: there and back again."""
    for one, other in islice(combinations(range(len(wish)), 2), MAX_PAIRS):
        yield (*wish[:one], *wish[one + 1 : other], *wish[other + 1 :])


def _renamed(wish: tuple[Segment, ...]) -> Iterator[tuple[Segment, ...]]:
    """Let two tasks take each other's part: they often do the same."""
    tasks = sorted({task for task, _ in wish if task})
    for one, other in islice(combinations(tasks, 2), MAX_PAIRS):
        parts = {one: other, other: one}
        yield tuple((parts.get(task, task), stop) for task, stop in wish)

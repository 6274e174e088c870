"""Makes a failing schedule smaller: fewer preemptions first, then fewer switches, then steps.

Every candidate is run; it counts only if it fails in the same way and costs less. A candidate is a
wish: where it cannot be followed, the current task goes on. So a wish may be cut anywhere.

Leaving choices out moves all later ones to other places of the program, which rarely fails still in
a long schedule. So the first pass leaves nothing out: it regroups the choices of a window by task,
and where that no longer fails, those of its halves. A thousand switches, three of which matter,
take some sixty runs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from harness.errors import HarnessError
from harness.finding import signature_of
from harness.strategies.replay import Guide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.campaign import Campaign

MAX_RUNS: Final = 1_000
MAX_S: Final = 3.0  # wall time: a person waits for it

Cost = tuple[int, int, int]  # preemptions, switches, choices


@dataclass(slots=True)
class _Best:
    choices: list[int]
    cost: Cost


class Shrinker:
    """Shrinks one failing schedule under one campaign."""

    __slots__ = ("_best", "_body", "_campaign", "_deadline", "_early", "_signature", "runs")

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
        self._early = early
        self._signature = signature
        self._deadline = time.perf_counter() + MAX_S
        self.runs = 0
        self._best: _Best

    def shrink(self, choices: list[int]) -> list[int]:
        """Return the smallest schedule found that still fails in the same way."""
        cost = self._try(choices)
        if cost is None:
            return choices
        while self._spendable() and self._improve():
            pass
        return self._best.choices

    def _improve(self) -> bool:
        """Go once over all candidates; say if one was better."""
        before = self._best.cost
        self._regroup(0, len(self._best.choices))
        for candidates in (self._shorter, self._without_segments, self._joined_segments):
            progress = True
            while progress and self._spendable():
                progress = any(self._accept(candidate) for candidate in candidates())
        return self._best.cost < before

    def _spendable(self) -> bool:
        return self.runs < MAX_RUNS and time.perf_counter() < self._deadline

    def _accept(self, candidate: list[int]) -> bool:
        if not self._spendable():
            return False
        before = self._best.cost
        cost = self._try(candidate)
        return cost is not None and cost < before

    def _try(self, candidate: list[int]) -> Cost | None:
        """Run a candidate; keep it if it fails alike at a lower cost."""
        guide = Guide(candidate, early_timeouts=self._early)
        self.runs += 1
        try:
            ending, schedule = self._campaign.run(self._body, guide)
        except HarnessError:  # what cannot be controlled must not cost us the finding
            self._deadline = 0.0
            return None
        if signature_of(ending) != self._signature:
            return None
        cost = (guide.preemptions, guide.switches, len(schedule))
        if self.runs == 1 or cost < self._best.cost:
            self._best = _Best(schedule, cost)
        return cost

    def _regroup(self, start: int, end: int) -> None:
        """Let each task make its choices of a window in one go; else try the halves."""
        window = self._best.choices[start:end]
        if _switches(window) < 2 or not self._spendable():  # noqa: PLR2004  # nothing to gain
            return
        for tasks in _orders(self._best.choices, start, end):
            grouped = sorted(window, key=tasks.index)
            rest = self._best.choices[end:]
            if self._accept([*self._best.choices[:start], *grouped, *rest]):
                return
        middle = (start + end) // 2
        self._regroup(start, middle)
        self._regroup(middle, end)

    def _shorter(self) -> Iterator[list[int]]:
        """Cut the end off: half of it, then less and less."""
        choices = self._best.choices
        size = len(choices)
        while size > 1:
            size //= 2
            yield choices[: len(choices) - size]

    def _without_segments(self) -> Iterator[list[int]]:
        """Leave out runs of one task: many at once, then one at a time."""
        segments = _segments(self._best.choices)
        size = len(segments) // 2
        while size:
            for start in range(0, len(segments), size):
                yield _flat(segments[:start] + segments[start + size :])
            size //= 2

    def _joined_segments(self) -> Iterator[list[int]]:
        """Move a run of a task to the next run of the same task, or the other way round."""
        segments = _segments(self._best.choices)
        for index, (task, length) in enumerate(segments):
            for other in range(index + 1, len(segments)):
                if segments[other][0] == task:
                    joined = (task, length + segments[other][1])
                    later = [*segments[:index], *segments[index + 1 : other], joined]
                    sooner = [*segments[:index], joined, *segments[index + 1 : other]]
                    yield _flat(later + segments[other + 1 :])
                    yield _flat(sooner + segments[other + 1 :])
                    break


def _switches(choices: list[int]) -> int:
    return sum(one != two for one, two in pairwise(choices))


def _orders(choices: list[int], start: int, end: int) -> list[list[int]]:
    """Return orders of a window's tasks, the one with the fewest switches at its ends first."""
    tasks = list(dict.fromkeys(choices[start:end]))
    before = choices[start - 1] if start else None
    after = choices[end] if end < len(choices) else None
    joined = sorted(tasks, key=lambda task: (task != before, task == after))
    orders = [joined, joined[::-1], tasks]
    return [order for number, order in enumerate(orders) if order not in orders[:number]]


def _segments(choices: list[int]) -> list[tuple[int, int]]:
    segments: list[tuple[int, int]] = []
    for choice in choices:
        if segments and segments[-1][0] == choice:
            segments[-1] = (choice, segments[-1][1] + 1)
        else:
            segments.append((choice, 1))
    return segments


def _flat(segments: list[tuple[int, int]]) -> list[int]:
    return [task for task, length in segments for _ in range(length)]

"""Looks for a failure where CPython with the GIL can switch, too.

First the order in which the failing run did its operations is followed as closely as the model's
points allow, exactly and then with some choices drawn at random; then come plain random walks and
random priorities. What is found is a schedule of the GIL model that fails in the same way, and it
is as good a witness as there is: nothing in it needs a free-threaded build. What is not found is
not proved impossible, and the words never say so.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.engine import board
from harness.engine.ending import EndingKind
from harness.engine.numbering import role_of
from harness.errors import HarnessError
from harness.finding import signature_of
from harness.strategies.pct import Pct
from harness.strategies.random_walk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.campaign import Campaign
    from harness.engine.ending import Ending
    from harness.engine.recorder import Event
    from harness.engine.task import Task
    from harness.strategies.protocol import Strategy

GUIDED_TRIES: Final = 60  # executions that follow the order of the failing run
WALKS: Final = 120  # executions of each sampler after that
SEARCH_S: Final = 3.0  # wall time for all of it: a person waits
NOISE: Final = 0.15  # share of choices of a guided execution that are drawn instead
LOOKAHEAD: Final = 8  # operations among which the next one of a task is looked for
_KINDS: Final = {board.READ: "read", board.WRITE: "write", board.OPAQUE: "opaque"}
_NOT_DONE: Final = ("blocks on", "timed out on", "start")  # events that are no operation
_LAST: Final = sys.maxsize


@dataclass(frozen=True, slots=True, kw_only=True)
class GilSchedule:
    """A failing execution of the GIL model."""

    ending: Ending
    schedule: list[int]
    early: bool


class OrderGuide:
    """Lets go on whose next operation came first in a recorded run.

    Under the GIL model operations between two points stick together, so the order cannot always be
    kept; a task that was carried past its turn simply waits for the others to catch up.

    Args:
        order: The events of the recorded run.
        noise: Share of the choices that are drawn at random instead, 0 to 1.
    """

    operations = True

    def __init__(
        self, order: Sequence[Event], *, early_timeouts: bool, noise: float, seed: int
    ) -> None:
        self.early_timeouts = early_timeouts
        self._noise = noise
        self._random = random.Random(seed)  # noqa: S311  # a schedule is no secret
        self._done: dict[int, int] = {}  # by task: how many of its operations are behind it
        self._places: dict[int, list[tuple[int, str, str]]] = {}
        for place, event in enumerate(order):
            if event.kind not in _NOT_DONE:
                step = (place, event.kind, _thing(event))
                self._places.setdefault(event.task, []).append(step)

    def begin(self, execution: int) -> bool:  # noqa: ARG002  # as the Protocol
        """Begin anew."""
        self._done.clear()
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:  # noqa: ARG002  # as the Protocol
        """Return whose next operation came first."""
        if self._random.random() < self._noise:
            return self._random.choice(ready)
        return min(ready, key=self._place_of_next)

    def perform(self, task: Task, atomic: bool) -> None:  # noqa: ARG002, FBT001  # as the Protocol
        """Note that a task does what is pending."""
        kind, obj, key = task.pending
        names: tuple[str, ...]
        if isinstance(kind, int):
            names, thing = (_KINDS[kind],), key if isinstance(key, str) else "item"
        else:
            names, thing = (kind, "goes on after"), role_of(type(obj))
        places, done = self._places.get(task.id, []), self._done.get(task.id, 0)
        for step in range(done, min(done + LOOKAHEAD, len(places))):
            _, name, other = places[step]
            if name in names and other == thing:
                self._done[task.id] = step + 1
                return

    def finish(self, tasks: Sequence[Task], ending: Ending) -> None:
        """Keep nothing."""

    def _place_of_next(self, task: Task) -> tuple[bool, int, int]:
        places, done = self._places.get(task.id, ()), self._done.get(task.id, 0)
        return task.parked, places[done][0] if done < len(places) else _LAST, task.id


def _thing(event: Event) -> str:
    """Return what tells an operation of a task from its next ones: an attribute, a twin's class."""
    if event.kind not in _KINDS.values():
        return event.role
    if not event.part:
        return board.CONTENT
    return "item" if event.target.endswith("]") else event.target.rpartition(".")[2]


class GilSearch:
    """Searches one campaign of the GIL model for a failure that was seen without it.

    Attributes:
        tries: Executions that were run.
    """

    def __init__(
        self,
        campaign: Campaign,
        body: Callable[[], object],
        *,
        signature: tuple[object, ...],
        seed: int,
    ) -> None:
        self._campaign = campaign
        self._body = body
        self._signature = signature
        self._seed = seed
        self.tries = 0

    def run(self, order: Sequence[Event], *, early: bool) -> GilSchedule | None:
        """Return an execution that fails in the same way; None if none was found in time.

        Args:
            order: The events of the failing run.
            early: Timeouts could fire early in it.

        Raises:
            HarnessError: An execution could not be controlled.
        """
        deadline_s = time.perf_counter() + SEARCH_S
        for strategy, number in self._strategies(order, early=early):
            if time.perf_counter() > deadline_s:
                return None
            strategy.begin(number)
            ending, schedule = self._campaign.run(self._body, strategy)
            self.tries += 1
            if ending.kind is not EndingKind.FINISHED and self._is_same(ending):
                told = bool(getattr(strategy, "early_timeouts", False))
                return GilSchedule(ending=ending, schedule=schedule, early=told)
        return None

    def _is_same(self, ending: Ending) -> bool:
        return signature_of(ending) == self._signature

    def _strategies(self, order: Sequence[Event], *, early: bool) -> Iterator[tuple[Strategy, int]]:
        for number in range(GUIDED_TRIES):
            noise = NOISE if number else 0.0
            yield OrderGuide(order, early_timeouts=early, noise=noise, seed=number), number
        for sampler in (RandomWalk(self._seed), Pct(self._seed)):
            for number in range(WALKS):
                yield sampler, number


def shown_under_gil() -> str:
    """Name the model under which something was shown."""
    return f"shown under the GIL model of CPython {sys.version_info[0]}.{sys.version_info[1]}"


def not_shown_under_gil(reason: str) -> str:
    """Say that something was not shown under the GIL model, and what was tried."""
    return f"not {shown_under_gil()} ({reason})"


def searched(
    search: GilSearch, order: Sequence[Event], *, early: bool
) -> tuple[GilSchedule | None, str]:
    """Return what a search found, and what to say of it."""
    try:
        found = search.run(order, early=early)
    except HarnessError as error:
        return None, not_shown_under_gil(f"the search for it ended: {error}")
    if found is not None:
        return found, shown_under_gil()
    return None, not_shown_under_gil(f"{search.tries} executions tried")

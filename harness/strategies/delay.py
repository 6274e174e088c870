"""Delay bounding: a deterministic scheduler that is put out of step a few times.

Source: Emmi, Qadeer, Rakamaric, "Delay-bounded scheduling", POPL 2011, sections 3 and 4. Left
alone, the scheduler lets a task run until it ends or has to wait, and then takes the next by id,
round and round. A *delay* skips the task whose turn it is. With at most d delays there are fewer
schedules than with d preemptions, because who comes next is not a choice, and most bugs still show:
in Thomson, Donaldson and Betts, TOPC 2016, delay bounding beats preemption bounding.

`Delay` puts the delays at random places; `delay_search.DelaySearch` tries all of them.

Departures: in RING_SHARE of its executions `Delay` draws the order of the round, so that what needs
the third task before the first does not need a delay for each one between. A task that keeps the
processor for FAIR_TURNS choices while others could run is skipped free of charge, or a loop that
polls would never end. A task that is offered only because its timeout may fire now comes after all
that can go on.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from typing import TYPE_CHECKING

from harness.errors import ArgumentError
from harness.strategies.random_walk import EARLY_SHARE
from harness.strategies.run_length import RunLength

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.task import Task

DEFAULT_DELAYS = 2
RING_SHARE = 0.5  # executions in which the order of the round is drawn: which need it is not known
FAIR_TURNS = 500  # 10x the longest run of one task in our scenarios


def delay_bound(delays: int, most: int, steps: int) -> float:
    """Return the least chance, 0 to 1, that one execution of `Delay` follows a given schedule.

    Args:
        delays: Delays of that schedule, from 1 to `most`.
        most: The bound that the strategy was given.
        steps: Choices in the execution, at least 1; not wall time.

    Raises:
        ArgumentError: A number is out of its range; it is a ValueError, too.

    The order of the round is that of the ids with a chance of 1 - RING_SHARE; then the number of
    delays is drawn, then the place of each: (1 - RING_SHARE) / (most * steps**delays).
    """
    for name, value in (("most", most), ("delays", delays), ("steps", steps)):
        if type(value) is not int or value < 1:
            raise ArgumentError(name, value, "a whole number; they start at 1")
    if delays > most:
        raise ArgumentError("delays", delays, f"at most the bound, {most}")
    try:
        return (1.0 - RING_SHARE) / (most * float(steps) ** delays)
    except OverflowError:
        return 0.0  # below the least float


class RoundRobin:
    """Whose turn it is: the task that has it keeps it, then the next one, round and round."""

    __slots__ = ("_draw", "_holder", "_kept", "_place")

    def __init__(self) -> None:
        self.reset()

    def reset(self, draw: Callable[[], float] | None = None) -> None:
        """Begin an execution: the body comes first.

        Args:
            draw: Gives each task its place in the round, from 0 to 1; by default they go by id.
        """
        self._holder = 0
        self._kept = 0
        self._draw = draw
        self._place: list[float] = []  # by task id; empty if they go by id

    def order(self, ready: Sequence[Task], current: Task | None) -> list[Task]:
        """Return who may run, by the number of delays that it costs."""
        if current is not None and current.id != self._holder:  # it came without a choice
            self._holder = current.id
            self._kept = 0
        waiting = self._from_holder(ready) if self._draw is None else self._by_place(ready)
        if current is not None and (waiting[-1] is current) and self._kept < FAIR_TURNS:
            waiting.insert(0, waiting.pop())
        if any(task.parked for task in waiting):
            waiting.sort(key=_is_parked)
        return waiting

    def _from_holder(self, ready: Sequence[Task]) -> list[Task]:
        """Return the tasks that come after the one whose turn it was, by id, and it as the last."""
        cut = bisect_right(ready, self._holder, key=_task_id)
        return [*ready[cut:], *ready[:cut]]

    def _by_place(self, ready: Sequence[Task]) -> list[Task]:
        place, holder = self._place, self._holder
        assert self._draw is not None
        while len(place) <= max(ready[-1].id, holder):
            place.append(self._draw())
        here = place[holder]
        return sorted(ready, key=lambda task: (place[task.id] <= here, place[task.id]))

    def take(self, chosen: Task) -> None:
        """Hand the turn over."""
        if chosen.id == self._holder:
            self._kept += 1
        else:
            self._holder = chosen.id
            self._kept = 0


def _task_id(task: Task) -> int:
    return task.id


def _is_parked(task: Task) -> bool:
    return task.parked


class Delay:
    """Random delays, `delays` at most. One stream of `seed` for all executions.

    The first execution is the undelayed one; it also learns how many choices there are.

    Raises:
        ArgumentError: An argument is not a whole number, or `delays` is below 1.
    """

    __slots__ = (
        "_delays",
        "_length",
        "_most",
        "_random",
        "_step",
        "_stream",
        "_turns",
        "early_timeouts",
        "seed",
    )

    def __init__(self, seed: int, delays: int = DEFAULT_DELAYS) -> None:
        if type(seed) is not int:
            raise ArgumentError("seed", seed, "a whole number")
        check_delays(delays, least=1)
        self.seed = seed
        self._stream = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._random = self._stream.random
        self._most = delays
        self._length = RunLength()
        self._step = 0
        self._delays: dict[int, int] = {}  # step: how many delays are spent there
        self._turns = RoundRobin()
        self.early_timeouts = False

    def begin(self, execution: int) -> bool:
        """Draw how many delays there are, and where; execution 0 begins the stream anew."""
        if not execution:
            self._stream.seed(self.seed)
            self._length.forget()
        else:
            self._length.note(self._step)
        self._step = 0
        self._delays = {}
        drawn = execution > 0 and self._random() < RING_SHARE
        self._turns.reset(self._random if drawn else None)
        self.early_timeouts = execution > 0 and self._random() < EARLY_SHARE
        if execution:
            length = self._length.greatest
            for _ in range(1 + int(self._random() * self._most)):
                place = 1 + int(self._random() * length)
                self._delays[place] = self._delays.get(place, 0) + 1
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return whose turn it is, after the delays that were drawn for this point."""
        self._step += 1
        order = self._turns.order(ready, current)
        skipped = self._delays.get(self._step, 0)
        chosen = order[skipped % len(order)]
        self._turns.take(chosen)
        return chosen


def check_delays(delays: int, *, least: int) -> None:
    """Refuse what is no number of delays.

    Raises:
        ArgumentError: It is not a whole number, or below `least`.
    """
    if type(delays) is not int or delays < least:
        raise ArgumentError("delays", delays, f"a whole number; they start at {least}")

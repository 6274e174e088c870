"""What every picture of a finding shows alike: its steps, their numbers, and where to look."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.render.condense import condensed, thinned
from harness.render.crossing import Crossing, find_crossing
from harness.render.lanes import number_remover, rows_of
from harness.render.remarks import guilty_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from harness.engine.recorder import Event
    from harness.finding import Finding
    from harness.render.lanes import Row

    Short = Callable[[str], str]

_OUTER: Final = re.compile(r"[\w.]+\.<locals>\.")  # of a function inside a function: where it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A finding, ready to be told.

    Attributes:
        events: All that the trace keeps, with objects named as a reader sees them.
        told: The indices of the events that matter, and of those that say who holds a lock.
        rows: The steps to show, numbered from 1; their `index` is one of `events`.
        steps: How many steps there were before the long story was cut down.
        every: All steps, with those that do not matter; not numbered alike.
        crossing: The accesses to look at first; their steps are indices of `events`.
        short: Takes out of a text what a reader does not need: `#1` of an only lock.
    """

    events: Sequence[Event]
    told: Sequence[int]
    rows: Sequence[Row]
    steps: int
    every: Sequence[Row]
    crossing: Crossing | None
    short: Short

    def numbers(self) -> dict[int, int]:
        """Return the number of each step that is shown, by its event's index."""
        return {row.index: row.number for row in self.rows}

    def names(self) -> dict[int, str]:
        """Return the tasks that do something in it, by id."""
        shown = {row.task for row in self.rows}
        return {event.task: event.task_name for event in self.events if event.task in shown}


def scene_of(finding: Finding) -> Scene:
    """Return what there is to tell of a finding."""
    number_out = number_remover(event.target for event in finding.trace.events)
    events = [
        dataclasses.replace(event, target=number_out(event.target))
        for event in finding.trace.events
    ]
    every = rows_of(events)
    told, rows = condensed(events, every, guilty=guilty_steps(finding))
    crossing = _crossing(finding, events, told)
    return Scene(
        events=events,
        told=told,
        rows=thinned(rows, () if crossing is None else crossing.steps),
        steps=len(every),
        every=every,
        crossing=crossing,
        short=lambda text: _OUTER.sub("", number_out(text)),
    )


def _crossing(finding: Finding, events: Sequence[Event], told: Sequence[int]) -> Crossing | None:
    """Return the accesses to look at first, as indices of all events.

    A deadlock's cycle says it all, and a data race names its own two.
    """
    if finding.kind.name in ("DEADLOCK", "LOCK_ORDER", "LOCK_HELD"):
        return None
    if finding.kind.name == "DATA_RACE":
        return _of_race(finding, events)
    # Where the middle is left out, what ordered two accesses may be gone with it.
    begin = (len(told) + 1) // 2 if finding.trace.truncated else 0
    found = find_crossing([events[at] for at in told[begin:]])
    return None if found is None else Crossing(tuple(told[begin + step] for step in found.steps))


def _of_race(finding: Finding, events: Sequence[Event]) -> Crossing | None:
    for race in finding.analyses.races:
        if race.message() == finding.message:
            steps = (race.first.step, race.second.step)
            found = [at for at, event in enumerate(events) if event.number in steps]
            return Crossing(tuple(found)) if len(found) == len(steps) else None
    return None

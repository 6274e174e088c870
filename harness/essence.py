"""Which steps of a long run a reader needs: those that the switches are about.

A program that runs two thousand steps up to its failure still does so after shrinking; only the
switches go. What they are about can be read off the run itself. A task that was interrupted goes on
with the very operation that the switch kept it from: the place that it touches is what another task
was let at meanwhile. So are the locks and conditions that tasks wait for, up to the end. Everything
that is done to these places matters, and what starts, joins and ends tasks; of the same act done
over and over in one go, the first and the last.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.recorder import Event

FEW: Final = 20  # steps that a reader takes in; a run of so many is told whole
ALIKE: Final = 3  # of more than so many acts alike in one go, the first and the last are told
_LIFE: Final = ("start", "timed out on", "calls", "returns", "raises")
_WAITS: Final = ("blocks on", "goes on after")
_QUIET: Final = ("begin", "started", "end")


def essence(events: Sequence[Event]) -> set[int]:
    """Return the indices of the events that matter."""
    places = focus(events)
    kept: set[int] = set()
    for start, end in _turns(events):
        told = [at for at in range(start, end) if _tells(events[at], places)]
        alike: dict[tuple[str, str], list[int]] = {}
        for at in told:
            alike.setdefault((events[at].kind, events[at].target), []).append(at)
        for group in alike.values():
            kept.update(group if len(group) <= ALIKE else (group[0], group[-1]))
    kept.update(range(max(len(events) - 1, 0), len(events)))  # where it failed
    return kept


def focus(events: Sequence[Event]) -> set[str]:
    """Return the places, in words, that the switches of a run are about."""
    turns = _turns(events)
    places: set[str] = set()
    for number, (_, end) in enumerate(turns):
        last = events[end - 1]
        if last.kind in _WAITS:
            places.add(last.target)
        if last.kind in (*_WAITS, *_QUIET):
            continue  # it was not interrupted
        later = (first for first, _ in turns[number + 1 :] if events[first].task == last.task)
        resumed = next(later, None)
        if resumed is not None:
            places.add(events[resumed].target)
    places.update(event.target for event in events if event.kind == "timed out on")
    if events:
        places.add(events[-1].target)  # where it failed: whoever was to touch it never came back
    return places


def cut(events: Sequence[Event], limit: int) -> tuple[Event, ...]:
    """Return at most about `limit` events: those that matter, and others from both ends."""
    if len(events) <= limit:
        return tuple(events)
    half = limit // 2
    kept = essence(events)
    kept.update(range(half))
    kept.update(range(len(events) - half, len(events)))
    return tuple(events[at] for at in sorted(kept))


def _tells(event: Event, places: set[str]) -> bool:
    if event.kind in _LIFE:
        return True
    return event.target in places and event.kind not in _QUIET


def _turns(events: Sequence[Event]) -> list[tuple[int, int]]:
    """Return where each run of one task's events begins and ends."""
    edges = [at for at in range(1, len(events)) if events[at].task != events[at - 1].task]
    bounds = [0, *edges, len(events)] if events else []
    return list(pairwise(bounds))

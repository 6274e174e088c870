"""A long story cut down to the steps that its switches are about."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from harness.essence import FEW, essence, focus
from harness.render.crossing import ACCESSES

if TYPE_CHECKING:
    from collections.abc import Set  # noqa: PYI025  # a plain `set` stands beside it

    from harness.engine.recorder import Event
    from harness.render.lanes import Row


def condensed(
    events: list[Event], rows: list[Row], *, guilty: Set[int] = frozenset()
) -> tuple[list[Event], list[Row]]:
    """Return the events and rows that matter, with numbers from 1; all of them if they are few.

    What is left out of the events is accesses to other places: who holds a lock can still be told.

    Args:
        guilty: The numbers of events that the failure is about, whatever the switches are about.
    """
    if len(rows) <= FEW:
        return events, rows
    about = {at for at, event in enumerate(events) if event.number in guilty}
    kept = essence(events) | about
    places = focus(events) | {events[at].target for at in about}
    told = [
        at
        for at, event in enumerate(events)
        if event.kind not in ACCESSES or event.target in places or at in kept
    ]
    new_index = {at: number for number, at in enumerate(told)}
    short = [
        dataclasses.replace(row, number=number, index=new_index[row.index])
        for number, row in enumerate((row for row in rows if row.index in kept), start=1)
    ]
    return [events[at] for at in told], short

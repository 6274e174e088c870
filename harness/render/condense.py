"""A long story cut down to the steps that its switches are about."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from harness.essence import FEW, essence, focus
from harness.render.crossing import ACCESSES

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet

    from harness.engine.recorder import Event
    from harness.render.lanes import Row

MANY: Final = 40  # steps past which a turn is told by its first and last step


def condensed(
    events: Sequence[Event], rows: Sequence[Row], *, guilty: AbstractSet[int] = frozenset()
) -> tuple[list[int], list[Row]]:
    """Return the indices of the events and the rows that matter; all of them if they are few.

    What is left out of the events is accesses to other places: who holds a lock can still be told.

    Args:
        guilty: The numbers of events that the failure is about, whatever the switches are about.
    """
    if len(rows) <= FEW:
        return list(range(len(events))), list(rows)
    about = {at for at, event in enumerate(events) if event.number in guilty}
    kept = essence(events) | about
    places = focus(events) | {events[at].target for at in about}
    told = [
        at
        for at, event in enumerate(events)
        if event.kind not in ACCESSES or event.target in places or at in kept
    ]
    return told, [row for row in rows if row.index in kept]


def thinned(rows: Sequence[Row], needed: Collection[int]) -> list[Row]:
    """Return of each turn the first and the last step, if there are many; numbered from 1.

    Args:
        needed: The events that are told in any case, by index.
    """
    if len(rows) > MANY:
        edges = [at for at, (one, two) in enumerate(pairwise(rows)) if one.task != two.task]
        ends = {0, len(rows) - 1, *edges, *(at + 1 for at in edges)}
        rows = [
            row
            for at, row in enumerate(rows)
            if at in ends or row.index in needed or row.text.startswith("start ")
        ]
    return [dataclasses.replace(row, number=number) for number, row in enumerate(rows, start=1)]

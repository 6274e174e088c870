"""One part of a history laid out for the search: numbers instead of operations, masks for time.

Operations whose results are known are numbered in the order in which they came back. Then the
first one not yet placed, the floor, is the one that has to be placed soonest, and only those
called before it came back can be placed now: its window. Windows are masks relative to the floor,
as wide as what runs at a time, however long the history is. Operations with unknown results come
after all these; they may be left out.
"""

from __future__ import annotations

import marshal
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from harness.linearizability.operation import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Hashable, Sequence

    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation

_end = itemgetter(0)


@dataclass(slots=True)
class IntervalOrder:
    """Who may come next, for each floor.

    Attributes:
        operations: By number: those that have to be placed, then those that may be.
        indices: By number: where the operation stands in the part.
        placed: How many have to be placed.
        windows: By floor: mask of numbers, from the floor on, of those that may come next.
        watched: By floor: those of the window that are observers.
        optional: By floor: mask of those with unknown results that may come next.
        after: For each with an unknown result: mask of the one that goes first, because it does
            the same and was called before; 0 if there is none.
    """

    operations: list[Operation]
    indices: list[int]
    placed: int
    windows: list[int]
    watched: list[int]
    optional: list[int]
    after: list[int]


def lay_out(
    operations: Sequence[Operation], model: Model[Any], left_out: Container[int] = ()
) -> IntervalOrder:
    """Return the layout of operations, without those at the indices `left_out`."""
    observes = model.observes
    known = Status.OK
    ends: list[tuple[Any, int]] = []
    unknown: list[int] = []
    for index, one in enumerate(operations):
        if one.status is known:
            ends.append((one.ret, index))
        # Unknown observers are dropped: such a one fits at its call, whatever the state is there,
        # and leaves the state to the others.
        elif index not in left_out and not observes(one):
            unknown.append(index)
    calls = [one.call for one in operations]
    by_call = sorted([index for _, index in ends], key=calls.__getitem__)
    unknown.sort(key=calls.__getitem__)
    ends.sort(key=_end)
    indices = [index for _, index in ends]
    windows, watched = _windows(operations, ends, by_call, observes)
    optional = _optional([calls[index] for index in unknown], ends)
    after = _after([operations[index] for index in unknown])
    indices += unknown
    return IntervalOrder(
        [operations[index] for index in indices],
        indices, len(ends), windows, watched, optional, after,
    )  # fmt: skip


def _windows(
    operations: Sequence[Operation],
    ends: list[tuple[Any, int]],
    by_call: list[int],
    observes: Callable[[Operation], bool],
) -> tuple[list[int], list[int]]:
    """Return the windows and their observers; the last floor, past all, has none."""
    number = dict(zip((index for _, index in ends), range(len(ends)), strict=True))
    windows, watched = [], []
    window = watch = 0
    waiting = iter(by_call)
    after = next(waiting, None)
    for floor, (ret, _) in enumerate(ends):
        while after is not None and (one := operations[after]).call <= ret:
            bit = 1 << (number[after] - floor)
            window |= bit
            if observes(one):
                watch |= bit
            after = next(waiting, None)
        windows.append(window)
        watched.append(watch)
        window >>= 1
        watch >>= 1
    return [*windows, 0], [*watched, 0]


def _optional(calls: list[float], ends: list[tuple[Any, int]]) -> list[int]:
    """Return the masks of those that may come next; past the last floor all may."""
    masks = []
    called = 0
    for ret, _ in ends:
        while called < len(calls) and calls[called] <= ret:
            called += 1
        masks.append((1 << called) - 1)
    return [*masks, (1 << len(calls)) - 1]


def _after(unknown: list[Operation]) -> list[int]:
    """Return who goes first of those that do the same.

    Of two that do the same and may both be left out, an order that has only the later, or has it
    first, is as good with the two exchanged: the earlier may stand wherever the later may.
    """
    latest: dict[Hashable, int] = {}
    masks = []
    for number, one in enumerate(unknown):
        same = sameness(one)
        masks.append(1 << latest[same] if same in latest else 0)
        latest[same] = number
    return masks


def sameness(one: Operation) -> Hashable:
    """Return a value that two operations share only if no model can tell them apart.

    What was called on what, with what, and what came out; a value of its own where nobody can tell.
    `marshal` keeps 1, True and 1.0 apart, which are equal to Python and not to every model; `repr`
    keeps arrays of other types apart, which are the same bytes to `marshal`.
    """
    told: Any = (one.key, one.name, one.arguments, one.keywords, one.output)
    try:
        return marshal.dumps(told, 2), repr(told)
    except ValueError:
        return object()

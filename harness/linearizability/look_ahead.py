"""Dead ends seen from afar, for models that say what is in reach of a state and what jumps.

An observer that is still to be placed needs a state that it fits. If that is not in reach of the
state, some operation has to jump first: one that is still to be placed, that may stand before the
observer, and that jumps to where it is in reach. Without one no order goes on from here, however
much could still be placed before that shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.linearizability.many_objects import ManyObjects
from harness.linearizability.masks import bits
from harness.linearizability.model import REFUSED, Model
from harness.linearizability.transitions import Transitions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from harness.linearizability.operation import Operation
    from harness.linearizability.transitions import Row


LOOK_AHEAD: Final = 64  # operations by when they came back
AHEAD: Final = (1 << LOOK_AHEAD) - 1


def looks_ahead(model: Model[Any]) -> bool:
    """Say whether a model tells what is in reach."""
    each = model.each if isinstance(model, ManyObjects) else model
    return type(each).in_reach is not Model.in_reach


@dataclass(frozen=True, slots=True)
class Numbering:
    """What a search calls its operations.

    Attributes:
        operations: By number: first those with known results, by when they came back.
        known: How many these are.
        watchers: Mask of the observers among these.
        too_late: Whether an operation has to stand after an observer, both by number.
        windows: By floor: mask, from the floor on, of those called before it came back; empty
            where calls do not matter.
    """

    operations: Sequence[Operation]
    known: int
    watchers: int
    too_late: Callable[[int, int], bool]
    windows: Sequence[int] = ()


class LookAhead:
    """Dead ends of one object, or of several: a step on one changes nothing for the others."""

    def __init__(self, numbering: Numbering, transitions: Transitions) -> None:
        model, operations = transitions.model, numbering.operations
        self._several = isinstance(model, ManyObjects)
        if not isinstance(model, ManyObjects):
            self._of = [0] * len(operations)
            self._objects = [ObjectAhead(numbering, transitions, range(len(operations)))]
            return
        self._of = [model.component(one) for one in operations]
        members: list[list[int]] = [[] for _ in model.initial()]
        for number, component in enumerate(self._of):
            members[component].append(number)
        self._objects = [
            ObjectAhead(numbering, Transitions(model.each, operations), one) for one in members
        ]

    def hopeless(  # noqa: PLR0913, PLR0917  # of the hot loop
        self, floor: int, done: int, used: int, row: Row, before: Row, number: int
    ) -> bool:
        """Say whether an observer that is still to be placed has no state left that it could fit.

        Args:
            floor: Those before it have been placed,
            done: and these from it on.
            used: Those with unknown results that have been placed.
            row: The state,
            before: that before it,
            number: and the operation in between.
        """
        component = self._of[number]
        ahead = self._objects[component]
        if self._several:
            row = ahead.transitions.row(row.state[component])
            before = ahead.transitions.row(before.state[component])
        return ahead.hopeless(floor, done, used, row, before, number)


class ObjectAhead:
    """What is out of reach of each state, and what the operations that jump bring back.

    It looks at observers that come back soon: those far off may still be saved by much.
    """

    def __init__(
        self, numbering: Numbering, transitions: Transitions, members: Iterable[int]
    ) -> None:
        self.transitions = transitions
        self._numbering = numbering
        self._in_reach = transitions.model.in_reach
        mine = sum(1 << number for number in members)
        self._watchers = numbering.watchers & mine
        self._known = 0
        self._jumps: dict[int, Row] = {}
        self._unknown: list[int] = []
        self._saviours: dict[int, tuple[int, int, int]] = {}
        for number in bits(mine):
            state = transitions.model.jumps_to(numbering.operations[number])
            if state is REFUSED:
                continue
            self._jumps[number] = transitions.row(state)
            if number < numbering.known:
                self._known |= 1 << number
            else:
                self._unknown.append(number)

    def hopeless(  # noqa: PLR0913, PLR0917  # of the hot loop
        self, floor: int, done: int, used: int, row: Row, before: Row, number: int
    ) -> bool:
        """Say whether an observer of this object is left without a state; see `LookAhead`."""
        near = (self._watchers >> floor) & AHEAD & ~done
        if number not in self._jumps:
            row.lost |= before.lost  # without a jump, what was out of reach still is
            row.asked |= before.lost
        lost = self._lost(row, near, floor)
        while lost:
            low = lost & -lost
            lost ^= low
            watcher = floor + low.bit_length() - 1
            base, known, unknown = self._saviours.get(watcher) or self._asked(watcher)
            if not (known >> (floor - base)) & ~done and not unknown & ~used:
                return True
        return False

    def _asked(self, watcher: int) -> tuple[int, int, int]:
        """Return the jumps that bring an observer into reach and may stand before it.

        As a mask from the lowest floor at which it is looked at, that floor before it; and as a
        mask of those with unknown results.
        """
        numbering = self._numbering
        base = max(0, watcher - LOOK_AHEAD + 1)
        early = watcher - base
        jumps = self._known >> base
        if numbering.windows:  # those called after it came back come too late
            jumps &= ((1 << early) - 1) | (numbering.windows[watcher] << early)
        known = sum(1 << one for one in bits(jumps) if self._saves(base + one, watcher))
        unknown = sum(
            1 << (one - numbering.known) for one in self._unknown if self._saves(one, watcher)
        )
        found = self._saviours[watcher] = base, known, unknown
        return found

    def _saves(self, jump: int, watcher: int) -> bool:
        numbering = self._numbering
        if numbering.too_late(jump, watcher):
            return False
        return self._in_reach(self._jumps[jump].state, numbering.operations[watcher])

    def _lost(self, row: Row, near: int, floor: int) -> int:
        """Return which of some observers are out of reach of a state."""
        fresh = near & ~(row.asked >> floor)
        if fresh:
            in_reach, state, operations = self._in_reach, row.state, self._numbering.operations
            for one in bits(fresh):
                if not in_reach(state, operations[floor + one]):
                    row.lost |= 1 << (floor + one)
            row.asked |= fresh << floor
        return (row.lost >> floor) & near

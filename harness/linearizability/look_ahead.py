"""Dead ends seen from afar, for models that say what is in reach of a state and what jumps.

An observer that is still to be placed needs a state that it fits. If that is not in reach of the
state, some operation has to jump first: one that is still to be placed, that may stand before the
observer, and that jumps to where it is in reach. Without one no order goes on from here, however
much could still be placed before that shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.linearizability.masks import bits
from harness.linearizability.model import REFUSED, Model

if TYPE_CHECKING:
    from harness.linearizability.interval_order import IntervalOrder
    from harness.linearizability.operation import Operation
    from harness.linearizability.transitions import Row, Transitions


def looks_ahead(model: Model[Any]) -> bool:
    """Say whether a model tells what is in reach."""
    return type(model).in_reach is not Model.in_reach


class LookAhead:
    """What is out of reach of each state, and what each operation that jumps brings back."""

    def __init__(self, layout: IntervalOrder, transitions: Transitions) -> None:
        self._operations = layout.operations
        self._in_reach = transitions.model.in_reach
        self._watchers = 0
        for floor, watched in enumerate(layout.watched):
            self._watchers |= watched << floor
        self._jumps: set[int] = set()
        self._known = self._unknown = 0
        self._brings: dict[int, int] = {}
        for number, one in enumerate(layout.operations):
            state = transitions.model.jumps_to(one)
            if state is REFUSED:
                continue
            self._jumps.add(number)
            self._brings[number] = self._brought(one, state)
            if number < layout.placed:
                self._known |= 1 << number
            else:
                self._unknown |= 1 << (number - layout.placed)
        self._placed = layout.placed

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
        lost = row.lost
        if lost is None:
            lost = row.lost = self._lost(row, before, number)
        lost = (lost >> floor) & ~done
        if not lost:
            return False
        brings = self._brings
        left = (self._known >> floor) & ~done
        while left:
            low = left & -left
            left ^= low
            lost &= ~(brings[floor + low.bit_length() - 1] >> floor)
            if not lost:
                return False
        for one in bits(self._unknown & ~used):
            lost &= ~(brings[self._placed + one] >> floor)
        return lost != 0

    def _lost(self, row: Row, before: Row, number: int) -> int:
        """Return the observers out of reach; those that were before are still, without a jump.

        That holds of the state, however it was come to: so it is remembered with the state.
        """
        lost = 0
        if before.lost is not None and number not in self._jumps:
            lost = before.lost
        in_reach, state = self._in_reach, row.state
        for one in bits(self._watchers & ~lost):
            if not in_reach(state, self._operations[one]):
                lost |= 1 << one
        return lost

    def _brought(self, jump: Operation, state: object) -> int:
        """Return the observers that come into reach by a jump, and may stand after it."""
        brought = 0
        for one in bits(self._watchers):
            watcher = self._operations[one]
            in_time = watcher.ret is None or jump.call <= watcher.ret
            if in_time and self._in_reach(state, watcher):
                brought |= 1 << one
        return brought

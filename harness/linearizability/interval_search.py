"""The search for an order that respects real time: Wing & Gong's, with Lowe's memory.

Depth first over configurations: which operations have been placed, and the state that they lead
to. None is visited twice (Lowe 2017, "Testing for linearizability", section 3), and of those that
come back soonest the first is tried first. What is left out, and why nothing is lost:

- An observer that fits the state is placed at once, without a choice: any order that goes on from
  here may have it here, since it changes nothing for the others.
- One that does not fit is no choice: it waits for a state in which it does.
- An operation with an unknown result may be left out, and is where it changes nothing: the same
  order without it leads to the same state.
- Of two operations that do the same and may both come next, the one that came back sooner goes
  first: where an order has them the other way round, they can be exchanged.
- A configuration is as good as visited if one was that has the same state and the same known
  operations, and fewer of the unknown: whatever goes on from it goes on from that one, too.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from harness.linearizability.interval_order import lay_out, sameness
from harness.linearizability.look_ahead import LookAhead, Numbering, looks_ahead
from harness.linearizability.masks import bits
from harness.linearizability.outcome import CONFIGURATION_BYTES, LOOK_UP, Outcome
from harness.linearizability.transitions import NOWHERE, Transitions
from harness.linearizability.witness import longest_each

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from harness.linearizability.interval_order import IntervalOrder
    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation
    from harness.linearizability.transitions import Row

KEPT_ENDS: Final = 64  # dead ends kept to explain a failure

# What a configuration was when one of its choices was taken: floor, placed from the floor on,
# unknown ones used, state, choices left, unknown ones left, the number that was chosen.
Frame = tuple[int, int, int, "Row", int, int, int]


class Place(NamedTuple):
    """A configuration and how it was come to."""

    frames: list[Frame]
    floor: int
    done: int
    used: int
    row: Row

    @property
    def size(self) -> int:
        """How many operations have been placed."""
        return self.floor + self.done.bit_count() + self.used.bit_count()


def numbered(layout: IntervalOrder) -> Numbering:
    """Return the layout as the look ahead wants it."""
    operations = layout.operations
    watchers = 0
    for floor, watched in enumerate(layout.watched):
        watchers |= watched << floor

    def too_late(jump: int, watcher: int) -> bool:
        ret = operations[watcher].ret
        return ret is not None and ret < operations[jump].call

    return Numbering(operations, layout.placed, watchers, too_late, layout.windows)


class IntervalSearch:
    """A search that runs a slice at a time. Of one thread.

    Attributes:
        configurations: How many were visited.
    """

    def __init__(
        self, operations: Sequence[Operation], model: Model[Any], blocked: Sequence[int] = ()
    ) -> None:
        layout = self.layout = lay_out(operations, model, frozenset(blocked))
        known = len(layout.operations)
        self._indices = [*layout.indices, *blocked]
        self._blocked = range(known, len(self._indices))
        every = [*layout.operations, *(operations[index] for index in blocked)]
        self.transitions = Transitions(model, every)
        self.configurations = 0
        self._here: Frame = (0, 0, 0, self.transitions.first, 0, 0, -1)
        self._entering = True
        self._leaf = False
        self._ahead: LookAhead | None = None
        self._same: list[int] | None = None
        self._stack: list[Frame] = []
        self._ends: dict[int, Place] = {}
        self._sizes: dict[int, int] = {}

    @property
    def size_bytes(self) -> int:
        """About how much memory it holds."""
        return self.transitions.size_bytes + self.configurations * CONFIGURATION_BYTES

    def run(self, tries: int, deadline_s: float) -> Outcome:  # noqa: C901, PLR0912, PLR0915
        """Go on for so many tries, or until `time.monotonic()` says so.

        One loop on purpose: it is all the time of a judgement, and a call costs as much as a try.
        """
        layout = self.layout
        windows, watched = layout.windows, layout.watched
        optional, after, placed = layout.optional, layout.after, layout.placed
        follow, ahead = self.transitions.follow, self._look_ahead()
        twins = () if self._entering else self._twins()
        stack, sizes = self._stack, self._sizes
        stride = placed + 1
        floor, done, used, row, choices, options, number = self._here
        entering, visited, leaf = self._entering, self.configurations, self._leaf
        next_floor, next_done, next_used, next_row = floor, done, used, row
        while tries > 0 or entering:
            tries -= 1
            if not tries & LOOK_UP and time.monotonic() > deadline_s and not entering:
                break
            if entering:
                entering = False
            elif choices:
                bit = choices & -choices
                choices ^= bit
                number = floor + bit.bit_length() - 1
                if twins and (twins[number] >> floor) & windows[floor] & ~done:
                    continue
                known = row.get(number)
                next_row = follow(row, number) if known is None else known
                if next_row is NOWHERE:
                    continue
                next_floor, next_done, next_used = floor, done | bit, used
            elif options:
                bit = options & -options
                options ^= bit
                index = bit.bit_length() - 1
                if after[index] & ~used:
                    continue
                number = placed + index
                known = row.get(number)
                next_row = follow(row, number) if known is None else known
                if next_row is NOWHERE or next_row is row:
                    continue
                next_floor, next_done, next_used = floor, done, used | bit
            else:
                if leaf:
                    leaf = False
                    size = floor + done.bit_count() + used.bit_count()
                    last = stack[-1][6]
                    if sizes.get(last, -1) < size:
                        sizes[last] = size
                        self._keep(last, Place(stack[:], floor, done, used, row))
                floor, done, used, row, choices, options, number = stack.pop()
                if not stack:
                    self.configurations = visited
                    return Outcome.NONE
                continue
            # Place every observer that fits; a floor that rises may bring others within reach.
            while True:
                if next_done & 1:
                    gone = ((next_done + 1) & ~next_done).bit_length() - 1
                    next_done >>= gone
                    next_floor += gone
                waiting = watched[next_floor] & ~next_done
                fit = 0
                while waiting:
                    bit = waiting & -waiting
                    waiting ^= bit
                    watcher = next_floor + bit.bit_length() - 1
                    known = next_row.get(watcher)
                    if known is None:
                        known = follow(next_row, watcher)
                    if known is not NOWHERE:
                        fit |= bit
                next_done |= fit
                if not fit & 1:
                    break
            # Only what was not visited, and is no worse than what was.
            key = next_done * stride + next_floor
            seen = next_row.seen
            if after:
                if not seen:
                    next_row.seen = {key: [next_used]}
                elif (others := seen.get(key)) is None:
                    seen[key] = [next_used]
                else:
                    if any(not other & ~next_used for other in others):
                        continue
                    seen[key] = [one for one in others if next_used & ~one] + [next_used]
            elif seen is None:
                next_row.seen = {key}
            elif key in seen:
                continue
            else:
                seen.add(key)
            if ahead is not None and ahead.hopeless(
                next_floor, next_done, next_used, next_row, row, number
            ):
                continue
            stack.append((floor, done, used, row, choices, options, number))
            floor, done, used, row = next_floor, next_done, next_used, next_row
            visited += 1
            leaf = True
            if floor == placed and self._final(row):
                self._here = (floor, done, used, row, 0, 0, -1)
                self.configurations = visited
                return Outcome.FOUND
            choices = windows[floor] & ~(done | watched[floor])
            options = optional[floor] & ~used
        self._here = (floor, done, used, row, choices, options, number)
        self._entering, self._leaf, self.configurations = False, leaf, visited
        return Outcome.RUNNING

    def _twins(self) -> list[int]:
        """Return for each known operation the mask of those that do the same and come back sooner.

        For a search that turned out to be hard. Empty if there are none.
        """
        if self._same is None:
            groups: dict[Hashable, int] = {}
            self._same = []
            for number, one in enumerate(self.layout.operations[: self.layout.placed]):
                same = sameness(one)
                self._same.append(groups.get(same, 0))
                groups[same] = self._same[-1] | 1 << number
            if not any(self._same):
                self._same = []
        return self._same

    def _look_ahead(self) -> LookAhead | None:
        """Return what sees dead ends from afar, once the search turned out to be hard."""
        if self._entering or not looks_ahead(self.transitions.model):
            return None
        if self._ahead is None:
            self._ahead = LookAhead(numbered(self.layout), self.transitions)
        return self._ahead

    def order(self) -> list[int]:
        """Return the order that was found, as indices into the operations given."""
        floor, done, used, row, _, _, _ = self._here
        return self._order(Place(self._stack, floor, done, used, row))

    def dead_ends(self) -> list[tuple[list[int], Any, list[int]]]:
        """Return the longest orders, each with its state and those that are refused there."""
        places = sorted(self._ends.values(), key=lambda one: -one.size)
        chosen = longest_each([self._order(place) for place in places])
        return [self._told(places[one]) for one in chosen]

    def _final(self, row: Row) -> bool:
        """Say whether all those that wait for ever would have to wait in this state."""
        follow = self.transitions.follow
        return all(follow(row, one) is NOWHERE for one in self._blocked)

    def _keep(self, last: int, place: Place) -> None:
        self._ends[last] = place
        if len(self._ends) > 2 * KEPT_ENDS:
            kept = sorted(self._ends, key=lambda one: -self._ends[one].size)[:KEPT_ENDS]
            self._ends = {one: self._ends[one] for one in kept}

    def _order(self, place: Place) -> list[int]:
        """Return the order that leads to a place: each choice, then the observers that fitted."""
        frames, indices = place.frames, self._indices
        reached = [*((frame[0], frame[1]) for frame in frames[1:]), (place.floor, place.done)]
        order: list[int] = []
        before = held = 0
        for (_, _, _, _, _, _, chosen), (floor, done) in zip(frames, reached, strict=True):
            rise = floor - before
            fresh = ((done << rise) | ((1 << rise) - 1)) & ~held
            if chosen >= 0:
                order.append(indices[chosen])
                if chosen < self.layout.placed:
                    fresh ^= 1 << (chosen - before)
            while fresh:
                low = fresh & -fresh
                fresh ^= low
                order.append(indices[before + low.bit_length() - 1])
            before, held = floor, done
        return order

    def _told(self, place: Place) -> tuple[list[int], Any, list[int]]:
        layout, row = self.layout, place.row
        here = layout.windows[place.floor] & ~place.done
        stuck = [place.floor + one for one in bits(here)]
        refused = [one for one in stuck if row.get(one) is NOWHERE]
        waits = [one for one in self._blocked if row.get(one, NOWHERE) is not NOWHERE]
        return self._order(place), row.state, [self._indices[one] for one in refused + waits]

"""The search for an order that respects only the order of each client (Lamport 1979).

The same search as that for real time, with the same reasons for what it leaves out; what may come
next is not a window of time but, for each client, what follows the last one placed. An operation
whose result nobody learnt stands after what its client had finished before, and may be left out.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.linearizability.interval_order import sameness
from harness.linearizability.look_ahead import LookAhead, Numbering, looks_ahead
from harness.linearizability.masks import bits
from harness.linearizability.outcome import CONFIGURATION_BYTES, LOOK_UP, Outcome
from harness.linearizability.transitions import NOWHERE, Transitions
from harness.linearizability.witness import longest_each

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from harness.linearizability.model import Model
    from harness.linearizability.operation import Operation
    from harness.linearizability.transitions import Row


class Configuration(NamedTuple):
    """What has been placed, and what it leads to.

    Attributes:
        placed: Mask of operations.
        order: Those placed since the configuration before, in this order.
        ready: Mask of those that may come next.
        row: The state.
        choices: Those that have not been tried from here.
    """

    placed: int
    order: tuple[int, ...]
    ready: int
    row: Row
    choices: Iterator[int]


class ProgramSearch:
    """A search that runs a slice at a time. Of one thread.

    Attributes:
        configurations: How many were visited.
    """

    def __init__(
        self, operations: Sequence[Operation], model: Model[Any], blocked: Sequence[int] = ()
    ) -> None:
        # Numbered by when they came back, since most histories nearly respect real time.
        self._indices = sorted(range(len(operations)), key=lambda index: _end(operations[index]))
        self._operations = [operations[index] for index in self._indices]
        self.transitions = Transitions(model, self._operations)
        self.configurations = 0
        self._blocked = [at for at, index in enumerate(self._indices) if index in blocked]
        self._known = self._watch = self._dropped = 0
        for number, one in enumerate(self._operations):
            watch = model.observes(one)
            self._known |= one.known << number
            self._watch |= (watch and one.known) << number
            self._dropped |= (number in self._blocked or (watch and not one.known)) << number
        self._before = _before(self._operations)
        self._followers: list[list[int]] = [[] for _ in self._before]
        for number, before in enumerate(self._before):
            for earlier in bits(before):
                self._followers[earlier].append(number)
        self._twins = _twins(self._operations, self._known | self._dropped)
        self._stack: list[Configuration] = []
        self._longest: dict[int, tuple[int, list[int], Configuration]] = {}
        self._found = False
        self._count = self._known.bit_count()
        self._ahead: LookAhead | None = None
        first = sum(1 << number for number, before in enumerate(self._before) if not before)
        self._enter(0, None, first & ~self._dropped, self.transitions.first)

    @property
    def size_bytes(self) -> int:
        """About how much memory it holds."""
        each = CONFIGURATION_BYTES + len(self._operations) // 4
        return self.transitions.size_bytes + self.configurations * each

    def run(self, tries: int, deadline_s: float) -> Outcome:
        """Go on for so many tries, or until `time.monotonic()` says so."""
        stack = self._stack
        if self.configurations > 1 and looks_ahead(self.transitions.model):
            self._look_ahead()
        while not self._found:
            tries -= 1
            if tries < 0 or (not tries & LOOK_UP and time.monotonic() > deadline_s):
                return Outcome.RUNNING
            here = stack[-1]
            number = next(here.choices, None)
            if number is not None:
                self._try(here, number)
                continue
            if len(stack) == 1:
                self._keep(here)
                return Outcome.NONE
            self._keep(here)
            stack.pop()
        return Outcome.FOUND

    def order(self) -> list[int]:
        """Return the order that was found, as indices into the operations given."""
        return [self._indices[one] for one in self._placed()]

    def dead_ends(self) -> list[tuple[list[int], Any, list[int]]]:
        """Return the longest orders, each with its state and those that are refused there."""
        ends = sorted(self._longest.values(), key=lambda one: -one[0])
        return [self._told(*ends[one][1:]) for one in longest_each([end[1] for end in ends])]

    def _told(self, order: list[int], here: Configuration) -> tuple[list[int], Any, list[int]]:
        stuck = [*bits(here.ready & self._known), *self._blocked]
        refused = [
            self._indices[one] for one in stuck
            if (self._leads(here.row, one) is NOWHERE) is not (one in self._blocked)
        ]  # fmt: skip
        return [self._indices[one] for one in order], here.row.state, refused

    def _placed(self) -> list[int]:
        return [one for configuration in self._stack for one in configuration.order]

    def _keep(self, here: Configuration) -> None:
        """Remember a dead end if it is the longest with its last operation."""
        size = here.placed.bit_count()
        last = here.order[0] if here.order else -1
        if last not in self._longest or self._longest[last][0] < size:
            self._longest[last] = (size, self._placed(), here)

    def _leads(self, row: Row, number: int) -> Row:
        known = row.get(number)
        return self.transitions.follow(row, number) if known is None else known

    def _try(self, here: Configuration, number: int) -> None:
        row = self._leads(here.row, number)
        optional = not self._known >> number & 1
        if row is NOWHERE or (optional and row is here.row):
            return
        self._enter(here.placed, number, here.ready, row, here.row)

    def _look_ahead(self) -> None:
        """See dead ends from afar from now on."""

        def too_late(jump: int, watcher: int) -> bool:
            return precedes(self._operations[watcher], self._operations[jump])

        if self._ahead is None:
            numbering = Numbering(self._operations, self._count, self._watch, too_late)
            self._ahead = LookAhead(numbering, self.transitions)

    def _hopeless(self, placed: int, row: Row, before: Row, number: int) -> bool:
        if self._ahead is None:
            return False
        known = placed & self._known
        floor = ((known + 1) & ~known).bit_length() - 1
        used = placed >> self._count
        return self._ahead.hopeless(floor, known >> floor, used, row, before, number)

    def _enter(
        self, placed: int, number: int | None, ready: int, row: Row, before: Row | None = None
    ) -> None:
        """Go on to a configuration, with every observer placed that fits there."""
        order = []
        if number is not None:
            placed, ready = self._place(placed, number, ready)
            order.append(number)
        waiting = ready & self._watch
        while waiting:
            fitting = [one for one in bits(waiting) if self._leads(row, one) is not NOWHERE]
            for one in fitting:
                placed, ready = self._place(placed, one, ready)
            order += fitting
            # Only those that were not asked: the state is still the same.
            waiting = ready & self._watch & ~waiting if fitting else 0
        if not self._is_new(placed, row):
            return
        if before is None or number is None or not self._hopeless(placed, row, before, number):
            self.configurations += 1
            choices = self._choices(placed, ready)
            self._stack.append(Configuration(placed, tuple(order), ready, row, choices))
            done = placed & self._known == self._known
            self._found = done and all(self._leads(row, one) is NOWHERE for one in self._blocked)

    def _choices(self, placed: int, ready: int) -> Iterator[int]:
        yield from bits(ready & self._known & ~self._watch)
        for number in bits(ready & ~self._known):
            if not self._twins[number] & ~placed:
                yield number

    def _place(self, placed: int, number: int, ready: int) -> tuple[int, int]:
        """Return what is placed, and what may come next, after one more."""
        placed |= 1 << number
        ready &= ~(1 << number)
        for one in self._followers[number]:
            if not self._before[one] & ~placed and not self._dropped >> one & 1:
                ready |= 1 << one
        return placed, ready

    def _is_new(self, placed: int, row: Row) -> bool:
        """Say whether no configuration was visited that is as good, and remember this one."""
        if row.seen is None:
            row.seen = {}
        used = placed & ~self._known
        others = row.seen.setdefault(placed & self._known, [])
        if any(not other & ~used for other in others):
            return False
        others[:] = [*(one for one in others if used & ~one), used]
        return True


def _end(one: Operation) -> float:
    return one.ret if one.known and one.ret is not None else float("inf")


def precedes(first: Operation, second: Operation) -> bool:
    """Say whether one operation has to stand before another: its client had finished it."""
    return first.client == second.client and _end(first) < second.call


def _before(operations: Sequence[Operation]) -> list[int]:
    """Return for each operation the mask of its client's that it comes right after.

    Those before these are left out: they come before them, too.
    """
    programs: dict[int | str, list[int]] = {}
    for number, one in enumerate(operations):
        programs.setdefault(one.client, []).append(number)
    masks = [0] * len(operations)
    for program in programs.values():
        ended = sorted(program, key=lambda number: _end(operations[number]))
        latest, passed = float("-inf"), 0  # the latest call of those that ended before
        for number in sorted(program, key=lambda number: operations[number].call):
            call = operations[number].call
            while passed < len(ended) and _end(operations[ended[passed]]) < call:
                latest = max(latest, operations[ended[passed]].call)
                passed += 1
            at = passed - 1
            while at >= 0 and _end(operations[ended[at]]) >= latest:
                masks[number] |= 1 << ended[at]
                at -= 1
    return masks


def _twins(operations: Sequence[Operation], others: int) -> dict[int, int]:
    """Return for each operation, but the others, the mask of the one of its client's before it.

    It does the same and was called before, so it may stand wherever the later may.
    """
    latest: dict[Hashable, int] = {}
    masks = {}
    unknown = [number for number in range(len(operations)) if not others >> number & 1]
    for number in sorted(unknown, key=lambda one: operations[one].call):
        same = (operations[number].client, sameness(operations[number]))
        masks[number] = 1 << latest[same] if same in latest else 0
        latest[same] = number
    return masks

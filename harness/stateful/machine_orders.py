"""Looks for an order in which a machine, run sequentially, returns what its threads saw.

The order has to respect real time: a step that came back before another was made stands before it
(Herlihy and Wing 1990). The search is depth first, and a step is only tried where nothing that came
back before it is left; what does not return what was seen ends its branch, so that of the orders
of a program few are ever run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from harness.stateful.machine_sequence import NoResult
from harness.stateful.machine_values import Pairing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.judged import Alone
    from harness.stateful.machine_sequence import Order, SequentialRuns

MAX_TRIED: Final = 3_000  # sequential steps for one history: a quarter of a second


class OrderLimitError(Exception):
    """A history has more orders than are tried."""


@dataclass(frozen=True, slots=True)
class Made:
    """One step as an execution saw it.

    Attributes:
        index: Its number in the program.
        before: The steps that had come back when it was made, as bits.
        outcome: What it returned; `NoResult.WAITS` if it never came back.
    """

    index: int
    before: int
    outcome: Any


@dataclass(frozen=True, slots=True)
class Stuck:
    """The longest order that fits, and what does not fit after it.

    Attributes:
        order: Indices of steps.
        instead: What the steps that could come next return there, by index.
    """

    order: Order
    instead: tuple[tuple[int, Any], ...]


class OrderSearch:
    """One search for an order of the steps of one execution.

    Attributes:
        stuck: How far it got.
    """

    def __init__(self, runs: SequentialRuns, made: Sequence[Made], alone: Alone) -> None:
        self._runs = runs
        self._made = made
        self._alone = alone
        self._tried = 0
        self._all = sum(1 << one.index for one in made if one.outcome is not NoResult.WAITS)
        self.stuck = Stuck((), ())

    def find(self) -> Order | None:
        """Return an order that fits; None if there is none.

        Raises:
            OrderLimitError: There are too many to say so.
        """
        return self._extend((), 0, Pairing())

    def _extend(self, order: Order, placed: int, pairing: Pairing) -> Order | None:
        left = [one for one in self._made if not placed >> one.index & 1]
        back = [one for one in left if one.outcome is not NoResult.WAITS]
        if not back:
            return order if self._all_wait(order, left) else None
        instead: list[tuple[int, Any]] = []
        for one in back:
            if one.before & self._all & ~placed:
                continue  # something came back before it, and stands after it
            outcome = self._outcome((*order, one.index))
            paired = pairing.with_equal(one.outcome, outcome)
            if paired is None:
                instead.append((one.index, outcome))
                continue
            found = self._extend((*order, one.index), placed | 1 << one.index, paired)
            if found is not None:
                return found
        if instead and (not self.stuck.instead or len(order) > len(self.stuck.order)):
            self.stuck = Stuck(order, tuple(instead))
        return None

    def _all_wait(self, order: Order, pending: Sequence[Made]) -> bool:
        """Say whether all steps that never came back are right to wait after an order."""
        for one in pending:
            outcome = self._outcome((*order, one.index))
            if outcome is not NoResult.WAITS:
                if not self.stuck.instead or len(order) >= len(self.stuck.order):
                    self.stuck = Stuck(order, ((one.index, outcome),))
                return False
        return True

    def _outcome(self, order: Order) -> Any:  # noqa: ANN401  # any result
        self._tried += 1
        if self._tried > MAX_TRIED:
            raise OrderLimitError
        return self._runs.outcome(order, self._alone)

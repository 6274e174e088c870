"""Every schedule up to a number of delays, depth first.

Source: Emmi, Qadeer, Rakamaric, "Delay-bounded scheduling", POPL 2011; see `delay` for what a delay
is. With k choices there are at most (k + d)! / (k! d!) schedules with d delays, however many tasks
there are, and far fewer than with d preemptions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.strategies.delay import DEFAULT_DELAYS, RoundRobin, check_delays
from harness.strategies.divergence import DivergedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task


class _Choice:
    """A point on the current path: who was offered in which order, and how many are skipped."""

    __slots__ = ("most", "order", "skipped")

    def __init__(self, order: tuple[int, ...], most: int) -> None:
        self.order = order
        self.most = most
        self.skipped = 0


class DelaySearch:
    """All placements of at most `delays` delays; deterministic, there is no seed.

    Attributes:
        cut: Some schedule was left out because of the bound.

    Raises:
        ArgumentError: `delays` is not a whole number from 0.
    """

    __slots__ = (
        "_depth",
        "_left",
        "_path",
        "_turns",
        "bound",
        "cut",
        "early_timeouts",
        "exhaustive",
    )

    def __init__(self, delays: int = DEFAULT_DELAYS) -> None:
        check_delays(delays, least=0)
        self.bound = delays
        self.cut = False
        self.exhaustive = True
        self.early_timeouts = True
        self._path: list[_Choice] = []
        self._depth = 0
        self._left = delays
        self._turns = RoundRobin()

    def begin(self, execution: int) -> bool:
        """Move to the next path; False when all have been run. Execution 0 begins anew.

        Raises:
            DivergedError: The last execution ended before the path that it was to follow.
        """
        if execution and self._depth < len(self._path):
            raise DivergedError(
                self._taken(len(self._path)),
                f"an execution ended after {self._depth} choices, and an earlier one that began "
                f"with the same made {len(self._path)}",
            )
        self._depth = 0
        self._left = self.bound
        self._turns.reset()
        if not execution:
            self._path.clear()
            self.cut = False
            return True
        while self._path:
            last = self._path[-1]
            if last.skipped < last.most:
                last.skipped += 1
                return True
            self._path.pop()
        return False

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the next task of the current path.

        Raises:
            DivergedError: Others can run here than in an earlier execution.
        """
        tasks = self._turns.order(ready, current)
        order = tuple([task.id for task in tasks])
        if self._depth == len(self._path):
            self._path.append(_Choice(order, min(self._left, len(order) - 1)))
            self.cut = self.cut or len(order) - 1 > self._left
        choice = self._path[self._depth]
        if choice.order != order:
            raise self._diverged(choice.order, order)
        self._depth += 1
        self._left -= choice.skipped
        chosen = tasks[choice.skipped]
        self._turns.take(chosen)
        return chosen

    def _diverged(self, earlier: tuple[int, ...], now: tuple[int, ...]) -> DivergedError:
        return DivergedError(
            self._taken(self._depth),
            f"at choice {self._depth + 1} tasks {_listed(now)} could run, in this order, and "
            f"{_listed(earlier)} in an earlier execution that began with the same choices",
        )

    def _taken(self, depth: int) -> list[int]:
        """Return the first choices of the current path."""
        return [choice.order[choice.skipped] for choice in self._path[:depth]]

    def scope(self) -> str:
        """Say what was covered once nothing is left."""
        if not self.cut:
            return "no bound"
        return f"within {self.bound} delay{'s' if self.bound != 1 else ''}"


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))

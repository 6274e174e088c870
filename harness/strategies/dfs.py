"""Every schedule up to a number of preemptions, depth first.

Source: Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
programs", PLDI 2007: most bugs need very few preemptions, and the schedules with at most c of them
are polynomially many. There is no partial-order reduction here: schedules that differ only in the
order of independent steps are all run.

A preemption is a switch away from a task that could go on; letting a timeout fire while some task
could run costs one as well, or a loop around a timed wait would have no last schedule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import ArgumentError
from harness.strategies.divergence import DivergedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task

DEFAULT_PREEMPTIONS = 2


class _Choice:
    """A point on the current path: what was offered, which is taken, what it cost."""

    __slots__ = ("current", "index", "offered", "options", "spent")

    def __init__(
        self, options: list[tuple[int, int]], spent: int, *, offered: int, current: int
    ) -> None:
        self.options = options  # (task id, preemptions that choosing it costs)
        self.spent = spent  # preemptions before this point
        self.offered = offered  # how many could go on, and who asked: the same in every execution
        self.current = current
        self.index = 0


class BoundedDfs:
    """Depth-first search; deterministic, there is no seed.

    Attributes:
        cut: Some schedule was left out because of the bound.

    Raises:
        ArgumentError: `preemptions` is neither None nor a whole number from 0.
    """

    __slots__ = ("_depth", "_path", "_spent", "bound", "cut", "early_timeouts", "exhaustive")

    def __init__(self, preemptions: int | None = DEFAULT_PREEMPTIONS) -> None:
        if preemptions is not None and (type(preemptions) is not int or preemptions < 0):
            raise ArgumentError(
                "preemptions", preemptions, "a whole number, or None for no bound; they start at 0"
            )
        self.bound = preemptions
        self.cut = False
        self.exhaustive = True
        self.early_timeouts = True
        self._path: list[_Choice] = []
        self._depth = 0
        self._spent = 0

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
        self._spent = 0
        if not execution:
            self._path.clear()
            self.cut = False
            return True
        while self._path:
            last = self._path[-1]
            last.index += 1
            if last.index < len(last.options):
                return True
            self._path.pop()
        return False

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the next task of the current path.

        Raises:
            DivergedError: Others can run here than in an earlier execution.
        """
        asking = -1 if current is None else current.id
        if self._depth == len(self._path):
            options = self._options(ready, current)
            self._path.append(_Choice(options, self._spent, offered=len(ready), current=asking))
        choice = self._path[self._depth]
        wanted, cost = choice.options[choice.index]
        if choice.offered == len(ready) and choice.current == asking:
            for task in ready:
                if task.id == wanted:
                    self._depth += 1
                    self._spent += cost
                    return task
        names = ", ".join(f"{task.id} ({task.name})" for task in ready)
        raise DivergedError(
            self._taken(self._depth),
            f"at choice {self._depth + 1} tasks {names} could run, and in an earlier execution "
            f"that began with the same choices there were {choice.offered}, task {wanted} among "
            "them",
        )

    def _options(self, ready: Sequence[Task], current: Task | None) -> list[tuple[int, int]]:
        """Return what may be chosen within the bound, the cheapest first."""
        someone_ready = current is not None or any(not task.parked for task in ready)
        priced = []
        for task in ready:
            preempts = current is not None and task is not current
            hurries = task.parked and someone_ready
            priced.append((task.id, int(preempts or hurries)))
        priced.sort(key=_cost)
        if self.bound is None:
            return priced
        left = self.bound - self._spent
        allowed = [option for option in priced if option[1] <= left]
        self.cut = self.cut or len(allowed) < len(priced)
        return allowed

    def _taken(self, depth: int) -> list[int]:
        """Return the first choices of the current path."""
        return [choice.options[choice.index][0] for choice in self._path[:depth]]

    def scope(self) -> str:
        """Say what was covered once nothing is left."""
        if self.bound is None or not self.cut:
            return "no bound"
        return f"within {self.bound} preemption{'s' if self.bound != 1 else ''}"


def _cost(option: tuple[int, int]) -> int:
    return option[1]

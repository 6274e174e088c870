"""Every schedule up to a number of preemptions, depth first.

Source: Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded
programs", PLDI 2007: most bugs need very few preemptions, and the schedules with at most c of them
are polynomially many. There is no partial-order reduction here: schedules that differ only in the
order of independent steps are all run.

A preemption is a switch away from a task that could go on; letting a timeout fire while some task
could run costs one as well, or a loop around a timed wait would have no last schedule.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.errors import ArgumentError
from harness.strategies.dfs_probe import DfsProbe, schedules
from harness.strategies.divergence import DivergedError
from harness.strategies.subtree import PartList, Subtree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task
    from harness.estimate import Estimate
    from harness.strategies.subtree import Parts

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

    Args:
        preemptions: In one execution; None for no bound.

    Attributes:
        cut: Some schedule was left out because of the bound.

    Raises:
        ArgumentError: `preemptions` is neither None nor a whole number from 0.
    """

    __slots__ = (
        "_depth",
        "_done",
        "_earlier",
        "_forced",
        "_given",
        "_paid",
        "_parts",
        "_path",
        "_probe",
        "_root",
        "_spent",
        "_stream",
        "_was_cut",
        "bound",
        "cut",
        "early_timeouts",
        "exhaustive",
    )

    def __init__(self, preemptions: int | None = DEFAULT_PREEMPTIONS) -> None:
        if preemptions is not None and (type(preemptions) is not int or preemptions < 0):
            raise ArgumentError(
                "preemptions", preemptions, "a whole number, or None for no bound; they start at 0"
            )
        self.bound = preemptions
        self.cut = False
        self.exhaustive = True
        self.early_timeouts = True
        self._given: Parts | None = None
        self._was_cut = False
        self._stream = 0
        self._parts: Parts = PartList()
        self._path: list[_Choice] = []
        self._root = 0  # choices that all schedules of this part share
        self._forced: tuple[int, ...] = ()  # how the first schedule of this part begins
        self._depth = 0
        self._spent = 0
        self._done = self._earlier = 0
        self._probe: DfsProbe | None = None
        self._paid: list[tuple[int, int]] = []  # one option a task: a path may hold millions

    def go_on(self, parts: Parts, *, earlier: int = 0, cut: bool = False, stream: int = 0) -> None:
        """Search these parts of the tree only; call it before the first execution.

        Args:
            stream: Of the walks that the size of the tree is estimated by.
            earlier: Schedules of this tree that others have run.
            cut: They left some out because of the bound.
        """
        self._given = self._parts = parts
        self._earlier = earlier
        self._was_cut = cut
        self._stream = stream

    def begin(self, execution: int) -> bool:
        """Move to the next path; False when all have been run. Execution 0 begins anew.

        Raises:
            DivergedError: The last execution ended before the path that it was to follow.
        """
        self._done = self._earlier + execution
        if not execution:
            self._path.clear()
            self._forced = ()
            self._root = 0
            self.cut = self._was_cut
            self._parts = PartList() if self._given is None else self._given
            return self._next_part()
        self.check_end()
        self._depth = 0
        self._spent = 0
        self._forced = ()
        while len(self._path) > self._root:
            last = self._path[-1]
            last.index += 1
            if last.index < len(last.options):
                return True
            self._path.pop()
        return self._next_part()

    def _next_part(self) -> bool:
        part = self._parts.take()
        if part is None:
            self._path.clear()
            return False
        self.enter(part)
        return True

    def enter(self, part: Subtree) -> None:
        """Go to the first schedule of a part."""
        self._path.clear()
        self._depth = 0
        self._spent = 0
        self._root = part.root
        self._forced = part.choices

    def check_end(self) -> None:
        """Check that the last execution came to the end of the path that it was to follow.

        Raises:
            DivergedError: It ended before.
        """
        expected = max(len(self._path), len(self._forced))
        if self._depth < expected:
            raise DivergedError(
                self._taken(len(self._path)),
                f"an execution ended after {self._depth} choices, and an earlier one that began "
                f"with the same made {expected}",
            )

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the next task of the current path.

        Raises:
            DivergedError: Others can run here than in an earlier execution.
        """
        asking = -1 if current is None else current.id
        if self._depth == len(self._path):
            options = self._options(ready, current, self._spent)
            if self._path and options == self._path[-1].options:
                options = self._path[-1].options  # a thousand tasks are the same ones mostly
            self._path.append(_Choice(options, self._spent, offered=len(ready), current=asking))
            if self._depth < len(self._forced):
                self._force(self._forced[self._depth])
        choice = self._path[self._depth]
        wanted, cost = choice.options[choice.index]
        if choice.offered == len(ready) and choice.current == asking:
            for task in ready:
                if task.id == wanted:
                    self._depth += 1
                    self._spent += cost
                    return task
        raise self._diverged(ready, wanted, choice.offered)

    def _force(self, wanted: int) -> None:
        """Take the choice that somebody else has made here."""
        choice = self._path[-1]
        ids = [task for task, _ in choice.options]
        choice.index = ids.index(wanted) if wanted in ids else 0
        if wanted not in ids:
            choice.offered = -1  # nobody is offered then: it diverges

    def _diverged(self, ready: Sequence[Task], wanted: int, offered: int) -> DivergedError:
        names = ", ".join(f"{task.id} ({task.name})" for task in ready)
        others = f"there were {offered}, task {wanted} among them" if offered >= 0 else "others"
        return DivergedError(
            self._taken(self._depth),
            f"at choice {self._depth + 1} tasks {names} could run, and in an earlier execution "
            f"that began with the same choices {others}",
        )

    def _options(
        self, ready: Sequence[Task], current: Task | None, spent: int
    ) -> list[tuple[int, int]]:
        """Return what may be chosen within the bound, the cheapest first."""
        left = None if self.bound is None else self.bound - spent
        if current is not None:
            if left == 0:
                self.cut = True
                return [(current.id, 0)]
            paid = self._paid
            if ready[-1].id >= len(paid):
                paid.extend((number, 1) for number in range(len(paid), ready[-1].id + 1))
            return [(current.id, 0), *[paid[task.id] for task in ready if task is not current]]
        someone_ready = any(not task.parked for task in ready)
        priced = [(task.id, int(task.parked and someone_ready)) for task in ready]
        priced.sort(key=_cost)
        if left is None:
            return priced
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

    # -- how much is done, and what is left --------------------------------------------------------

    def probe(self) -> DfsProbe:
        """Return a strategy whose executions sample the tree, for `estimate`."""
        if self._probe is None:
            self._probe = DfsProbe(self._options, self.bound, self._stream)
        self._probe.longest = max(self._probe.longest, len(self._path))
        return self._probe

    def estimate(self) -> Estimate | None:
        """Return which part of the tree was run, by what the probe has seen."""
        return None if self._probe is None else self._probe.share_of(self._done)

    def left(self, *, running: bool) -> list[Subtree]:
        """Return what is still to be searched, here and in the parts that nobody has taken.

        Args:
            running: The last execution did not come to its end.
        """
        current = self._unfinished() if running else self._following()
        return [*current, *self._parts.left()]

    def _unfinished(self) -> list[Subtree]:
        taken = tuple(self._taken(len(self._path)))
        return [Subtree(self._root, max(taken, self._forced, key=len))]

    def _following(self) -> list[Subtree]:
        """Return the rest of this part, from the path that follows the current one."""
        for depth in range(len(self._path) - 1, self._root - 1, -1):
            choice = self._path[depth]
            if choice.index + 1 < len(choice.options):
                following = choice.options[choice.index + 1][0]
                return [Subtree(self._root, (*self._taken(depth), following))]
        return []

    def siblings(self) -> list[tuple[float, Subtree]]:
        """Split the rest of this part: each child that nobody has entered, with its rough size."""
        found = []
        for depth in range(self._root, len(self._path)):
            choice = self._path[depth]
            before = tuple(self._taken(depth))
            to_go = max(len(self._path) - depth - 1, 1)
            for wanted, cost in choice.options[choice.index + 1 :]:
                size = self._log_size(choice.spent + cost, to_go, len(choice.options) - 1)
                found.append((size, Subtree(depth + 1, (*before, wanted))))
        return found

    def _log_size(self, spent: int, to_go: int, others: int) -> float:
        if self.bound is None:
            return to_go * math.log(2.0)
        return math.log(schedules(self.bound - spent, to_go, max(others, 1)))


def _cost(option: tuple[int, int]) -> int:
    return option[1]

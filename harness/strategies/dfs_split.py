"""Divides the tree of a depth-first search into parts that several processes can search.

The first execution of a part shows its path; everything else of the part lies below the children
that the path did not take. So with each execution one part becomes several, and nothing is run
twice. The part with the most schedules, by a rough count, is divided first.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from harness.strategies.subtree import PartList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task
    from harness.estimate import Estimate
    from harness.strategies.dfs import BoundedDfs
    from harness.strategies.dfs_probe import DfsProbe
    from harness.strategies.subtree import Subtree


class DfsSplit:
    """A strategy that runs one execution of each part, until there are enough parts.

    Args:
        dfs: The search that is divided; it has not begun.
        wanted: Parts after which there are enough.
        parts: What is to be divided.
        cut: Some schedule was left out before, because of the bound.
    """

    __slots__ = (
        "_cut",
        "_dfs",
        "_entered",
        "_heap",
        "_number",
        "_parts",
        "_wanted",
        "early_timeouts",
        "exhaustive",
    )

    def __init__(
        self, dfs: BoundedDfs, wanted: int, parts: Sequence[Subtree], *, cut: bool = False
    ) -> None:
        self._dfs = dfs
        self._wanted = wanted
        self._parts = list(parts)
        self._heap: list[tuple[float, int, Subtree]] = []
        self._cut = cut
        self._entered: Subtree | None = None  # the part whose first schedule runs
        self._number = 0  # of parts that were made: the order among equals
        self.exhaustive = True
        self.early_timeouts = True

    def begin(self, execution: int) -> bool:
        """Go to the first schedule of the greatest part; False when there is none."""
        if not execution:
            for part in self._parts:
                self._keep(0.0, part)
            self._dfs.go_on(PartList(()), cut=self._cut)
            self._dfs.begin(0)
        self._collect()
        if not self._heap:
            return False
        self._entered = heapq.heappop(self._heap)[-1]
        self._dfs.enter(self._entered)
        return True

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return the next task of the part's first schedule."""
        return self._dfs.pick(ready, current)

    def allows(self, execution: int) -> bool:
        """Say whether there are too few parts yet, after so many executions."""
        self._collect()
        return not execution or 0 < len(self._heap) < self._wanted

    def parts(self) -> tuple[Subtree, ...]:
        """Return the parts that are left, the greatest first."""
        running = () if self._entered is None else (self._entered,)
        return (*running, *(part for *_, part in sorted(self._heap)))

    def scope(self) -> str:
        """Say what was covered once nothing is left."""
        return self._dfs.scope()

    @property
    def cut(self) -> bool:
        """Some schedule was left out because of the bound."""
        return self._dfs.cut

    def failed(self, execution: int) -> None:
        """An execution failed; nothing more is divided."""

    def place(self, execution: int) -> int:
        """Return where an execution stands among all."""
        return execution

    def probe(self) -> DfsProbe | None:
        """Return a strategy whose executions sample the whole tree; the workers do it otherwise."""
        return self._dfs.probe() if 0 < len(self._heap) < self._wanted else None

    def estimate(self) -> Estimate | None:
        """Return what the probe has seen."""
        return self._dfs.estimate()

    def _collect(self) -> None:
        """Put what lies beside the path of the last execution in place of its part."""
        if self._entered is None:
            return
        self._dfs.check_end()
        self._entered = None
        for size, part in self._dfs.siblings():
            self._keep(size, part)

    def _keep(self, size: float, part: Subtree) -> None:
        heapq.heappush(self._heap, (-size, self._number, part))
        self._number += 1

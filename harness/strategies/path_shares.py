"""How far a depth-first search is whose tree shows itself only as it is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.estimate import Level, share_of_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.estimate import Estimate


class PathShares:
    """Counts what was run below each child of the points on the current path."""

    __slots__ = ("_since", "_sizes")

    def __init__(self) -> None:
        self._sizes: list[list[int]] = []  # of each point: executions below each finished child
        self._since: list[int] = []  # of each point: executions when its current child was entered

    def clear(self) -> None:
        """Begin anew."""
        self._sizes.clear()
        self._since.clear()

    def ran(self, executions: int, depth: int) -> None:
        """Note that execution number `executions`, from 1, made the path `depth` points long."""
        del self._sizes[depth:], self._since[depth:]
        while len(self._sizes) < depth:
            self._sizes.append([])
            self._since.append(executions - 1)

    def turned(self, executions: int, depth: int) -> None:
        """Note that the point number `depth`, from 1, goes on to its next child."""
        del self._sizes[depth:], self._since[depth:]
        self._sizes[-1].append(executions - self._since[-1])
        self._since[-1] = executions

    def estimate(self, left: Sequence[int]) -> Estimate | None:
        """Return which part of the tree was run.

        Args:
            left: Of each point, from the root: children that are known and were not entered.
        """
        pairs = zip(self._sizes, left, strict=False)
        return share_of_path([Level(sizes, unentered) for sizes, unentered in pairs])

"""Parts of a tree of schedules: what one search hands to another, or to a later one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Subtree:
    """The schedules that begin with `choices[:root]`, in the order of a search, from `choices` on.

    Attributes:
        root: How many choices all of them share.
        choices: Task ids; the first schedule begins with them.
    """

    root: int
    choices: tuple[int, ...]


WHOLE: Final = Subtree(0, ())


class Parts(Protocol):
    """Where a search takes what it has to do."""

    def take(self) -> Subtree | None:
        """Return what to search next; None when nothing is left."""

    def left(self) -> list[Subtree]:
        """Return what nobody has taken."""


class PartList:
    """Parts for one search."""

    __slots__ = ("_left",)

    def __init__(self, parts: Iterable[Subtree] = (WHOLE,)) -> None:
        self._left = list(reversed(list(parts)))

    def take(self) -> Subtree | None:
        """Return the next part; None when all were taken."""
        return self._left.pop() if self._left else None

    def left(self) -> list[Subtree]:
        """Return the parts that were not taken, in their order."""
        return self._left[::-1]

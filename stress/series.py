"""Measurements of a run of any length in bounded memory: when full, every second one goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

KEPT: Final = 400  # a slope over them takes 80 000 divisions, some 20 ms
Item = TypeVar("Item")


class Series(Generic[Item]):
    """Measurements by the number of their round. Belongs to one thread.

    The first and the latest are always kept; between them every `stride`-th, so that what is kept
    stays evenly spaced however long it goes on.
    """

    __slots__ = ("_kept", "_latest", "_most", "_stride", "count")

    def __init__(self, *, most: int = KEPT) -> None:
        if most < 2:  # noqa: PLR2004  # the first and the latest
            raise ValueError(f"most takes 2 or more, got {most}")
        self.count = 0
        self._kept: list[tuple[int, Item]] = []
        self._latest: tuple[int, Item] | None = None
        self._most = most
        self._stride = 1

    def add(self, item: Item) -> None:
        """Take in the next measurement."""
        self._latest = (self.count, item)
        if self.count % self._stride == 0:
            self._kept.append(self._latest)
            if len(self._kept) >= self._most:
                self._kept = self._kept[::2]
                self._stride *= 2
        self.count += 1

    @property
    def first(self) -> Item | None:
        """The first measurement, or None."""
        return self._kept[0][1] if self._kept else None

    @property
    def latest(self) -> Item | None:
        """The latest measurement, or None."""
        return self._latest[1] if self._latest is not None else None

    def __iter__(self) -> Iterator[tuple[int, Item]]:
        yield from self._kept
        if self._latest is not None and self._latest[0] != self._kept[-1][0]:
            yield self._latest

    def __len__(self) -> int:
        return sum(1 for _ in self)

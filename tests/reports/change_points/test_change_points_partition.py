"""The partition is the best there is, which a search through all of them confirms."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.change_points import partition
from reports.change_points.partition import SMALLEST_SEGMENT, partitions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.reports.change_points.generated_series import Floats

PRICE = 2.0


def _cost(values: Floats, starts: tuple[int, ...]) -> float:
    bounds = (0, *starts, len(values))
    pieces = (values[a:b] for a, b in pairwise(bounds))
    squares = sum(float(((piece - piece.mean()) ** 2).sum()) for piece in pieces)
    return squares + PRICE * len(starts)


def _every_partition(points: int) -> Iterator[tuple[int, ...]]:
    for count in range(points // SMALLEST_SEGMENT):
        for starts in combinations(range(1, points), count):
            bounds = (0, *starts, points)
            if all(b - a >= SMALLEST_SEGMENT for a, b in pairwise(bounds)):
                yield starts


def _steps(seed: int, points: int) -> Floats:
    draws = np.random.default_rng(seed)
    return draws.standard_normal(points) + 3 * (np.arange(points) // 5 % 2)


@pytest.mark.parametrize("seed", range(12))
def test_no_partition_is_cheaper_than_the_one_found(seed: int) -> None:
    values = _steps(seed, 13)
    (found,) = partitions(values, np.array([PRICE]))
    best = min(_cost(values, starts) for starts in _every_partition(13))
    assert _cost(values, found) == pytest.approx(best)


def _unpruned(
    values: Floats, prices: Floats, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[int, ...]]:
    with monkeypatch.context() as patched:
        patched.setattr(partition, "_PRUNE_EVERY", 10**9)
        return list(partitions(values, prices))


@pytest.mark.parametrize("seed", range(4))
def test_starts_are_dropped_only_when_no_partition_can_use_them(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = _steps(seed, 400)
    prices = np.array([1.0, 4.0, 20.0])
    whole = _unpruned(values, prices, monkeypatch)
    monkeypatch.setattr(partition, "_PRUNE_EVERY", 7)
    assert list(partitions(values, prices)) == whole


def test_a_longer_price_list_changes_no_answer() -> None:
    values = _steps(1, 200)
    prices = np.array([0.5, 2.0, 9.0, 40.0])
    together = list(partitions(values, prices))
    assert together == [next(partitions(values, prices[at : at + 1])) for at in range(4)]

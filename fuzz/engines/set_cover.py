"""Few small sets that together hold all that many sets hold."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE_COST: Final = 64  # bytes that a file counts for beside its own: one run of the target


def cover(features: Mapping[str, frozenset[int]], sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Return the names of a small and irredundant cover, the smallest inputs first.

    Greedy: whichever brings most new features for its size comes next (V. Chvatal, "A Greedy
    Heuristic for the Set-Covering Problem", 1979: within a factor of ln n of the best). Then every
    input goes whose features the others hold, the largest first. Of what remains each input holds a
    feature of its own, so the cover of a cover is itself, whatever the order.
    """
    order = sorted(features, key=lambda name: (sizes[name], name))
    chosen = _greedy(order, features, sizes)
    kept = _irredundant(order, chosen, features)
    return tuple(name for name in order if name in kept)


def _greedy(
    order: Sequence[str],
    features: Mapping[str, frozenset[int]],
    sizes: Mapping[str, int],
) -> set[str]:
    """Return a cover. Gains only fall, so that one which stays on top is the largest."""
    covered: set[int] = set()
    chosen: set[str] = set()
    waiting = [
        (-len(features[name]) / (sizes[name] + FILE_COST), rank) for rank, name in enumerate(order)
    ]
    heapq.heapify(waiting)
    while waiting:
        _, rank = heapq.heappop(waiting)
        name = order[rank]
        gain = len(features[name] - covered)
        if not gain:
            continue
        now = (-gain / (sizes[name] + FILE_COST), rank)
        if waiting and now > waiting[0]:
            heapq.heappush(waiting, now)
            continue
        chosen.add(name)
        covered |= features[name]
    return chosen


def _irredundant(
    order: Sequence[str], chosen: set[str], features: Mapping[str, frozenset[int]]
) -> set[str]:
    held: dict[int, int] = {}
    for name in chosen:
        for feature in features[name]:
            held[feature] = held.get(feature, 0) + 1
    kept = set(chosen)
    for name in reversed(order):
        if name in kept and all(held[feature] > 1 for feature in features[name]):
            kept.discard(name)
            for feature in features[name]:
                held[feature] -= 1
    return kept

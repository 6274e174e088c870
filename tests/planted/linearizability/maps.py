"""A map that is wrong once in a while, and its good twin."""

from __future__ import annotations

import threading

STRIPES = 2


class StripedMap:
    """A hash map whose buckets are guarded by two locks; to grow takes both."""

    def __init__(self) -> None:
        self._locks = [threading.Lock() for _ in range(STRIPES)]
        self._buckets: list[list[tuple[int, object]]] = [[] for _ in range(STRIPES)]

    def put(self, key: int, value: object) -> None:
        with self._locks[key % STRIPES]:
            bucket = self._buckets[key % len(self._buckets)]
            bucket[:] = [pair for pair in bucket if pair[0] != key]
            bucket.append((key, value))
            full = len(bucket) > 1
        if full:
            self._grow()

    def get(self, key: int) -> object:
        with self._locks[key % STRIPES]:
            for other, value in self._buckets[key % len(self._buckets)]:
                if other == key:
                    return value
        return None

    def _grow(self) -> None:
        with self._locks[0], self._locks[1]:
            self._rehash()

    def _rehash(self) -> None:
        size = 2 * len(self._buckets)
        grown: list[list[tuple[int, object]]] = [[] for _ in range(size)]
        for bucket in self._buckets:
            for key, value in bucket:
                grown[key % size].append((key, value))
        self._buckets = grown


class HalfLockedMap(StripedMap):
    """Planted: to grow takes the first lock alone, so what the second guards can get lost."""

    def _grow(self) -> None:
        with self._locks[0]:
            self._rehash()

"""Caches that are wrong once in a while, and their good twins."""

from __future__ import annotations

import threading


class Cache:
    """A cache before a slow store. What is loaded is kept only if nobody wrote meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._store: dict[str, int] = {}
        self._kept: dict[str, int] = {}
        self._writes = 0

    def read(self, key: str) -> int:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            writes = self._writes
        value = self._load(key)
        with self._lock:
            if writes == self._writes:
                self._kept[key] = value
        return value

    def write(self, key: str, value: int) -> None:
        with self._lock:
            self._store[key] = value
            self._writes += 1
            self._kept.pop(key, None)

    def _load(self, key: str) -> int:
        with self._lock:
            return self._store.get(key, 0)


class StaleFillCache(Cache):
    """Planted: what was loaded is kept although somebody wrote in the meantime."""

    def read(self, key: str) -> int:
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        value = self._load(key)
        with self._lock:
            self._kept[key] = value
        return value


class OwnCopyCache:
    """Planted: each thread goes on reading its own copy until it writes itself.

    Every thread sees the writes in one order, but late: sequentially consistent, and not
    linearizable.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = 0
        self._own = threading.local()

    def read(self) -> int:
        if not hasattr(self._own, "value"):
            with self._lock:
                self._own.value = self._value
        value: int = self._own.value
        return value

    def write(self, value: int) -> None:
        with self._lock:
            self._value = value
            self._own.__dict__.pop("value", None)

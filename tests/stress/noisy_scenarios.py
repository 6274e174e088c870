"""Scenarios whose bug shows on real threads only where somebody disturbs them."""

from __future__ import annotations

import threading

from stress.scenarios import Scale, Scenario

REPEATS = 40
SMALL = Scale(threads=2, operations=1)


class Cache:
    """Computes a value when it is first asked for."""

    def __init__(self) -> None:
        self.value: int | None = None
        self.computed = 0
        self.lock = threading.Lock()

    def racy(self) -> int:
        """Look, then compute: two may look before one has computed."""
        if self.value is None:
            self.computed += 1
            self.value = 42
        return self.value

    def safe(self) -> int:
        """Look and compute under a lock."""
        with self.lock:
            return self.racy()


def _ask_twice(how: str) -> None:
    for _ in range(REPEATS):
        cache = Cache()
        threads = [threading.Thread(target=getattr(cache, how)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert cache.computed == 1, f"computed {cache.computed} times"


def _scenario(how: str) -> Scenario:
    return Scenario(
        name=how,
        body=lambda _scale: _ask_twice(how),
        exploration_scale=SMALL,
        stress_scale=SMALL,
        what="a value is computed once",
        hang_s=10.0,
    )


RACY = _scenario("racy")
SAFE = _scenario("safe")

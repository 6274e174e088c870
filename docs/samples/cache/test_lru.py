"""A cache of two entries, used by several threads at once."""

from lru import Cache

import harness
from harness.stateful import unique


def cache_of_two():
    return Cache(size=2)


def test_the_cache_is_linearizable():
    harness.check_linearizable(
        cache_of_two,
        operations=[("put", ["a", "b", "c"], unique()), ("get", ["a", "b", "c"])],
        programs=20,
    )

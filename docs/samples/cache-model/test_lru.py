"""The cache against what a person would call right."""

from lru import Cache

import harness
from harness.stateful import unique


def cache_of_two():
    return Cache(size=2)


class ForgetsTheOldest:
    """What a cache of two does, written so that it is easy to believe. No threads here."""

    def __init__(self):
        self.entries = []  # pairs of key and value, the one used longest ago first

    def put(self, key, value):
        self.entries = [one for one in self.entries if one[0] != key][-1:] + [(key, value)]

    def get(self, key):
        for one in self.entries:
            if one[0] == key:
                self.put(*one)
                return one[1]
        return None


def test_the_cache_is_linearizable():
    harness.check_linearizable(
        cache_of_two,
        model=ForgetsTheOldest,
        operations=[("put", ["a", "b", "c"], unique()), ("get", ["a", "b", "c"])],
        programs=10,
    )

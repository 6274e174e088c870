"""The inputs that are worth varying, and which of them is varied next.

An input is kept when it shows a feature that none had before; the feature is its own from then on.
Energy follows rarity: the chance of an input to be chosen is that of its rarest own feature, 1 over
the number of inputs that showed it, so that work goes where little was done (M. Boehme and others,
"Coverage-based Greybox Fuzzing as Markov Chain", AFLFast, CCS 2016; "Boosting Fuzzer Efficiency",
Entropic, FSE 2020, which also counts features and not paths). It falls with the variations that led
to nothing, and is larger for short inputs. A new feature is the rarest of all, so that what was
just reached leads on.

How often features of code show is counted when a path has been taken 1, 2, 4, 8, ... times: right
to a factor of two, for a look into a table for each input.
"""

from __future__ import annotations

import math
from bisect import bisect
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from fuzz.engines.edges import PLACE_BITS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from fuzz.engines.edges import CodePath

MOST_PATHS: Final = 20_000  # remembered; some 10 MB
REWEIGH_EVERY: Final = 256  # choices
FRUITLESS: Final = 64  # variations without a new feature that halve an input's chance
OPENING: Final = 8.0  # times the energy for a place that was new, and not only its count
SHORT: Final = 32  # bytes: as good as shorter


def told_features(told: Iterable[int]) -> list[int]:
    """Return the features for what the target told; never those of code."""
    return [number << 1 | 1 for number in told]


class Seed:
    """An input that is varied. Its data may be replaced by shorter ones that do the same."""

    __slots__ = ("data", "fruitless", "given", "opens", "own", "swaps", "varied")

    def __init__(self, data: bytes, own: tuple[int, ...]) -> None:
        self.data = data
        self.own = own
        self.fruitless = 0
        self.varied = 0
        self.given = False  # it lay in the corpus
        self.opens = True  # not only as many times as none before
        self.swaps: list[tuple[bytes, bytes]] = []


class _Taken:
    """How often a path was taken; the features it stands for."""

    __slots__ = ("counted", "features", "times")

    def __init__(self, features: list[int]) -> None:
        self.features = features
        self.times = 0
        self.counted = 0


class SeedPool:
    """The seeds of one target. Not for use by several threads.

    Args:
        features_of: Turns a path through the code into its features.
    """

    def __init__(self, features_of: Callable[[CodePath], Iterable[int]]) -> None:
        self._features_of = features_of
        self._paths: dict[CodePath, _Taken] = {}
        self.counts: dict[int, int] = {}  # inputs that showed a feature
        self.seeds: list[Seed] = []
        self._places: set[int] = set()  # of code, that some seed reached
        self._summed: list[float] = []
        self._stale_in = 0

    def __len__(self) -> int:
        return len(self.seeds)

    def note(self, path: CodePath, told: Collection[int]) -> tuple[int, ...]:
        """Count what an input showed; return those of its features that none showed before."""
        counts = self.counts
        new: list[int] = []
        for number in told:
            feature = number << 1 | 1
            if feature in counts:
                counts[feature] += 1
            else:
                counts[feature] = 1
                new.append(feature)
        taken = self._paths.get(path)
        if taken is None:
            taken = self._new_path(path)
            new += [feature for feature in taken.features if feature not in counts]
        taken.times += 1
        if taken.times >= 2 * taken.counted:
            for feature in taken.features:
                counts[feature] = counts.get(feature, 0) + taken.times - taken.counted
            taken.counted = taken.times
        return tuple(new)

    def rare(self) -> tuple[int, int]:
        """Return how many features one input showed, and how many two or three did."""
        counts = list(self.counts.values())
        return counts.count(1), counts.count(2)

    def shows(self, own: tuple[int, ...], path: CodePath, told: Collection[int]) -> bool:
        """Say if an input that was just noted shows all of `own`."""
        shown = {number << 1 | 1 for number in told}.union(self._paths[path].features)
        return shown.issuperset(own)

    def add(self, data: bytes, own: tuple[int, ...]) -> Seed:
        """Keep an input that has features of its own."""
        seed = Seed(data, own)
        places = {feature >> PLACE_BITS for feature in own if not feature & 1}
        seed.opens = not places <= self._places or any(feature & 1 for feature in own)
        self._places |= places
        self.seeds.append(seed)
        self._stale_in = 0
        return seed

    def choose(self, chance: float) -> Seed:
        """Return the seed for a number from 0 to below 1: rarer ones have more room there."""
        if self._stale_in <= 0:
            self._weigh()
        self._stale_in -= 1
        summed = self._summed
        return self.seeds[min(bisect(summed, chance * summed[-1]), len(summed) - 1)]

    def _weigh(self) -> None:
        self._summed = list(accumulate(map(self._weight, self.seeds)))
        # With many seeds less often: weighing takes a microsecond for each.
        self._stale_in = max(REWEIGH_EVERY, 2 * len(self.seeds))

    def _weight(self, seed: Seed) -> float:
        counts = self.counts
        # One that shows nothing is there because somebody put it there.
        rarest = min((counts[feature] for feature in seed.own), default=1)
        short = SHORT / max(len(seed.data), SHORT)
        worth = OPENING if seed.opens else 1.0
        return worth * math.sqrt(short) / (rarest * (1 + seed.fruitless / FRUITLESS))

    def _new_path(self, path: CodePath) -> _Taken:
        if len(self._paths) >= MOST_PATHS:
            self._paths.clear()  # counts of features stay
        taken = self._paths[path] = _Taken(list(self._features_of(path)))
        return taken

"""Who runs next: one algorithm a file, all behind one Protocol."""

from harness.strategies.delay import Delay
from harness.strategies.delay_search import DelaySearch
from harness.strategies.dfs import BoundedDfs
from harness.strategies.dpor import Dpor
from harness.strategies.observed_pairs import Cell, Doing, ObservedPairs
from harness.strategies.pct import Pct
from harness.strategies.pos import Pos
from harness.strategies.protocol import Strategy
from harness.strategies.random_walk import RandomWalk
from harness.strategies.registry import STRATEGY_NAMES, make_strategy
from harness.strategies.replay import Guide, Replay
from harness.strategies.surw import Surw

__all__ = [
    "STRATEGY_NAMES",
    "BoundedDfs",
    "Cell",
    "Delay",
    "DelaySearch",
    "Doing",
    "Dpor",
    "Guide",
    "ObservedPairs",
    "Pct",
    "Pos",
    "RandomWalk",
    "Replay",
    "Strategy",
    "Surw",
    "make_strategy",
]

"""Who runs next: one algorithm a file, all behind one Protocol."""

from harness.strategies.dfs import BoundedDfs
from harness.strategies.pct import Pct
from harness.strategies.protocol import Strategy
from harness.strategies.random_walk import RandomWalk
from harness.strategies.registry import STRATEGY_NAMES, make_strategy
from harness.strategies.replay import Guide, Replay

__all__ = [
    "STRATEGY_NAMES",
    "BoundedDfs",
    "Guide",
    "Pct",
    "RandomWalk",
    "Replay",
    "Strategy",
    "make_strategy",
]

"""Runs ordinary threading code under a deterministic scheduler; explores, judges, replays."""

from harness.errors import (
    ArgumentError,
    BlockedInRegionError,
    DriftError,
    ExplorationInterrupted,
    HarnessError,
    NestedExplorationError,
    StuckExecutionError,
    TaskRefusesToEndError,
    TokenError,
    UncontrolledError,
)
from harness.exploration import Exploration, Verdict
from harness.explore import explore, replay
from harness.finding import Finding, FindingKind, Trace
from harness.instrument import instrument_imports
from harness.isolate import explore_isolated, replay_isolated
from harness.strategies import STRATEGY_NAMES, BoundedDfs, Pct, RandomWalk, Strategy

__all__ = [
    "STRATEGY_NAMES",
    "ArgumentError",
    "BlockedInRegionError",
    "BoundedDfs",
    "DriftError",
    "Exploration",
    "ExplorationInterrupted",
    "Finding",
    "FindingKind",
    "HarnessError",
    "NestedExplorationError",
    "Pct",
    "RandomWalk",
    "Strategy",
    "StuckExecutionError",
    "TaskRefusesToEndError",
    "TokenError",
    "Trace",
    "UncontrolledError",
    "Verdict",
    "explore",
    "explore_isolated",
    "instrument_imports",
    "replay",
    "replay_isolated",
]

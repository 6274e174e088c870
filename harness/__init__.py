"""Runs ordinary threading code under a deterministic scheduler; explores, judges, replays.

What instruments, isolates and decorates is loaded when it is first asked for: this module is
imported in every test run of everybody who has the distribution installed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from harness.errors import (
    ArgumentError,
    BlockedInRegionError,
    DriftError,
    ExplorationInterrupted,
    HarnessError,
    NestedExplorationError,
    PlaceLeftError,
    StuckExecutionError,
    TargetError,
    TaskRefusesToEndError,
    TokenError,
    ToolFaultError,
    UncontrolledError,
)
from harness.estimate import Estimate
from harness.exploration import Exploration, Verdict
from harness.explore import explore, replay
from harness.finding import Finding, FindingKind, Trace
from harness.headway import Headway
from harness.strategies import STRATEGY_NAMES, BoundedDfs, Pct, RandomWalk, Strategy

if TYPE_CHECKING:
    from harness.exchange import ChildFailedError
    from harness.instrument import instrument_imports
    from harness.isolate import explore_isolated, replay_isolated
    from harness.marks import interleaved, regression
    from harness.verdict_errors import InterleavingError, RegressionError, UndecidedWarning

__all__ = [
    "STRATEGY_NAMES",
    "ArgumentError",
    "BlockedInRegionError",
    "BoundedDfs",
    "ChildFailedError",
    "DriftError",
    "Estimate",
    "Exploration",
    "ExplorationInterrupted",
    "Finding",
    "FindingKind",
    "HarnessError",
    "Headway",
    "InterleavingError",
    "NestedExplorationError",
    "Pct",
    "PlaceLeftError",
    "RandomWalk",
    "RegressionError",
    "Strategy",
    "StuckExecutionError",
    "TargetError",
    "TaskRefusesToEndError",
    "TokenError",
    "ToolFaultError",
    "Trace",
    "UncontrolledError",
    "UndecidedWarning",
    "Verdict",
    "explore",
    "explore_isolated",
    "instrument_imports",
    "interleaved",
    "regression",
    "replay",
    "replay_isolated",
]

_LATER: Final = {
    "ChildFailedError": "harness.exchange",
    "instrument_imports": "harness.instrument",
    "explore_isolated": "harness.isolate",
    "replay_isolated": "harness.isolate",
    "InterleavingError": "harness.verdict_errors",
    "RegressionError": "harness.verdict_errors",
    "UndecidedWarning": "harness.verdict_errors",
    "interleaved": "harness.marks",
    "regression": "harness.marks",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # whatever the face offers
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

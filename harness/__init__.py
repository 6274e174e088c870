"""Runs ordinary threading code under a deterministic scheduler; explores, judges, replays.

All but the errors is loaded when it is first asked for: this module is imported in every test run
of everybody who has the distribution installed.
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

if TYPE_CHECKING:
    from harness.controlled_setting import ControlledSetting, Outcome
    from harness.estimate import Estimate
    from harness.exchange import ChildFailedError
    from harness.exploration import Exploration, Verdict
    from harness.exploring import explore, replay
    from harness.finding import Finding, FindingKind, Trace
    from harness.headway import Headway
    from harness.instrument import instrument_imports
    from harness.isolate import explore_isolated, replay_isolated
    from harness.marks import interleaved, regression
    from harness.place import divide_place
    from harness.rounds import merge_rounds
    from harness.stateful.checked import NotLinearizableError
    from harness.stateful.checking import check_linearizable
    from harness.strategies.dfs import BoundedDfs
    from harness.strategies.pct import Pct
    from harness.strategies.protocol import Strategy
    from harness.strategies.random_walk import RandomWalk
    from harness.strategies.registry import STRATEGY_NAMES
    from harness.verdict_errors import (
        FixtureError,
        InterleavingError,
        RegressionError,
        SharedStateWarning,
        UndecidedWarning,
    )

__all__ = [
    "STRATEGY_NAMES",
    "ArgumentError",
    "BlockedInRegionError",
    "BoundedDfs",
    "ChildFailedError",
    "ControlledSetting",
    "DriftError",
    "Estimate",
    "Exploration",
    "ExplorationInterrupted",
    "Finding",
    "FindingKind",
    "FixtureError",
    "HarnessError",
    "Headway",
    "InterleavingError",
    "NestedExplorationError",
    "NotLinearizableError",
    "Outcome",
    "Pct",
    "PlaceLeftError",
    "RandomWalk",
    "RegressionError",
    "SharedStateWarning",
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
    "check_linearizable",
    "divide_place",
    "explore",
    "explore_isolated",
    "instrument_imports",
    "interleaved",
    "merge_rounds",
    "regression",
    "replay",
    "replay_isolated",
]

_LATER: Final = {
    "ControlledSetting": "harness.controlled_setting",
    "Outcome": "harness.controlled_setting",
    "Estimate": "harness.estimate",
    "Exploration": "harness.exploration",
    "Verdict": "harness.exploration",
    "explore": "harness.exploring",  # no module has its name: it would take its place here
    "replay": "harness.exploring",
    "Finding": "harness.finding",
    "FindingKind": "harness.finding",
    "Trace": "harness.finding",
    "Headway": "harness.headway",
    "BoundedDfs": "harness.strategies.dfs",
    "Pct": "harness.strategies.pct",
    "Strategy": "harness.strategies.protocol",
    "RandomWalk": "harness.strategies.random_walk",
    "STRATEGY_NAMES": "harness.strategies.registry",
    "ChildFailedError": "harness.exchange",
    "instrument_imports": "harness.instrument",
    "explore_isolated": "harness.isolate",
    "replay_isolated": "harness.isolate",
    "FixtureError": "harness.verdict_errors",
    "InterleavingError": "harness.verdict_errors",
    "RegressionError": "harness.verdict_errors",
    "SharedStateWarning": "harness.verdict_errors",
    "UndecidedWarning": "harness.verdict_errors",
    "NotLinearizableError": "harness.stateful.checked",
    "check_linearizable": "harness.stateful.checking",
    "divide_place": "harness.place",
    "merge_rounds": "harness.rounds",
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

"""Strategies by name, by import path, or as they are."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from harness.errors import ArgumentError
from harness.strategies.dfs import BoundedDfs
from harness.strategies.pct import Pct
from harness.strategies.protocol import Strategy
from harness.strategies.random_walk import RandomWalk

if TYPE_CHECKING:
    from collections.abc import Callable

_MAKERS: Final[dict[str, Callable[[int], Strategy]]] = {
    "random": RandomWalk,
    "pct": Pct,
    "dfs": lambda _seed: BoundedDfs(),
}
STRATEGY_NAMES: Final = tuple(_MAKERS)
DEFAULT: Final = "random"


def make_strategy(wanted: str | Strategy | None, seed: int) -> tuple[str, Strategy]:
    """Return a strategy and its name.

    Args:
        wanted: A name, `package.module:Class` (called with the seed), a strategy, or None for the
            best default there is.
        seed: For a strategy that draws.

    Raises:
        ArgumentError: There is no such strategy, or the object is none.
    """
    if wanted is None:
        wanted = DEFAULT
    if isinstance(wanted, str):
        if wanted in _MAKERS:
            return wanted, _MAKERS[wanted](seed)
        if ":" in wanted:
            return wanted, _imported(wanted, seed)
        names = ", ".join(STRATEGY_NAMES)
        raise ArgumentError("strategy", wanted, f"one of {names}, or package.module:Class")
    if not isinstance(wanted, Strategy):
        raise ArgumentError("strategy", wanted, "a name or an object with begin() and pick()")
    return type(wanted).__name__, wanted


def _imported(path: str, seed: int) -> Strategy:
    module_name, _, name = path.partition(":")
    try:
        made = getattr(importlib.import_module(module_name), name)(seed)
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ArgumentError("strategy", path, f"package.module:Class ({error})") from error
    if not isinstance(made, Strategy):
        raise ArgumentError("strategy", path, "a class with begin() and pick()")
    return made

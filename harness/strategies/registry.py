"""Strategies by name, by import path, or as they are."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

from harness.errors import ArgumentError
from harness.strategies.delay import Delay
from harness.strategies.dfs import BoundedDfs
from harness.strategies.dpor import Dpor
from harness.strategies.pct import Pct
from harness.strategies.portfolio import Portfolio
from harness.strategies.pos import Pos
from harness.strategies.random_walk import RandomWalk
from harness.strategies.rff import Rff
from harness.strategies.surw import Surw

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.strategies.protocol import Strategy

_MAKERS: Final[dict[str, Callable[[int], Strategy]]] = {
    "portfolio": Portfolio,
    "random": RandomWalk,
    "pct": Pct,
    "pos": Pos,
    "surw": Surw,
    "delay": Delay,
    "rff": Rff,
    "dfs": lambda _seed: BoundedDfs(),
    "dpor": lambda _seed: Dpor(),
}
STRATEGY_NAMES: Final = tuple(_MAKERS)
DEFAULT: Final = "portfolio"


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
    if isinstance(wanted, type) or not _is_strategy(wanted):
        raise ArgumentError("strategy", wanted, "a name or an object with begin() and pick()")
    return type(wanted).__name__, wanted


def _imported(path: str, seed: int) -> Strategy:
    module_name, _, name = path.partition(":")
    try:
        made = getattr(importlib.import_module(module_name), name)(seed)
    except Exception as error:  # whatever the user's module or class raises
        why = f"{type(error).__name__}: {error}"
        raise ArgumentError(
            "strategy", path, f"package.module:Class, called with the seed ({why})"
        ) from error
    if isinstance(made, type) or not _is_strategy(made):
        raise ArgumentError("strategy", path, "a class with begin() and pick()")
    return made  # type: ignore[no-any-return]  # just checked


def _is_strategy(made: object) -> bool:
    return all(callable(getattr(made, name, None)) for name in ("begin", "pick"))

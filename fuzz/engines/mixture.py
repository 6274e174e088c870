"""Which engine each worker of a campaign is.

Unlike engines over one corpus find more than more of the same: what one cannot get past another
hands it (Chen et al., "EnFuzz", USENIX Security 2019). So "auto" deals them out in turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fuzz.engines.engine import engine, engine_names
from fuzz.engines.errors import EngineMissingError

if TYPE_CHECKING:
    from fuzz.target_facts import TargetFacts

AUTO: Final = "auto"


def engine_choices() -> tuple[str, ...]:
    """Return what a user may ask for: "auto", and each engine by its name."""
    return (AUTO, *engine_names())


def mixture(name: str, facts: TargetFacts, *, workers: int) -> tuple[str, ...]:
    """Return the engine of each worker.

    Under "auto" the engines that can run here take turns. The pure-Python one comes first for a
    target that takes a schedule: there it learns from fewer executions.

    Raises:
        EngineMissingError: The engine that was asked for cannot run here, or none can.
    """
    if name != AUTO:
        engine(name)
        return (name,) * workers
    able = able_engines(facts)
    return tuple(able[number % len(able)] for number in range(workers))


def able_engines(facts: TargetFacts) -> tuple[str, ...]:
    """Return the engines that can run here, the best for this target first.

    Raises:
        EngineMissingError: None can.
    """
    able = [one for one in engine_names() if not _why_not(one)]
    if not able:
        raise EngineMissingError("no engine can run here")
    return tuple(reversed(able) if facts.controlled else able)


def _why_not(name: str) -> str:
    try:
        engine(name)
    except EngineMissingError as error:
        return error.reason
    return ""

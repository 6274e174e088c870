"""Several explorations of one body, each from a place of its own, told as one."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from harness.errors import ArgumentError
from harness.evidence import Coverage
from harness.explorer import verdict_of
from harness.place import join_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.exploration import Exploration

UNBOUNDED: Final = "no bound"  # of a search's scope: any other scope of a part is the whole's


def merge_rounds(
    rounds: Sequence[Exploration],
    *,
    left: Sequence[str] = (),
    stopped: str = "",
    workers: int = 1,
    elapsed_s: float = 0.0,
) -> Exploration:
    """Return what explorations of one body have found and covered together.

    Args:
        rounds: In their order, at least one; the first that failed is told. All of one strategy,
            seed and bound, from places that do not overlap, as `divide_place` makes them.
        left: The places that nobody went on from. Without any the search of a tree is through,
            and exhausted if no round met what it cannot see.
        stopped: Why no more rounds were run, if more were wanted.
        workers: How many ran at once.
        elapsed_s: Wall time of all, in seconds.

    Raises:
        ArgumentError: There are no rounds.
    """
    if not rounds:
        raise ArgumentError("rounds", rounds, "at least one exploration")
    failed = next((one for one in rounds if one.finding is not None), None)
    if failed is not None:
        rounds = rounds[: rounds.index(failed) + 1]  # what came after it does not count
    known = [one.coverage for one in rounds if one.coverage is not None]
    executions = sum(one.executions for one in rounds)
    coverage = Coverage(
        executions=executions,
        strategy=rounds[0].strategy,
        seed=known[0].seed if known else rounds[0].seed,
        max_steps=known[0].max_steps if known else 0,
        failed=failed is not None,
        stopped=stopped,
        overruns=sum(one.overruns for one in rounds),
        unfinished=next((one.unfinished for one in known if one.unfinished), ()),
        opaque="; ".join(dict.fromkeys(one.opaque for one in known if one.opaque)),
        invisible=next((one.invisible for one in known if one.invisible), ""),
        scope="" if left or stopped else _scope(known),
        ran_dry=not left and not stopped,
        unit=known[0].unit if known else "executions",
        workers=workers,
    )
    finding = None if failed is None else failed.finding
    return dataclasses.replace(
        rounds[0],
        verdict=verdict_of(coverage, finding),
        executions=executions,
        exhausted=coverage.exhausted,
        finding=finding,
        evidence=f"{coverage}, in {len(rounds)} round{'s' if len(rounds) != 1 else ''}",
        overruns=coverage.overruns,
        elapsed_s=elapsed_s,
        cpu_s=sum(one.cpu_s for one in rounds),
        estimate=None,
        resume="" if finding is not None else join_places(left),
        workers=workers,
        coverage=coverage,
    )


def _scope(known: Sequence[Coverage]) -> str:
    """Return the scope of the whole: a bound that cut one part cut the whole."""
    scopes = [one.scope for one in known if one.scope]
    return next((scope for scope in scopes if scope != UNBOUNDED), scopes[0] if scopes else "")

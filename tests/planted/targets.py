"""Names by which a child process imports a check as a `Scenario`: `B_05_bad`, `B_05_good`."""

from __future__ import annotations

import time
from functools import cache, partial
from typing import TYPE_CHECKING, Final

from stress.scenarios import Scale, Scenario
from tests.planted.catalogue import load_bugs
from tests.planted.methods import make_of, target_name

if TYPE_CHECKING:
    from collections.abc import Callable

ROUND_S: Final = 0.25
ONCE = Scale(threads=1, operations=1, gather=True)


@cache
def _bodies() -> dict[str, Callable[[], None]]:
    return {
        target_name(bug, twin): partial(bug.body, make_of(bug, twin))
        for bug in load_bugs()
        for twin in ("good", "bad")
    }


def _again_and_again(body: Callable[[], None]) -> None:
    """Run a body for a while: what is counted after each round takes longer than most bodies."""
    ends_s = time.monotonic() + ROUND_S
    while time.monotonic() < ends_s:
        body()


def __getattr__(name: str) -> Scenario:
    body = _bodies().get(name)
    if body is None:
        raise AttributeError(f"no planted bug answers to {name}; a name looks like B_05_bad")
    return Scenario(
        name=name,
        body=lambda _scale: _again_and_again(body),
        exploration_scale=ONCE,
        stress_scale=ONCE,
        what="the check of one planted bug with real threads",
    )

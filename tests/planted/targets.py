"""Names by which a child process imports a check: `B_05_bad`, `B_05_good`, `B_05_bad_stressed`.

Without a suffix it is a body for exploration, which takes nothing; with `_stressed` a `Scenario`
for real threads.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from stress.scenarios import Scale, Scenario
from tests.planted.catalogue import load_bugs
from tests.planted.methods import make_of, target_name

if TYPE_CHECKING:
    from collections.abc import Callable

STRESSED = "_stressed"


@cache
def _bodies() -> dict[str, Callable[[], None]]:
    return {
        target_name(bug, twin): partial(bug.body, make_of(bug, twin))
        for bug in load_bugs()
        for twin in ("good", "bad")
    }


def __getattr__(name: str) -> Any:  # a body or a scenario, by the name's end
    body = _bodies().get(name.removesuffix(STRESSED))
    if body is None:
        raise AttributeError(f"no planted bug answers to {name}; a name looks like B_05_bad")
    if not name.endswith(STRESSED):
        return body
    whole = Scale(threads=1, rounds=1, gather=True)
    return Scenario(
        name=name,
        body=lambda _scale: body(),
        exploration_scale=whole,
        stress_scale=whole,
        what="the check of one planted bug with real threads",
    )

"""Runs a sequential model under the engine, where a call that would wait for ever is known as such.

A plain run of `get` on an empty queue hangs. In a controlled execution of one task it is a deadlock
or lost wakeup at once, and a wait with a timeout ends in virtual time.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from harness.campaign import Campaign
from harness.engine.ending import EndingKind
from harness.linearizability.errors import EndlessModelError
from harness.linearizability.sequential_graph import BLOCKED, Blocked
from harness.primitives.twin_table import twin_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from harness.linearizability.sequential_graph import Run

Result = TypeVar("Result")
MAX_STEPS: Final = 1_000_000  # of one run: all the calls of a long history, over again
_twins: Final[dict[int, Any]] = {}
_WAITS: Final = (EndingKind.DEADLOCK, EndingKind.LOST_WAKEUP)


def learn_twins() -> None:
    """Note the twin of every primitive's class, while nothing is patched."""
    _twins.update(twin_table())


def twin_of(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return the twin of a primitive's class: given as it is, nobody looks it up by its name."""
    twin: Callable[[], Any] = _twins.get(id(make), make)
    return twin


@contextmanager
def controlled_run() -> Iterator[Run]:
    """Yield what runs the calls of a `SequentialModel`; while it lasts, no exploration can run.

    Example:
        >>> with controlled_run() as run:
        ...     check(history, SequentialModel(queue.Queue, run=run))

    Raises:
        NestedExplorationError: An exploration is running.
        EndlessModelError: A call went on and on.
    """
    learn_twins()
    with Campaign(model="free-threaded", max_steps=MAX_STEPS) as campaign:

        def run(function: Callable[[], Result], /) -> Result | Blocked:
            results: list[Result] = []
            ending = campaign.run_alone(lambda: results.append(function()))
            if ending.error is not None:
                raise ending.error
            if ending.kind is EndingKind.STEP_BOUND:
                raise EndlessModelError(MAX_STEPS)
            # A thread of the object's own that waits when the calls are done is its own affair.
            return results[0] if results or ending.kind not in _WAITS else BLOCKED

        yield run

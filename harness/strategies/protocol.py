"""The seam between the engine and whoever chooses the schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.task import Task


@runtime_checkable
class Strategy(Protocol):
    """Chooses who runs next at every point where at least two tasks could.

    Two attributes are optional. `early_timeouts: bool`, read after every `begin`: tasks that wait
    with a timeout are offered too (their `parked` is True), and choosing one lets its timeout
    happen now. `exhaustive: bool`: a False from `begin` means that every schedule was tried; it is
    then asked for one execution more than was wanted, to learn whether the budget ended exactly
    there. `seed: int` is shown in the evidence.

    What an exhaustive strategy may have besides: `sampling = True`, if its executions are worth
    something without an end, so that a budget that ends is not undecided; `scope() -> str` and
    `incomplete: str`, what was searched and why that proves less than it seems to; `unit: str`,
    what an execution is called; `estimate() -> Estimate | None`, the part of its space that was
    run, and `probe()`, a strategy whose executions sample it; `left(running=...)` and
    `go_on(parts, ...)`, as `BoundedDfs` has them, to be interrupted and divided. Any strategy may
    have `share(worker, workers)`, which returns the one of one process of several.

    A strategy with `operations: bool` True, read after every `begin`, sees what tasks are about to
    do: each of `ready` has `task.pending`, a tuple (kind, object, key). Plain accesses have a kind
    0 (read), 1 (write) or 2 (opaque) and the name of an attribute, ("item", k), or "*" for the
    whole content; operations of primitives have their label, the twin, and None: acquire, try,
    release, locked, notify, notify_all, resume, wait, is_set, set, clear, put, get, qsize, begin,
    started, end, join, is_alive, enumerate, sleep, time, timeout, call, select. Such a strategy may
    have two methods more. `perform(task, atomic)` is called right before a task does what is
    pending, at every operation, also where there was no choice; `atomic` tells that nobody could
    have been chosen in its stead. `finish(tasks, ending)` is called after each execution; the tasks
    that have not ended still say what they wait for.
    """

    def begin(self, execution: int) -> bool:
        """Prepare execution number 0, 1, 2, ...; False means that there is nothing left to try."""

    def pick(self, ready: Sequence[Task], current: Task | None) -> Task:
        """Return one of `ready`.

        Args:
            ready: At least two tasks, by rising id; the list is the engine's, do not keep it.
            current: The task that reached the point and could go on; None if it cannot.
        """

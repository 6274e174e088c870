"""What happened before what between tasks, as arrows to draw: pairs of events of one run.

The same meetings make clocks grow in `harness.analysis.happens_before`; here each is an arrow, from
the last event that gave to the one that took.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from harness.analysis.happens_before import GIVES, TAKES
from harness.render.wording import only_tries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.engine.recorder import Event

_LABELS: Final = {
    "Lock": "release → acquire",
    "RLock": "release → acquire",
    "Semaphore": "release → acquire",
    "BoundedSemaphore": "release → acquire",
    "Condition": "notify → wake",
    "Event": "set → wait",
    "SimpleQueue": "put → get",
}
_JOINS: Final = ("join", "goes on after")
_LOOKS: Final = ("is_set", "qsize")  # they take in what was given, and take nothing away


@dataclass(frozen=True, slots=True)
class Arrow:
    """One event happened before another one, of another task.

    Attributes:
        source: The earlier one, as an index.
        target: The later one.
        label: Why: "release → acquire".
    """

    source: int
    target: int
    label: str


@dataclass(slots=True)
class _Seen:
    """What was seen so far.

    Attributes:
        given: By object: the last event that gave.
        queued: By queue: the puts that nobody got.
        started: By task object: its start.
        tasks: By task object: which task it is.
        last: By task: its last event.
    """

    given: dict[int, int] = field(default_factory=dict)
    queued: dict[int, deque[int]] = field(default_factory=dict)
    started: dict[int, int] = field(default_factory=dict)
    tasks: dict[int, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)


def find_arrows(events: Sequence[Event]) -> list[Arrow]:
    """Return the arrows of a run, in the order of their targets."""
    seen, found = _Seen(), []
    for at, event in enumerate(events):
        source = None if only_tries(events, at) else _source(seen, at, event)
        if source is not None and events[source].task != event.task:
            label = _LABELS.get(event.role) or ("start" if event.kind == "begin" else "end → join")
            found.append(Arrow(source, at, label))
        seen.last[event.task] = at
    return found


def _source(seen: _Seen, at: int, event: Event) -> int | None:
    return _of_task(seen, at, event) if event.role == "Task" else _of_twin(seen, at, event)


def _of_task(seen: _Seen, at: int, event: Event) -> int | None:
    """Note a start or a beginning; return what this event of a task comes after."""
    if event.kind == "start":
        seen.started[event.obj] = at
    elif event.kind == "begin" and event.obj not in seen.tasks:
        seen.tasks[event.obj] = event.task
        return seen.started.get(event.obj)
    elif event.kind in _JOINS and event.obj in seen.tasks:
        return seen.last.get(seen.tasks[event.obj])
    return None


def _of_twin(seen: _Seen, at: int, event: Event) -> int | None:
    """Note what an event gives; return what it comes after."""
    if event.kind in GIVES.get(event.role, ()):
        seen.given[event.obj] = at
        if event.role == "SimpleQueue":
            seen.queued.setdefault(event.obj, deque()).append(at)
        return None
    if event.kind not in TAKES.get(event.role, ()) or event.kind in _LOOKS:
        return None
    if event.role == "SimpleQueue":
        queued = seen.queued.get(event.obj)
        return queued.popleft() if queued else None
    return seen.given.get(event.obj)

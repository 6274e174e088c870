"""The accesses that a reader should look at first: two tasks met at one variable there.

Three shapes are sought, the surest first, each as late in the run as it can be found:

1. A task touches a variable twice with nothing but plain code between, and another one touches it
   in between in a way that no serial order explains (Lu et al., AVIO, ASPLOS 2006: four of eight
   patterns).
2. Two tasks touch a variable, one of them writes, and nothing orders the two.
3. A task reads, lets its lock go, takes it again and goes on, and another one has written since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.engine.recorder import Event

ACCESSES: Final = ("read", "write", "opaque")
_LOCKING: Final = ("acquire", "release", "blocks on", "goes on after")
_VERBS: Final = {"read": "reads", "write": "writes", "opaque": "uses"}
# local, remote, local: read "r", write "w". The other four have an equal serial order.
_UNSERIALIZABLE: Final = ("rwr", "wwr", "rww", "wrw")
_STALE: Final = ("rwr", "rww")


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two or three accesses to one target, as indices of events, in the order of time."""

    steps: tuple[int, ...]

    def words(self, events: Sequence[Event], numbers: dict[int, int]) -> str:
        """Return a sentence; empty where a reader does not see one of the steps.

        Args:
            numbers: The number under which each event is shown, by index.
        """
        if any(step not in numbers for step in self.steps):
            return ""
        acts = [
            f"{events[step].task_name} {_VERBS[events[step].kind]} it in step {numbers[step]}"
            for step in self.steps
        ]
        look = f"Look at {events[self.steps[0]].target}: "
        if len(acts) == 2:  # noqa: PLR2004  # a pair
            return f"{look}{acts[0]}, {acts[1]}, and nothing orders the two."
        last = events[self.steps[2]]
        again = f"{_VERBS[last.kind]} it in step {numbers[self.steps[2]]}"
        return f"{look}{acts[0]} and {again}; {acts[1]}, in between."


def find_crossing(events: Sequence[Event]) -> Crossing | None:
    """Return the accesses to look at first; None where no shape fits."""
    return _interrupted(events, strict=True) or _unordered(events) or _interrupted(events)


def _interrupted(events: Sequence[Event], *, strict: bool = False) -> Crossing | None:
    """Find an access between two of another task; `strict`: with no lock let go between them."""
    patterns = _UNSERIALIZABLE if strict else _STALE
    for last in range(len(events) - 1, -1, -1):
        first = _previous_of_task(events, last, through=() if strict else _LOCKING)
        if first is None:
            continue
        for middle in _by_others(events, first, last):
            shape = "".join(_letter(events[step]) for step in (first, middle, last))
            if shape in patterns:
                return Crossing((first, middle, last))
    return None


def _previous_of_task(
    events: Sequence[Event], last: int, *, through: tuple[str, ...]
) -> int | None:
    """Return the same task's access to the same target before; None if it synchronised since."""
    now = events[last]
    if now.kind not in ACCESSES:
        return None
    for index in range(last - 1, -1, -1):
        event = events[index]
        if event.task != now.task:
            continue
        if event.kind in ACCESSES:
            if event.target == now.target:
                return index
        elif not _is_await(event) and (event.kind not in through or not _is_lock(event)):
            return None
    return None


def _by_others(events: Sequence[Event], first: int, last: int) -> Iterator[int]:
    """Yield the accesses of others to the same target between two events, the last one first."""
    now = events[last]
    for index in range(last - 1, first, -1):
        event = events[index]
        if event.kind in ACCESSES and event.target == now.target and event.task != now.task:
            yield index


def _unordered(events: Sequence[Event]) -> Crossing | None:
    """Find two accesses, one a write, between which the later task synchronised with nobody."""
    for last in range(len(events) - 1, -1, -1):
        now = events[last]
        if now.kind not in ACCESSES:
            continue
        for index in range(last - 1, -1, -1):
            event = events[index]
            if event.task == now.task:
                if event.kind not in ACCESSES:
                    break
            elif event.kind in ACCESSES and event.target == now.target and "w" in _pair(event, now):
                return Crossing((index, last))
    return None


def _pair(one: Event, two: Event) -> str:
    return _letter(one) + _letter(two)


def _letter(event: Event) -> str:
    return "r" if event.kind == "read" else "w"  # foreign code may write what it is passed


def _is_await(event: Event) -> bool:
    """Say whether a coroutine goes on after an await: that orders nothing by itself."""
    return event.kind == "begin" and event.carrier is not None


def _is_lock(event: Event) -> bool:
    return "Lock" in event.target

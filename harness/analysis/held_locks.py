"""Which locks each task holds, kept up from one event to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.analysis.happens_before import LOCKS

if TYPE_CHECKING:
    from harness.engine.place import Site
    from harness.engine.recorder import Event


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that a task holds.

    Attributes:
        lock: The number of the object.
        name: The lock in words: "Lock#2".
        site: Where it was taken.
    """

    lock: int
    name: str
    site: Site

    def text(self) -> str:
        """Return the lock and the line where it was taken."""
        return f"{self.name}, taken at {self.site.text()}"


class Attempts:
    """Tells which events are the success of an attempt that would not have waited."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: dict[int, int] = {}  # by task: what it tried to take just before

    def succeeds(self, event: Event) -> bool:
        """Say whether an event is the success of its task's attempt just before; feed it all."""
        tried = self._last.get(event.task, 0)
        self._last[event.task] = event.obj if event.kind == "try" else 0
        return bool(tried) and tried == event.obj


class HeldLocks:
    """The locks that are held now; feed it every event in order.

    An `RLock` that is taken again makes no event, so each lock is held once.

    Attributes:
        handed_over: The locks that somebody gave back who had not taken them: they are signals.
    """

    __slots__ = ("_held", "_holders", "handed_over")

    def __init__(self) -> None:
        self._held: dict[int, list[Held]] = {}
        self._holders: dict[int, int] = {}  # by lock
        self.handed_over: set[int] = set()

    def see(self, event: Event) -> None:
        """Note what an event takes or gives back."""
        if event.role not in LOCKS:
            return
        if event.kind in ("acquire", "goes on after"):
            taken = Held(event.obj, event.target, event.site)
            self._held.setdefault(event.task, []).append(taken)
            self._holders[event.obj] = event.task
        elif event.kind == "release":
            self._give_back(event)

    def of(self, task: int) -> tuple[Held, ...]:
        """Return what a task holds, in the order in which it took them."""
        return tuple(self._held.get(task, ()))

    def holder(self, lock: int) -> int | None:
        """Return the task that holds a lock; None if nobody does."""
        return self._holders.get(lock)

    def _give_back(self, event: Event) -> None:
        holder = self._holders.pop(event.obj, None)
        if holder is None:
            return  # a lock that was taken before the execution began
        if holder != event.task:
            self.handed_over.add(event.obj)
        held = self._held[holder]
        held[:] = [one for one in held if one.lock != event.obj]

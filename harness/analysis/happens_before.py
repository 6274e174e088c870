"""What happened before what, in one recorded execution: vector clocks.

A task's clock says of every task how much of it is known to have happened. It grows where tasks
meet: a release and the next acquire of the same lock, a notification and the waiter that goes on,
`set` and the `wait` that finds it, a put and a get, start and begin, end and join. A wait that gave
up at its deadline met nobody. `queue.Queue`, `Barrier`, executors and the like are the standard
library's own code over locks and conditions, so their edges come by themselves.

Source: Lamport, CACM 1978; Mattern, 1989. The epoch, one number of one task, that stands for a
whole clock where only one is asked for: Flanagan and Freund, FastTrack, PLDI 2009, section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from harness.engine.effect import Effect

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.engine.recorder import Event

# Clocks are those of threads: the coroutines of an event loop are ordered, one runs at a time.
Clock = dict[int, int]  # by thread: how much of it is known; one that is missing counts as 0
Epoch = tuple[int, int]  # a thread, and where it was

LOCKS: Final = ("Lock", "RLock")
# What gives to whoever comes later, and what takes from whoever was there before, by role.
GIVES: Final = {
    "Lock": ("release",),
    "RLock": ("release",),
    "Condition": ("notify", "notify_all"),
    "Event": ("set", "clear"),
    "Semaphore": ("release",),
    "BoundedSemaphore": ("release",),
    "SimpleQueue": ("put",),
}
TAKES: Final = {
    "Lock": ("acquire", "goes on after"),
    "RLock": ("acquire", "goes on after"),
    "Condition": ("resume", "goes on after"),
    "Event": ("wait", "is_set", "goes on after"),
    "Semaphore": ("acquire", "goes on after"),
    "BoundedSemaphore": ("acquire", "goes on after"),
    "SimpleQueue": ("get", "qsize", "goes on after"),
}
_JOINS: Final = ("join", "goes on after")


class HappensBefore:
    """The clocks of one execution; feed it every event in order.

    Args:
        counts: Says whether an event of a lock is an order; None: every one is.
    """

    __slots__ = ("_clocks", "_counts", "_ended", "_given", "_givers", "_tasks")

    def __init__(self, counts: Callable[[Event], bool] | None = None) -> None:
        self._counts = counts
        self._clocks: dict[int, Clock] = {}
        self._given: dict[int, Clock] = {}  # by object: what it hands on
        self._givers: dict[int, Epoch] = {}  # by lock: who released it last
        self._ended: set[int] = set()
        self._tasks: dict[int, int] = {}  # which task an object of role Task is

    def see(self, event: Event) -> None:
        """Let clocks grow by what an event tells; call it before its access is judged."""
        role, kind = event.role, event.kind
        if role == "Task":
            self._see_task(event)
        elif kind in TAKES.get(role, ()):
            self._take(event)
        elif kind in GIVES.get(role, ()):
            self._give(event)
        elif kind == "select":
            self._take_everything(event.thread)
        elif kind == "enumerate":
            for task in self._ended:
                _join(self.clock(event.thread), self.clock(task))
        elif event.effect is Effect.ATOMIC:  # each operation of a deque is one step
            self._take(event)
            self._give(event)

    def clock(self, task: int) -> Clock:
        """Return a task's clock, which goes on growing."""
        known = self._clocks.get(task)
        if known is None:
            known = self._clocks[task] = {task: 1}
        return known

    def epoch(self, task: int) -> Epoch:
        """Return where a task is."""
        return task, self.clock(task)[task]

    def knows(self, task: int, epoch: Epoch) -> bool:
        """Say whether what happened at an epoch happened before what `task` does now."""
        return self.clock(task).get(epoch[0], 0) >= epoch[1]

    def _see_task(self, event: Event) -> None:
        mine = self.clock(event.thread)
        if event.kind == "start":
            self._give(event)
        elif event.kind == "begin" and (event.carrier is not None or event.obj in self._tasks):
            self._take_everything(event.thread)
        elif event.kind == "begin":
            self._tasks[event.obj] = event.thread
            _join(mine, self._given.get(event.obj, {}))
        elif event.kind == "end":
            if event.carrier is None:
                self._ended.add(event.thread)
        else:
            other = self._tasks.get(event.obj)
            if other is None:
                return
            # Who was joined has ended, perhaps by an exception that its excepthook took.
            if event.kind in _JOINS or (event.kind == "is_alive" and other in self._ended):
                _join(mine, self.clock(other))

    def _take(self, event: Event) -> None:
        if self._counts is not None and event.role in LOCKS and not self._counts(event):
            return
        given = self._given.get(event.obj)
        if given is None:
            return
        giver = self._givers.get(event.obj)
        # A lock hands on one task's clock: whoever knows that moment knows all of it.
        if giver is None or not self.knows(event.thread, giver):
            _join(self.clock(event.thread), given)

    def _give(self, event: Event) -> None:
        if self._counts is not None and event.role in LOCKS and not self._counts(event):
            return
        mine = self.clock(event.thread)
        if event.role in LOCKS:
            self._given[event.obj] = dict(mine)  # it took what was there when it took the lock
            self._givers[event.obj] = (event.thread, mine[event.thread])
        else:
            _join(self._given.setdefault(event.obj, {}), mine)
        mine[event.thread] += 1

    def _take_everything(self, task: int) -> None:
        """Order a step after all that was done.

        Who sent to a socket is not recorded, and neither is who made a callback of an event loop
        ready; without an edge there would be false alarms.
        """
        mine = self.clock(task)
        for other in list(self._clocks.values()):
            if other is not mine:
                _join(mine, other)


def _join(mine: Clock, other: Clock) -> None:
    for task, time in other.items():
        if mine.get(task, 0) < time:
            mine[task] = time

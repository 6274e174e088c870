"""The points of the path that `dpor` is on, and who sleeps there.

A task sleeps at a point from which its next operation was run already, until an operation comes
that depends on it: whatever would begin with the sleeper's has been seen.

Source: Godefroid, "Partial-order methods for the verification of concurrent systems", 1996,
chapter 5 (sleep sets).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from harness.analysis.dependence import collide
from harness.strategies.wakeup_tree import Branch, Name, NamedTouch, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.analysis.dependence import Touch
    from harness.engine.task import Task
    from harness.strategies.dpor_trace import Signature, Trace


class Sleeper(NamedTuple):
    """What a sleeping task would touch, in the running execution; `vague` has no object here."""

    exact: tuple[Touch, ...]
    vague: tuple[NamedTouch, ...]


class Node:
    """A point of the current path, before one event."""

    __slots__ = ("asking", "asleep", "current", "done", "hurried", "more", "spent", "waiting")

    def __init__(self) -> None:
        self.current: Branch | None = None  # being run
        self.waiting: list[Branch] = []  # to be run after it
        self.asleep: dict[int, Sleeper] = {}  # who was run from here, or from before
        self.more: dict[int, tuple[NamedTouch, ...]] = {}  # what they touch beside what is pending
        self.done: Signature | None = None  # what the event was: each execution repeats it
        self.asking = -1  # who could go on here
        self.hurried: tuple[int, ...] = ()  # whose timeout would fire while somebody could run
        self.spent = 0  # preemptions before this point

    def cost(self, pid: int) -> int:
        """Return how many preemptions it takes to go on with a task: 0 or 1."""
        return int((self.asking >= 0 and pid != self.asking) or pid in self.hurried)


def hand_on_sleep(before: Node, node: Node, trace: Trace, *, clock: bool) -> None:
    """Let those sleep on whom the last event, between two nodes, does not concern."""
    touches, pid = trace.touches[-1], trace.pids[-1]
    for sleeper, would in before.asleep.items():
        if sleeper == pid or collide(touches, would.exact, clock=clock):
            continue
        if would.vague and may_clash(trace, touches, would.vague):
            continue
        node.asleep[sleeper] = would
        if sleeper in before.more:
            node.more[sleeper] = before.more[sleeper]


def may_clash(trace: Trace, touches: tuple[Touch, ...], vague: tuple[NamedTouch, ...]) -> bool:
    """Say whether touches may be of objects that have no name in this execution."""
    for thing, _, how in touches:
        if isinstance(thing, int) and thing >= 0:
            for name, _, how_2 in vague:
                if (how or how_2) and trace.kinds[thing] is name.kind:
                    return True
    return False


def look_at_sleepers(node: Node, trace: Trace, tasks: Mapping[int, Task]) -> None:
    """Note what those who sleep at a node would touch: the objects are new ones."""
    for pid in node.asleep:
        exact = trace.touched_by(tasks[pid].pending)
        vague: list[NamedTouch] = []
        for touch in node.more.get(pid, ()):
            name = touch[0]
            if isinstance(name, Name) and name.pid >= 0:
                vague.append(touch)
            elif isinstance(name, Name):
                exact = (*exact, (trace.touches[name.event][name.place][0], *touch[1:]))
            else:
                exact = (*exact, touch)
        node.asleep[pid] = Sleeper(exact, tuple(vague))


def put_to_sleep(node: Node, trace: Trace, index: int) -> None:
    """Let the task sleep whose event, the one after `node`, has been run with all that follows."""
    pid = trace.pids[index]
    beside: list[NamedTouch] = []
    for place, (thing, key, how) in enumerate(trace.touches[index]):
        if place < trace.heads[index]:
            continue  # of the operation that is pending: the next execution shows it
        if not isinstance(thing, int) or thing < 0:
            beside.append((thing, key, how))
            continue
        first = trace.first_touch[thing]
        kind = trace.kinds[thing]
        if first < index:
            name = Name(-1, first, place_of(trace.touches[first], thing), kind)
        else:
            name = Name(pid, trace.ordinals[index], place, kind)
        beside.append((name, key, how))
    node.more[pid] = tuple(beside)
    node.asleep[pid] = Sleeper((), ())
